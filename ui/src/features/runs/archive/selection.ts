/** Which runs somebody means to remove, as the form has it. Pure. */
import type { RunSelection } from '@/api';
import type { RunStatus } from '@/generated/RunStatus';

export const endings = ['succeeded', 'failed', 'cancelled', 'compensated'] as const satisfies RunStatus[];
export type Ending = (typeof endings)[number];

export const ages = [
  { value: '', label: 'at any time' },
  { value: '1d', label: 'more than a day ago' },
  { value: '7d', label: 'more than 7 days ago' },
  { value: '30d', label: 'more than 30 days ago' },
  { value: '90d', label: 'more than 90 days ago' },
  { value: '365d', label: 'more than a year ago' },
];

export interface Meant {
  endings: Ending[];
  age: string;
  workflow: string;
  /** As it was typed; empty for none. */
  keep: string;
}

export const atFirst: Meant = { endings: ['succeeded', 'cancelled'], age: '30d', workflow: '', keep: '' };

/** Why the form means nothing yet, or null. */
export function problemOf({ endings, keep }: Meant): string | null {
  if (!endings.length) return 'Choose how the runs ended.';
  if (keep.trim() && !/^\d{1,9}$/.test(keep.trim())) return 'How many stay must be a whole number.';
  return null;
}

/** What the engine is asked; null while the form means nothing. */
export function selectionOf(meant: Meant): RunSelection | null {
  if (problemOf(meant)) return null;
  return {
    statuses: endings.filter((each) => meant.endings.includes(each)),
    older_than: meant.age || undefined,
    workflow: meant.workflow || undefined,
    keep: meant.keep.trim() ? Number(meant.keep) : undefined,
  };
}
