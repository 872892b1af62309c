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

/** When a step became ready for a slot, and when it began to wait for its next attempt. */
export interface Waits {
  queued: number[];
  retrying: number[];
}

export function waitsOf(events: Event[]): Map<string, Waits> {
  const waits = new Map<string, Waits>();
  for (const event of events) {
    const kind = event.kind === 'step_queued' ? 'queued' : event.kind === 'step_retrying' ? 'retrying' : null;
    if (!kind || !event.step) continue;
    const own = waits.get(event.step) ?? { queued: [], retrying: [] };
    own[kind].push(Date.parse(event.at));
    waits.set(event.step, own);
  }
  return waits;
}

/** The bars of a step, in order. Waits shorter than `smallest` are left out. */
export function barsOf(step: RunStep, { queued, retrying }: Waits, smallest = 5): Bar[] {
  const bars: Bar[] = [];
  let before: number | null = null;
  for (const attempt of step.attempts) {
    const from = Date.parse(attempt.started_at);
    const since = before ?? -Infinity;
    const ready: number | undefined = queued.findLast((time) => time <= from && time >= since);
    // Between a failure and a person's retry nobody waits: only the engine's own waits are drawn.
    const waiting: number | undefined = retrying.findLast((time) => time <= from && time >= since);
    if (waiting !== undefined) push(bars, { kind: 'waiting', from: waiting, to: ready ?? from }, smallest);
    if (ready !== undefined) push(bars, { kind: 'queued', from: ready, to: from }, smallest);
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
