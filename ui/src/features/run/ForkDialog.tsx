/** Asks before a new run is started from a moment of this one, and says what it will do. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call, messageOf } from '@/api';
import type { Event } from '@/generated/Event';
import { timeOfDay } from '@/shared/format';
import { navigate } from '@/shared/router';
import { complain, Confirm, Prose, toast } from '@/shared/ui';
import { forkText } from './retry';
import { useRun } from './store';

export function ForkDialog({ event, onClose }: { event: Event; onClose: () => void }) {
  const run = useRun((state) => state.run);
  const [busy, setBusy] = useState(false);
  const plan = useQuery({
    queryKey: ['fork', run.id, event.seq],
    queryFn: () => call('fork_run', { run: run.id, at: event.seq, plan: true }),
    gcTime: 0,
    retry: false,
  });
  const confirm = () => {
    if (!plan.data) return;
    setBusy(true);
    call('fork_run', { run: run.id, at: event.seq }).then(
      ({ run: forked }) => {
        onClose();
        if (!forked) return;
        toast(`Started ${forked.workflow} #${forked.number} from here.`);
        navigate({ view: 'run', id: forked.id });
      },
      (error: unknown) => {
        complain(error);
        setBusy(false);
      },
    );
  };
  return (
    <Confirm title={`Fork ${run.workflow} #${run.number} from here?`} action="Start the fork" disabled={!plan.data} busy={busy} onConfirm={confirm} onClose={onClose}>
      <p>A new run takes over everything up to event <span className="num mono">{event.seq}</span>, <span className="mono">{event.kind}{event.step && ` ${event.step}`}</span> at {timeOfDay(event.at)}, and goes on from there. This run stays as it is.</p>
      <p className="t2" style={{ marginTop: 10, minHeight: 32 }} role="status" data-testid="fork-plan">
        {plan.data ? forkText(plan.data.plan) : plan.isError ? <Prose text={messageOf(plan.error)} /> : 'Looking at what it would do…'}
      </p>
    </Confirm>
  );
}
