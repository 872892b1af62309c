/** Fields that have no form of their own: which they are, and how they are written. Pure. */
import type { StepNode } from '@/generated/StepNode';

/** What the forms show, and the steps of a group, which stand on the canvas. */
const formed = new Set(['id', 'title', 'description', 'needs', 'join', 'when', 'retry', 'timeout', 'on_restart', 'steps']);
const formedOf: Record<string, string[]> = { run: ['run', 'shell', 'env', 'workdir', 'stdin', 'output'], set: ['set'], choose: ['choose'] };

export function withoutForm({ action, fields }: Pick<StepNode, 'action' | 'fields'>): string[] {
  const own = formedOf[action] ?? [];
  return Object.keys(fields).filter((name) => !formed.has(name) && !own.includes(name));
}

/** Text as it is, unless it would be read as something else; everything else as JSON. */
export function showField(value: unknown): string {
  if (typeof value === 'string') return readField(value) === value ? value : JSON.stringify(value);
  const short = JSON.stringify(value) ?? '';
  return short.length <= 40 ? short : JSON.stringify(value, null, 2);
}

/** Null removes the field. */
export function readField(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
