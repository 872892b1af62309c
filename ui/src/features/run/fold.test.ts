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
});
