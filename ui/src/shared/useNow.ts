/** The clock of the interface: one timer for all that tick, none when nothing does. */
import { useSyncExternalStore } from 'react';

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  now = Date.now();
  timer ??= setInterval(() => {
    if (document.hidden) return;
    now = Date.now();
    for (const each of listeners) each();
  }, 250);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer) {
      clearInterval(timer);
      timer = null;
    }
  };
}
const never = () => () => undefined;

/** The time in milliseconds, ticking while `active`. */
export function useNow(active: boolean): number {
  const ticking = useSyncExternalStore(active ? subscribe : never, () => now);
  return active ? ticking : now;
}
