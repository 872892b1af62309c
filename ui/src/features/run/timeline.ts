/** The timeline's bars: when a step waited for a slot, ran, and waited for its next attempt. Pure. */
import type { Event } from '@/generated/Event';
import type { RunStep } from '@/generated/RunStep';

export interface Bar {
  kind: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'lost' | 'waiting' | 'decided';
  from: number;
  /** Null while it goes on. */
  to: number | null;
  attempt?: number;
}

/** For each step, when it was queued. */
export function queuedTimes(events: Event[]): Map<string, number[]> {
  const times = new Map<string, number[]>();
  for (const event of events) {
    if (event.kind !== 'step_queued' || !event.step) continue;
    const own = times.get(event.step);
    if (own) own.push(Date.parse(event.at));
    else times.set(event.step, [Date.parse(event.at)]);
  }
  return times;
}

/** The bars of a step, in order. Waits shorter than `smallest` are left out. */
export function barsOf(step: RunStep, queued: number[], smallest = 5): Bar[] {
  const bars: Bar[] = [];
  let before: number | null = null;
  for (const attempt of step.attempts) {
    const from = Date.parse(attempt.started_at);
    const waitedFrom: number | undefined = queued.findLast((time) => time <= from && (before === null || time >= before));
    if (before !== null && isWait(step, attempt.number)) push(bars, { kind: 'waiting', from: before, to: waitedFrom ?? from }, smallest);
    if (waitedFrom !== undefined) push(bars, { kind: 'queued', from: waitedFrom, to: from }, smallest);
    const to = attempt.ended_at ? Date.parse(attempt.ended_at) : null;
    bars.push({ kind: attempt.status, from, to, attempt: attempt.number });
    before = to;
  }
  const last = queued.at(-1);
  if (step.status === 'queued' && last !== undefined) bars.push({ kind: 'queued', from: last, to: null });
  if (step.status === 'retrying' && before !== null) bars.push({ kind: 'waiting', from: before, to: null });
  if (!step.attempts.length && step.status === 'succeeded' && step.ended_at) bars.push({ kind: 'decided', from: Date.parse(step.ended_at), to: Date.parse(step.ended_at) });
  return bars;
}

/** Between attempts of one try the engine waits; between a failure and a person's retry nobody does. */
function isWait(step: RunStep, number: number): boolean {
  const previous = step.attempts.find((attempt) => attempt.number === number - 1);
  const next = step.attempts.find((attempt) => attempt.number === number);
  if (!previous?.ended_at || !next) return false;
  return previous.status !== 'cancelled' && Date.parse(next.started_at) - Date.parse(previous.ended_at) < 3_600_000;
}

function push(bars: Bar[], bar: Bar, smallest: number): void {
  if (bar.to === null || bar.to - bar.from >= smallest) bars.push(bar);
}

const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400].map((s) => s * 1_000);

/** Round moments of an axis, in milliseconds from its start. */
export function ticksOf(length: number, most: number): number[] {
  const step = steps.find((each) => length / each <= most) ?? Math.ceil(length / most / 86_400_000) * 86_400_000;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, n) => n * step);
}

/** `fine` when the ticks are less than a second apart. */
export function tickLabel(ms: number, fine = false): string {
  if (fine) return `${Number((ms / 1_000).toFixed(2))} s`;
  const seconds = Math.round(ms / 1_000);
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
