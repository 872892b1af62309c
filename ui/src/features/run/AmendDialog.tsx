/** Shows what going on with the corrected workflow will do, then does it. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { call, messageOf } from '@/api';
import { count } from '@/shared/format';
import { complain, Confirm, Prose, toast } from '@/shared/ui';
import { planText } from './retry';
import { now, patch, replaceRun, useRun } from './store';

export function AmendDialog() {
  const { id, path } = useRun((state) => state.run);
  const ended = useRun((state) => state.run.ended_at !== null);
  const progress = useRun((state) => `${state.run.status} ${state.run.progress.done}`);
  const close = () => patch({ asking: null });
  const amend = useMutation({
    mutationFn: () => call('amend_run', { run: id, workflow: path }),
    onSuccess: ({ plan: done, run: after }) => {
      if (after && now().run?.id === after.id) replaceRun(after);
      toast(`Going on: ${count(done.runs.length, 'step')} to run, ${done.reused.length} kept.`, 'retrying');
    },
    onError: complain,
    onSettled: close,
  });
  const plan = useQuery({
    queryKey: ['amend-plan', id, path, progress],
    queryFn: () => call('amend_run', { run: id, workflow: path, plan: true }),
    // Once it is done there is nothing left to plan.
    enabled: amend.isIdle,
    gcTime: 0,
    retry: false,
  });
  const repeats = plan.data?.plan.repeats ?? [];
  return (
    <Confirm title="Continue with the corrected workflow?" action="Continue" busy={amend.isPending} disabled={!plan.data} onConfirm={() => amend.mutate()} onClose={close}>
      {plan.isError
        ? <p role="alert"><Prose text={messageOf(plan.error)} /></p>
        : <p role="status" data-testid="amend-plan">{plan.data ? planText(plan.data.plan) : 'Looking at what keeps its result…'}</p>}
      {repeats.length > 0 && <p className="t2 sm" style={{ marginTop: 8 }}>What {repeats.length === 1 ? `${repeats[0]} has` : `${repeats.join(', ')} have`} done outside of this run happens again.</p>}
      {!ended && <p className="t2 sm" style={{ marginTop: 8 }}>Steps under way finish as they were.</p>}
    </Confirm>
  );
}
