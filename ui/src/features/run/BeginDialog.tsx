/** Asks before a new run is started with the past of this one, and says what it will do. */
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { messageOf } from '@/api';
import type { Retried } from '@/generated/Retried';
import { navigate } from '@/shared/router';
import { complain, Confirm, Prose, toast } from '@/shared/ui';
import { forkText } from './retry';

interface BeginDialogProps {
  title: string;
  action: string;
  /** What the new run begins with; told apart from other beginnings by this. */
  from: readonly (string | number)[];
  /** Says what the new run would do, or starts it. */
  ask: (plan: boolean) => Promise<Retried>;
  onClose: () => void;
  children: ReactNode;
}

export function BeginDialog({ title, action, from, ask, onClose, children }: BeginDialogProps) {
  const [busy, setBusy] = useState(false);
  const plan = useQuery({ queryKey: ['begin', ...from], queryFn: () => ask(true), gcTime: 0, retry: false });
  const confirm = () => {
    if (!plan.data) return;
    setBusy(true);
    ask(false).then(
      ({ run }) => {
        onClose();
        if (!run) return;
        toast(`Started ${run.workflow} #${run.number} from here.`);
        navigate({ view: 'run', id: run.id });
      },
      (error: unknown) => {
        complain(error);
        setBusy(false);
      },
    );
  };
  return (
    <Confirm title={title} action={action} disabled={!plan.data} busy={busy} onConfirm={confirm} onClose={onClose}>
      {children}
      <p className="t2" style={{ marginTop: 10, minHeight: 32 }} role="status" data-testid="begin-plan">
        {plan.data ? forkText(plan.data.plan) : plan.isError ? <Prose text={messageOf(plan.error)} /> : 'Looking at what it would do…'}
      </p>
    </Confirm>
  );
}
