/** The way on from a failure, and what it will do before it does it. */
import { useQuery } from '@tanstack/react-query';
import { PencilLine, RotateCw, ShieldCheck, Wrench } from 'lucide-react';
import { useState } from 'react';
import { call, messageOf } from '@/api';
import type { RunStep } from '@/generated/RunStep';
import { navigate } from '@/shared/router';
import { Button, Prose, Tip } from '@/shared/ui';
import { planText, retry } from './retry';
import { patch, useRun } from './store';

export function RetryActions({ step }: { step: RunStep }) {
  const id = useRun((state) => state.run.id);
  const path = useRun((state) => state.run.path);
  const progress = useRun((state) => `${state.run.status} ${state.run.progress.done}`);
  const [busy, setBusy] = useState(false);
  const plan = useQuery({
    queryKey: ['plan', id, step.path, step.attempts.length, progress],
    queryFn: () => call('retry_run', { run: id, step: step.path, plan: true }),
    gcTime: 0,
    retry: false,
  });
  const refused = plan.isError;
  const go = () => {
    setBusy(true);
    void retry(step.path).finally(() => setBusy(false));
  };
  return (
    <>
      <div className="acts">
        <Button look="primary" className="full" icon={<RotateCw size={14} />} busy={busy} disabled={refused} onClick={go} aria-keyshortcuts="R" data-testid="retry-step">Retry step</Button>
        <Tip text="Change what goes into the step for this retry" keys="Shift R">
          <Button icon={<PencilLine size={13} />} disabled={refused || step.input === null} onClick={() => patch({ asking: 'edit-input' })}>Edit input &amp; retry</Button>
        </Tip>
        <Button icon={<Wrench size={13} />} onClick={() => navigate({ view: 'design', path })}>Open workflow</Button>
      </div>
      <p className="row xs t2 g3" style={{ marginTop: 10, lineHeight: '16px', alignItems: 'flex-start', minHeight: 32 }} role="status" data-testid="retry-plan">
        <ShieldCheck size={13} className="t3" style={{ marginTop: 1 }} aria-hidden />
        <span>{plan.data ? planText(plan.data.plan) : refused ? <Prose text={messageOf(plan.error)} /> : 'Looking at what a retry keeps…'}</span>
      </p>
    </>
  );
}
