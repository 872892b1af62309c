/** Taking a run up again, and what can be done to it now. */
import { call } from '@/api';
import type { RetryPlan } from '@/generated/RetryPlan';
import type { Run } from '@/generated/Run';
import { count } from '@/shared/format';
import { complain, toast } from '@/shared/ui';
import type { RunStep } from '@/generated/RunStep';
import { isPart } from './paths';
import { now, replaceRun } from './store';

export function canRetry(run: Run): boolean {
  return run.status === 'failed' || run.status === 'cancelled' || (run.status === 'running' || run.status === 'waiting') && run.steps.some((step) => step.status === 'failed' || step.status === 'needs_attention');
}

/** Whether the run can go on with another definition of its workflow. */
export const canAmend = ({ status }: Run): boolean => ['failed', 'cancelled', 'compensated', 'running', 'waiting', 'paused'].includes(status);

export const canPause = (run: Run): boolean => run.status === 'running' || run.status === 'waiting';

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

/** Does something to the open run, and shows the run as it is after it. Resolves to whether it worked; a refusal is shown. */
export async function act(what: Promise<Run>, done: string): Promise<boolean> {
  try {
    const after = await what;
    if (now().run?.id === after.id) replaceRun(after);
    toast(done);
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** Does a step and all that follows again. */
export async function rerun(from: string): Promise<boolean> {
  try {
    const { plan, run: after } = await call('rerun_run', { run: now().run.id, from, plan: false });
    if (after && now().run?.id === after.id) replaceRun(after);
    toast(`Running again: ${count(plan.runs.length, 'step')} to run, ${plan.reused.length} kept.`, 'retrying');
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** Whether a person may say what becomes of a step. */
export function canJudge(run: Run, step: RunStep): boolean {
  return step.status === 'needs_attention' || step.status === 'failed' || (step.status === 'cancelled' && run.ended_at !== null);
}

export const canRerun = (run: Run, step: RunStep): boolean => run.ended_at !== null && step.started_at !== null && !isPart(step.path);

/** What a retry keeps, repeats and runs for the first time, as sentences. */
export function planText(plan: RetryPlan): string {
  const again = plan.runs.filter((step) => plan.repeats.includes(step));
  const first = plan.runs.filter((step) => !plan.repeats.includes(step));
  const kept = plan.reused.length ? `Keeps ${count(plan.reused.length, 'finished step')}.` : 'No finished step to keep.';
  const parts = [again.length ? `Runs ${list(again)} again` : '', first.length ? `${again.length ? 'then' : 'Runs'} ${list(first)}` : ''].filter(Boolean);
  return parts.length ? `${kept} ${parts.join(', ')}.` : kept;
}

/** What a fork keeps, runs, and repeats of what the old run has done, as sentences. */
export function forkText(plan: RetryPlan): string {
  const kept = plan.reused.length ? `Keeps ${count(plan.reused.length, 'finished step')}.` : 'Begins from the start.';
  const runs = plan.runs.length ? `Runs ${list(plan.runs)}.` : '';
  const repeats = plan.repeats.length ? `This run has begun ${list(plan.repeats)} already: the effects happen again.` : '';
  return [kept, runs, repeats].filter(Boolean).join(' ');
}

function list(names: string[]): string {
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}
