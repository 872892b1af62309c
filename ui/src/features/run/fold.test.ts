import { describe, expect, it } from 'vitest';
import type { Event } from '@/generated/Event';
import type { Run } from '@/generated/Run';
import type { RunStep } from '@/generated/RunStep';
import { fold, foldAll } from './fold';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();

function step(path: string): RunStep {
  return { path, id: path, title: null, action: 'run', status: 'pending', port: null, attempts: [], started_at: null, ended_at: null, duration_ms: null, input: null, output: null, error: null };
}

function run(...paths: string[]): Run {
  return {
    id: 'r', number: 1, workflow: 'w', path: 'workflows/w.yaml', version: null, status: 'queued', trigger: { kind: 'manual', actor: 'ada' }, labels: {}, priority: 5,
    created_at: at(0), started_at: null, ended_at: null, duration_ms: null, progress: { done: 0, known: paths.length }, error: null, inputs: {}, outputs: null, steps: paths.map(step), seq: 1,
  };
}

let seq = 1;
function event(kind: string, on: string | null = null, data: Record<string, unknown> = {}, attempt: number | null = null): Event {
  seq += 1;
  return { seq, run: 'r', at: at(seq), actor: 'engine', kind, v: 1, step: on, attempt, data, hash: '', prev: '' };
}

const failure = { class: 'transient', message: 'refused', details: {}, recoverable: true, suggested_action: 'retry' };

describe('fold', () => {
  it('follows a step through a failed attempt, a wait and a success', () => {
    seq = 1;
    const folded = foldAll(run('a'), [
      event('run_started'),
      event('step_queued', 'a'),
      event('attempt_started', 'a', { input: { run: 'x' } }, 1),
      event('attempt_failed', 'a', { error: failure, usage: { cpu_ms: 3, max_rss_bytes: 1 } }, 1),
      event('step_retrying', 'a', { due_at: at(9) }),
      event('attempt_started', 'a', { input: { run: 'x' } }, 2),
      event('attempt_succeeded', 'a', {}, 2),
      event('step_succeeded', 'a', { port: 'succeeded', output: 'done' }),
      event('run_succeeded', null, { outputs: { o: 1 } }),
    ]);
    expect(folded.status).toBe('succeeded');
    expect(folded.outputs).toEqual({ o: 1 });
    expect(folded.progress).toEqual({ done: 1, known: 1 });
    expect(folded.duration_ms).toBe(8_000);
    const a = folded.steps[0];
    expect(a).toMatchObject({ status: 'succeeded', port: 'succeeded', output: 'done', input: { run: 'x' }, duration_ms: 5_000 });
    expect(a?.due_at).toBeUndefined();
    expect(a?.attempts.map((attempt) => [attempt.number, attempt.status, attempt.usage?.cpu_ms])).toEqual([[1, 'failed', 3], [2, 'succeeded', undefined]]);
  });

  it('takes a failed run up again: attempts stay, outcomes go', () => {
    seq = 1;
    const failed = foldAll(run('a', 'b'), [
      event('run_started'), event('attempt_started', 'a', { input: {} }, 1), event('attempt_failed', 'a', { error: failure }, 1),
      event('step_failed', 'a', { error: failure }), event('step_skipped', 'b', { reason: '`a` failed' }), event('run_failed', null, { error: { ...failure, step: 'a' } }),
    ]);
    expect(failed).toMatchObject({ status: 'failed', progress: { done: 2, known: 2 }, error: { step: 'a' } });
    const again = foldAll(failed, [event('run_taken_up', null, { reason: 'retry' }), event('step_reset', 'a'), event('step_reset', 'b')]);
    expect(again).toMatchObject({ status: 'running', ended_at: null, error: null, progress: { done: 0, known: 2 } });
    expect(again.steps[0]).toMatchObject({ status: 'pending', port: null, error: null, started_at: null });
    expect(again.steps[0]?.attempts).toHaveLength(1);
    expect(again.steps[1]?.reason).toBeUndefined();
  });

  it('puts a step whose attempt was lost back into the queue', () => {
    seq = 1;
    const folded = foldAll(run('a'), [event('attempt_started', 'a', {}, 1), event('attempt_lost', 'a', {}, 1)]);
    expect(folded.steps[0]).toMatchObject({ status: 'queued', attempts: [{ status: 'lost' }] });
  });

  it('cancels what was asked to be cancelled', () => {
    seq = 1;
    const folded = foldAll(run('a'), [event('run_started'), event('attempt_started', 'a', {}, 1), event('run_cancel_requested')]);
    expect(folded.status).toBe('cancelling');
    const over = foldAll(folded, [event('attempt_cancelled', 'a', {}, 1), event('step_cancelled', 'a', { reason: 'cancelled by ada' }), event('run_cancelled')]);
    expect(over).toMatchObject({ status: 'cancelled', steps: [{ status: 'cancelled', reason: 'cancelled by ada', attempts: [{ status: 'cancelled' }] }] });
  });

  it('changes nothing for events it has seen, of other runs, or of kinds it does not know', () => {
    seq = 1;
    const base = run('a');
    const started = fold(base, event('run_started'));
    expect(fold(started, { ...event('run_failed'), seq: 2 })).toBe(started);
    expect(fold(started, { ...event('run_failed'), run: 'other' })).toBe(started);
    expect(fold(started, event('timer_fired'))).toEqual({ ...started, seq });
  });

  it('keeps the steps that an event is not about as they are', () => {
    seq = 1;
    const base = run('a', 'b');
    const folded = fold(base, event('step_queued', 'b'));
    expect(folded.steps[0]).toBe(base.steps[0]);
    expect(folded.steps[1]).not.toBe(base.steps[1]);
  });

  it('reads a value that only looks like a reference', () => {
    seq = 1;
    const folded = fold(run('a'), event('step_succeeded', 'a', { port: 'succeeded', output: { $value: null, plain: { $value: 'x' } } }));
    expect(folded.steps[0]?.output).toEqual({ $value: 'x' });
  });

  it('makes an instance that is not known yet behind its container, and counts steps at the top only', () => {
    seq = 1;
    const folded = foldAll(run('each', 'after'), [
      event('run_started'), event('attempt_started', 'each', { count: 2 }, 1),
      event('step_queued', 'each[0]'), event('attempt_started', 'each[0]', {}, 1), event('step_queued', 'each[0].work'),
      event('step_queued', 'each[1]'), event('step_succeeded', 'each[0].work', { port: 'succeeded', output: 1 }),
      event('step_queued', 'each[0].more'),
    ]);
    expect(folded.steps.map((each) => each.path)).toEqual(['each', 'each[0]', 'each[0].work', 'each[0].more', 'each[1]', 'after']);
    expect(folded.steps.map((each) => each.id)).toEqual(['each', 'each', 'work', 'more', 'each', 'after']);
    expect(folded.progress).toEqual({ done: 0, known: 2 });
  });
  it('forgets what is in a container that starts anew, and keeps it when it is resumed', () => {
    seq = 1;
    const base = foldAll(run('each'), [event('attempt_started', 'each', {}, 1), event('step_queued', 'each[0]')]);
    expect(foldAll(base, [event('step_reset', 'each', { resume: true })]).steps).toHaveLength(2);
    expect(foldAll(base, [event('step_reset', 'each')]).steps).toHaveLength(1);
  });
  it('shows a run that only waits as waiting, and a paused one as paused', () => {
    seq = 1;
    const waits = foldAll(run('hold', 'ask'), [event('run_started'), event('step_waiting', 'hold', { waits: [{ due_at_ms: 5_000 }, { event: 'go' }] }), event('step_approval_requested', 'ask', { message: 'Ship?' })]);
    expect(waits).toMatchObject({ status: 'waiting', steps: [{ status: 'waiting', due_at: '1970-01-01T00:00:05.000Z' }, { status: 'needs_approval' }] });
    const over = foldAll(waits, [event('step_answered', 'ask', { decision: 'approved' }), event('step_succeeded', 'ask', { port: 'approved', output: {} }), event('run_paused')]);
    expect(over).toMatchObject({ status: 'paused', progress: { done: 1 } });
    expect(foldAll(over, [event('run_resumed')]).status).toBe('waiting');
  });
  it('follows the undoing of a step', () => {
    seq = 1;
    const base = foldAll(run('a'), [event('run_started'), event('step_succeeded', 'a', { port: 'succeeded', output: 1 }), event('run_compensating'), event('compensation_started', 'a')]);
    expect(base).toMatchObject({ status: 'compensating', progress: { done: 1 }, steps: [{ status: 'compensating', compensation: { status: 'running', attempts: 1 } }] });
    const done = foldAll(base, [event('compensation_succeeded', 'a'), event('run_compensated')]);
    expect(done).toMatchObject({ status: 'compensated', steps: [{ status: 'compensated', compensation: { status: 'succeeded' } }] });
  });
  it('parks a step for a person and lets a person judge it', () => {
    seq = 1;
    const parked = foldAll(run('a'), [event('run_started'), event('step_needs_attention', 'a', { error: failure })]);
    expect(parked).toMatchObject({ status: 'waiting', steps: [{ status: 'needs_attention', error: { message: 'refused' } }] });
    expect(foldAll(parked, [event('step_succeeded', 'a', { port: 'succeeded', output: 7 })]).steps[0]).toMatchObject({ status: 'succeeded', error: null, output: 7 });
  });
});
