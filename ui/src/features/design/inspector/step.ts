/** One step's fields, as the forms read and write them. */
import type { Diagnostic } from '@/generated/Diagnostic';
import type { StepNode } from '@/generated/StepNode';
import { apply, useOpen } from '../store';

export interface StepForm {
  step: StepNode;
  /** Problems of a field, and of what is inside it. */
  problems: (field: string) => Diagnostic[];
  text: (field: string) => string;
  /** Sets a field; null removes it. */
  set: (path: string[], value: unknown) => void;
}

export function useStepForm(step: StepNode): StepForm {
  const diagnostics = useOpen((state) => state.design.diagnostics);
  return {
    step,
    problems: (field) => diagnostics.filter((d) => d.step === step.id && (d.field === field || d.field?.startsWith(`${field}.`))),
    text: (field) => {
      const value = step.fields[field];
      return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
    },
    set: (path, value) => void apply([{ op: 'set_field', id: step.id, path, value }], { tag: `${step.id}.${path.join('.')}` }),
  };
}

export const orNothing = (text: string): string | null => (text.trim() === '' ? null : text);

export function pairsOf(value: unknown): [string, unknown][] {
  return value && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : [];
}
