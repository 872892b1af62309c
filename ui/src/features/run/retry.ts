/** Taking a run up again, and what can be done to it now. */
import { call } from '@/api';
import type { RetryPlan } from '@/generated/RetryPlan';
import type { Run } from '@/generated/Run';
import { count } from '@/shared/format';
import { complain, toast } from '@/shared/ui';
import { now, replaceRun } from './store';

export function canRetry(run: Run): boolean {
  return run.status === 'failed' || run.status === 'cancelled' || run.steps.some((step) => step.status === 'failed') && run.status === 'running';
}

export function canCancel(run: Run): boolean {
  return run.status === 'queued' || run.status === 'running' || run.status === 'waiting' || run.status === 'paused';
}

/** Retries one step, or all that failed. Resolves to whether it was taken up. */
export async function retry(step?: string, set?: unknown): Promise<boolean> {
  const { run } = now();
  try {
    const { plan, run: after } = await call('retry_run', { run: run.id, step, set, plan: false });
    if (after && now().run?.id === after.id) replaceRun(after);
    toast(`Retrying: ${count(plan.runs.length, 'step')} to run, ${plan.reused.length} kept.`, 'retrying');
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** What a retry keeps, repeats and runs for the first time, as sentences. */
export function planText(plan: RetryPlan): string {
  const again = plan.runs.filter((step) => plan.repeats.includes(step));
  const first = plan.runs.filter((step) => !plan.repeats.includes(step));
  const kept = plan.reused.length ? `Keeps the ${count(plan.reused.length, 'finished step')}.` : 'No finished step to keep.';
  const parts = [again.length ? `Runs ${list(again)} again` : '', first.length ? `${again.length ? 'then' : 'Runs'} ${list(first)}` : ''].filter(Boolean);
  return parts.length ? `${kept} ${parts.join(', ')}.` : kept;
}

function list(names: string[]): string {
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}
