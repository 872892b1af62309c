/**
 * A run is the fold of its events; this is that fold, as the engine does it. Pure: no clock, no requests.
 * An event that the run already shows changes nothing, so a stream may be read again from any point.
 */
import type { Attempt } from '@/generated/Attempt';
import type { CachedFrom } from '@/generated/CachedFrom';
import type { Event } from '@/generated/Event';
import type { Run } from '@/generated/Run';
import type { RunError } from '@/generated/RunError';
import type { RunStep } from '@/generated/RunStep';
import type { StepStatus } from '@/generated/StepStatus';
import type { Usage } from '@/generated/Usage';
import { designPath, isInside, isTop, parentPath } from './paths';

const ended = new Set<StepStatus>(['succeeded', 'failed', 'skipped', 'cancelled', 'compensating', 'compensated']);
export const hasEnded = (status: StepStatus): boolean => ended.has(status);

export function fold(run: Run, event: Event): Run {
  if (event.run !== run.id || event.seq <= run.seq) return run;
  const next: Run = { ...run, seq: event.seq };
  if (event.step === null) return { ...next, ...runAfter(run, event) };
  const at = run.steps.findIndex((step) => step.path === event.step);
  const before = run.steps[at] ?? freshStep(run, event.step);
  const after = stepAfter(before, event);
  next.steps = at >= 0 ? run.steps.with(at, after) : run.steps.toSpliced(placeFor(run, event.step), 0, after);
  // A container that starts anew, or is taken back, loses what an earlier attempt had made.
  const anew = (event.kind === 'step_reset' || event.kind === 'attempt_started') && event.data['resume'] !== true;
  if (anew) next.steps = next.steps.filter((step) => !isInside(step.path, after.path));
  const change = isTop(after.path) ? Number(hasEnded(after.status)) - Number(hasEnded(before.status)) : 0;
  if (change) next.progress = { ...run.progress, done: run.progress.done + change };
  return next;
}

export function foldAll(run: Run, events: Event[]): Run {
  const next = events.reduce(fold, run);
  return next === run ? run : { ...next, status: statusOf(next) };
}

/** A run waits when nothing in it works, and something waits for a time, an event or a person. */
function statusOf({ status, steps }: Run): Run['status'] {
  if (status !== 'running' && status !== 'waiting') return status;
  const containers = new Set(steps.flatMap((step) => parentPath(step.path) ?? []));
  const works = steps.some((step) => (step.status === 'running' || step.status === 'queued') && !containers.has(step.path));
  return !works && steps.some((step) => waiting.has(step.status)) ? 'waiting' : 'running';
}
const waiting = new Set<StepStatus>(['waiting', 'needs_approval', 'needs_attention', 'retrying']);

/** An instance that the run did not have: a step of a group, an element, a pass. It is like its siblings. */
function freshStep(run: Run, path: string): RunStep {
  const like = run.steps.find((step) => designPath(step.path) === designPath(path));
  const id = designPath(path);
  return {
    path, id: like?.id ?? id.slice(id.lastIndexOf('.') + 1), title: like?.title ?? null, action: like?.action ?? '', status: 'pending', port: null, attempts: [],
    started_at: null, ended_at: null, duration_ms: null, input: null, output: null, error: null,
  };
}

/** Behind the container and all that is in it. */
function placeFor(run: Run, path: string): number {
  const parent = parentPath(path);
  const last = parent === null ? -1 : run.steps.findLastIndex((step) => step.path === parent || isInside(step.path, parent));
  return last < 0 ? run.steps.length : last + 1;
}

function runAfter(run: Run, event: Event): Partial<Run> {
  const { at, data } = event;
  const end = { ended_at: at, duration_ms: run.started_at ? Date.parse(at) - Date.parse(run.started_at) : null };
  switch (event.kind) {
    case 'run_started': return { status: 'running', started_at: at };
    case 'run_cancel_requested': return { status: 'cancelling' };
    case 'run_paused': return { status: 'paused' };
    case 'run_resumed': return { status: 'running' };
    case 'run_compensating': return { status: 'compensating' };
    case 'run_compensated': return { status: 'compensated', error: (data['error'] as RunError | null | undefined) ?? null, ...end };
    case 'run_taken_up': return { status: run.status === 'paused' ? 'paused' : 'running', started_at: run.started_at ?? at, ended_at: null, duration_ms: null, error: null, outputs: null };
    case 'run_succeeded': return { status: 'succeeded', outputs: valueOf(data['outputs']) as Run['outputs'], ...end };
    case 'run_failed': return { status: 'failed', error: data['error'] as RunError, ...end };
    case 'run_cancelled': return { status: 'cancelled', ...end };
    default: return {};
  }
}

function stepAfter(step: RunStep, event: Event): RunStep {
  const { at, data } = event;
  switch (event.kind) {
    case 'step_queued': return without(step, 'due_at', { status: 'queued' });
    case 'step_waiting': {
      const waits = (data['waits'] as WaitingFor[] | undefined) ?? [];
      const due = waits.flatMap((wait) => wait.due_at_ms ?? []);
      return without(step, 'due_at', { status: 'waiting', started_at: step.started_at ?? at, ...(due.length ? { due_at: new Date(Math.min(...due)).toISOString() } : {}) });
    }
    case 'step_approval_requested':
      return without(step, 'due_at', { status: 'needs_approval', started_at: step.started_at ?? at, ...(typeof data['due_at'] === 'string' ? { due_at: data['due_at'] } : {}) });
    case 'step_needs_attention': return without(step, 'due_at', { status: 'needs_attention', error: data['error'] as RunError });
    case 'compensation_started':
      return { ...step, status: 'compensating', compensation: { status: 'running', attempts: (step.compensation?.attempts ?? 0) + 1, error: step.compensation?.error ?? null } };
    case 'compensation_succeeded': return { ...step, status: 'compensated', compensation: { attempts: 1, error: null, ...step.compensation, status: 'succeeded' } };
    case 'compensation_failed': {
      const again = typeof data['due_at'] === 'string';
      return { ...step, status: again ? 'compensating' : 'succeeded', compensation: { attempts: step.compensation?.attempts ?? 1, status: again ? 'retrying' : 'failed', error: data['error'] as RunError } };
    }
    case 'attempt_started':
      return without(step, 'due_at', {
        status: 'running',
        started_at: step.started_at ?? at,
        input: valueOf(data['input']),
        error: null,
        attempts: [...step.attempts, { number: event.attempt ?? step.attempts.length + 1, status: 'running', started_at: at, ended_at: null, error: null, usage: null }],
      });
    case 'attempt_succeeded': return attemptAfter(step, event, { status: 'succeeded' });
    case 'attempt_failed': return attemptAfter(step, event, { status: 'failed', error: data['error'] as RunError });
    case 'attempt_cancelled': return attemptAfter(step, event, { status: 'cancelled' });
    case 'attempt_lost': return { ...attemptAfter(step, event, { status: 'lost' }), status: 'queued' };
    case 'step_retrying': return { ...step, status: 'retrying', due_at: data['due_at'] as string };
    case 'step_succeeded': return endOf(step, at, { status: 'succeeded', error: null, port: data['port'] as string, output: valueOf(data['output']), cached: data['cached'] as CachedFrom | undefined });
    case 'step_failed': return endOf(step, at, { status: 'failed', port: 'failed', error: data['error'] as RunError });
    case 'step_skipped': return endOf(step, at, { status: 'skipped', port: null, reason: data['reason'] as string | undefined });
    case 'step_cancelled': return endOf(step, at, { status: 'cancelled', reason: (data['reason'] as string | null) ?? undefined });
    case 'step_reset': {
      const { due_at: _due, reason: _reason, compensation: _undone, cached: _cached, ...rest } = step;
      return { ...rest, status: 'pending', port: null, output: null, error: null, ended_at: null, duration_ms: null, started_at: null };
    }
    default: return step;
  }
}

/** One thing that a step waits for. */
export interface WaitingFor {
  branch?: string;
  event?: string;
  due_at_ms?: number;
}

/** Events write a value that looks like a reference as `{"$value": null, "plain": …}`. */
function valueOf(value: unknown): unknown {
  if (value && typeof value === 'object' && '$value' in value && value.$value === null && 'plain' in value) return value.plain;
  return value ?? null;
}

function attemptAfter(step: RunStep, event: Event, change: Partial<Attempt>): RunStep {
  const usage = (event.data['usage'] as Usage | null | undefined) ?? null;
  return {
    ...step,
    attempts: step.attempts.map((attempt) => (attempt.number === event.attempt ? { ...attempt, ended_at: event.at, usage, ...change } : attempt)),
  };
}

function endOf(step: RunStep, at: string, change: Partial<RunStep>): RunStep {
  const started = step.started_at ?? at;
  return without(step, 'due_at', { started_at: started, ended_at: at, duration_ms: Date.parse(at) - Date.parse(started), ...change });
}

function without(step: RunStep, key: 'due_at', change: Partial<RunStep>): RunStep {
  const { [key]: _gone, ...rest } = step;
  return { ...rest, ...change };
}
