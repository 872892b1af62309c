/** How far a run is, in words. Pure. */
import type { Run } from '@/generated/Run';
import type { StepStatus } from '@/generated/StepStatus';
import { count } from '@/shared/format';
import { isTop } from './paths';

/** `3 of 7 steps done` while it goes on and when it succeeded; otherwise what became of them: `2 done, 1 failed, 4 skipped`. */
export function progressText(run: Pick<Run, 'status' | 'progress' | 'steps'>): string {
  const { done, known } = run.progress;
  if (run.status !== 'failed' && run.status !== 'cancelled' && run.status !== 'compensated') return `${done} of ${count(known, 'step')} done`;
  const top = run.steps.filter((step) => isTop(step.path));
  const of = (...statuses: StepStatus[]) => top.filter((step) => statuses.includes(step.status)).length;
  const parts: [number, string][] = [
    [of('succeeded'), 'done'], [of('compensated'), 'undone'], [of('failed'), 'failed'], [of('skipped'), 'skipped'], [of('cancelled'), 'cancelled'],
    [top.length - of('succeeded', 'compensated', 'failed', 'skipped', 'cancelled'), 'left'],
  ];
  return parts.filter(([n]) => n > 0).map(([n, name]) => `${n} ${name}`).join(', ') || `0 of ${count(known, 'step')} done`;
}
