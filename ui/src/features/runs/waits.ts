/** What a run waits for, in words. */
import type { WaitsFor } from '@/generated/WaitsFor';

export const waitsFor: Record<WaitsFor, string> = {
  person: 'Waits for a person',
  slot: 'Waits for a slot',
  event: 'Waits for an event',
  time: 'Waits for its time',
};
