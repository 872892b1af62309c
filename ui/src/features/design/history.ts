/** Undo and redo over everything a workflow is: its text and its layout. Pure. */
import type { Places } from '@/shared/canvas';

export interface Snapshot {
  text: string;
  layout: Places;
}

export interface History {
  past: Snapshot[];
  future: Snapshot[];
  /** What the last entry was, to join quick successions of the same thing. */
  tag: string | null;
  at: number;
}

export const noHistory: History = { past: [], future: [], tag: null, at: 0 };
const longest = 300;
const togetherMs = 1_000;

/** The history after a change away from `before`. Changes with the same tag in quick succession are one step. */
export function remember(history: History, before: Snapshot, tag: string | null, now: number): History {
  const joins = tag !== null && tag === history.tag && now - history.at < togetherMs && history.past.length > 0;
  return { past: joins ? history.past : [...history.past.slice(1 - longest), before], future: [], tag, at: now };
}

export function stepBack(history: History, now: Snapshot): { history: History; to: Snapshot } | null {
  const to = history.past.at(-1);
  return to ? { to, history: { past: history.past.slice(0, -1), future: [now, ...history.future], tag: null, at: 0 } } : null;
}

export function stepForward(history: History, now: Snapshot): { history: History; to: Snapshot } | null {
  const [to, ...future] = history.future;
  return to ? { to, history: { past: [...history.past, now], future, tag: null, at: 0 } } : null;
}

export function sameLayout(a: Places, b: Places): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key]?.x === b[key]?.x && a[key]?.y === b[key]?.y);
}
