/**
 * A run is the fold of its events; this is that fold, as the engine does it. Pure: no clock, no requests.
 * An event that the run already shows changes nothing, so a stream may be read again from any point.
 */
import type { Attempt } from '@/generated/Attempt';
import type { Event } from '@/generated/Event';
import type { Run } from '@/generated/Run';
import type { RunError } from '@/generated/RunError';
import type { RunStep } from '@/generated/RunStep';
import type { StepStatus } from '@/generated/StepStatus';
import type { Usage } from '@/generated/Usage';

const ended = new Set<StepStatus>(['succeeded', 'failed', 'skipped', 'cancelled']);
export const hasEnded = (status: StepStatus): boolean => ended.has(status);

export function fold(run: Run, event: Event): Run {
  if (event.run !== run.id || event.seq <= run.seq) return run;
  const next: Run = { ...run, seq: event.seq };
  if (event.step === null) return { ...next, ...runAfter(run, event) };
  const at = run.steps.findIndex((step) => step.path === event.step);
  const before = run.steps[at];
  if (!before) return next;
  const after = stepAfter(before, event);
  next.steps = run.steps.with(at, after);
  const change = Number(hasEnded(after.status)) - Number(hasEnded(before.status));
  if (change) next.progress = { ...run.progress, done: run.progress.done + change };
  return next;
}

export function foldAll(run: Run, events: Event[]): Run {
  return events.reduce(fold, run);
}

function runAfter(run: Run, event: Event): Partial<Run> {
  const { at, data } = event;
  const end = { ended_at: at, duration_ms: run.started_at ? Date.parse(at) - Date.parse(run.started_at) : null };
  switch (event.kind) {
    case 'run_started': return { status: 'running', started_at: at };
    case 'run_cancel_requested': return { status: 'cancelling' };
    case 'run_taken_up': return { status: 'running', started_at: run.started_at ?? at, ended_at: null, duration_ms: null, error: null, outputs: null };
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
    case 'attempt_started':
      return without(step, 'due_at', {
        status: 'running',
        started_at: step.started_at ?? at,
        input: valueOf(data['input']),
        attempts: [...step.attempts, { number: event.attempt ?? step.attempts.length + 1, status: 'running', started_at: at, ended_at: null, error: null, usage: null }],
      });
    case 'attempt_succeeded': return attemptAfter(step, event, { status: 'succeeded' });
    case 'attempt_failed': return attemptAfter(step, event, { status: 'failed', error: data['error'] as RunError });
    case 'attempt_cancelled': return attemptAfter(step, event, { status: 'cancelled' });
    case 'attempt_lost': return { ...attemptAfter(step, event, { status: 'lost' }), status: 'queued' };
    case 'step_retrying': return { ...step, status: 'retrying', due_at: data['due_at'] as string };
    case 'step_succeeded': return endOf(step, at, { status: 'succeeded', port: data['port'] as string, output: valueOf(data['output']) });
    case 'step_failed': return endOf(step, at, { status: 'failed', port: 'failed', error: data['error'] as RunError });
    case 'step_skipped': return endOf(step, at, { status: 'skipped', reason: data['reason'] as string | undefined });
    case 'step_cancelled': return endOf(step, at, { status: 'cancelled', reason: (data['reason'] as string | null) ?? undefined });
    case 'step_reset': {
      const { due_at: _due, reason: _reason, ...rest } = step;
      return { ...rest, status: 'pending', port: null, output: null, error: null, ended_at: null, duration_ms: null, started_at: null };
    }
    default: return step;
  }
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
