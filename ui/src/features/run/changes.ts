/** What changed in a workflow since a run, in words. */
import type { Comparison } from '@/generated/Comparison';
import type { FieldChange } from '@/generated/FieldChange';
import type { StepMove } from '@/generated/StepMove';
import { count } from '@/shared/format';

export const isSame = (changes: Comparison): boolean => Object.values(changes).every((list: unknown[]) => list.length === 0);

/** `2 steps changed, 1 added`. */
export function changesText({ added, removed, renamed, moved, changed, workflow }: Comparison): string {
  const parts = ([[changed, 'changed'], [added, 'added'], [removed, 'removed'], [renamed, 'renamed'], [moved, 'moved']] as const).filter(([steps]) => steps.length > 0);
  const steps = parts.map(([{ length }, word], index) => (index ? `${length} ${word}` : `${count(length, 'step')} ${word}`));
  return [...steps, ...(workflow.length ? [steps.length ? 'and the workflow itself' : 'the workflow itself'] : [])].join(', ').replace(', and', ' and');
}

export interface ChangeLine {
  sign: '+' | '−' | '~' | '→';
  step: string;
  what: string;
}

/** One line a step, and one for the workflow itself. */
export function changeLines({ added, removed, renamed, moved, changed, workflow }: Comparison): ChangeLine[] {
  const elsewhere = (steps: StepMove[], word: string): ChangeLine[] => steps.map(({ from, to }) => ({ sign: '→', step: to, what: `${word} ${from}` }));
  return [
    ...changed.map(({ to, fields }): ChangeLine => ({ sign: '~', step: to, what: fieldNames(fields) })),
    ...added.map((step): ChangeLine => ({ sign: '+', step, what: 'new' })),
    ...removed.map((step): ChangeLine => ({ sign: '−', step, what: 'gone' })),
    ...elsewhere(renamed, 'was'),
    ...elsewhere(moved.filter((step) => !renamed.some((other) => other.to === step.to)), 'was'),
    ...(workflow.length ? [{ sign: '~', step: 'the workflow itself', what: fieldNames(workflow) } as const] : []),
  ];
}

function fieldNames(fields: FieldChange[]): string {
  const names = fields.map((change) => change.field);
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}
