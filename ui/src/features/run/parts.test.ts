import { describe, expect, it } from 'vitest';
import type { Event } from '@/generated/Event';
import type { LogLine } from '@/generated/LogLine';
import type { RunStep } from '@/generated/RunStep';
import { plainText, spansOf } from './ansi';
import { wireState } from './edges';
import { join } from './logs';
import { gather } from './aggregate';
import { changeLines, changesText, isSame } from './changes';
import { designPath, isInside, parentPath } from './paths';
import { progressText } from './progress';
import { mergePatch } from './mergePatch';
import { planText } from './retry';
import { barsOf, tickLabel, ticksOf, waitsOf } from './timeline';
import { heldBack, tokensOf } from './values';

const line = (number: number, ms: number, step = 'a', attempt = 1): LogLine => ({ at: new Date(ms).toISOString(), step, attempt, number, stream: 'stdout', text: `${step}${attempt}.${number}` });
const texts = (lines: LogLine[]) => lines.map((each) => each.text);

describe('joining a read log with live lines', () => {
  it('shows lines that both have once', () => {
    const page = [line(1, 1), line(2, 2), line(3, 3)];
    expect(texts(join(page, [line(2, 2), line(3, 3), line(4, 4)]))).toEqual(['a1.1', 'a1.2', 'a1.3', 'a1.4']);
    expect(join(page, [line(2, 2)])).toBe(page);
  });
  it('tells steps and attempts apart, and orders by time', () => {
    const page = [line(1, 1), line(1, 2, 'b')];
    expect(texts(join(page, [line(2, 5, 'b'), line(1, 4, 'a', 2)]))).toEqual(['a1.1', 'b1.1', 'a2.1', 'b1.2']);
  });
  it('keeps what was written at one moment in its order', () => {
    expect(texts(join([line(1, 1), line(2, 1)], [line(2, 1), line(3, 1), line(4, 1)]))).toEqual(['a1.1', 'a1.2', 'a1.3', 'a1.4']);
  });
});

describe('ANSI colours', () => {
  it('become spans', () => {
    expect(spansOf('\u001b[1;31mbad\u001b[0m ok')).toEqual([{ text: 'bad', className: 'ansi-red ansi-bold' }, { text: ' ok', className: '' }]);
  });
  it('and other control sequences disappear', () => {
    expect(plainText('a\u001b[2K\u001b]0;title\u0007b\r')).toBe('ab');
  });
});

describe('wires of a run', () => {
  const end = (status: RunStep['status'], port: string | null = null) => ({ status, port }) as RunStep;
  it('are taken by the port on which the source ended', () => {
    expect(wireState({ port: 'yes', implied: false }, end('succeeded', 'yes'), end('pending'))).toBe('taken');
    expect(wireState({ port: 'no', implied: false }, end('succeeded', 'yes'), end('skipped'))).toBe('dead');
    expect(wireState({ port: null, implied: false }, end('failed', 'failed'), end('skipped'))).toBe('dead');
    expect(wireState({ port: 'failed', implied: false }, end('failed', 'failed'), end('running'))).toBe('moving');
  });
  it('wait while the source has not ended', () => {
    expect(wireState({ port: null, implied: false }, end('running'), end('pending'))).toBe('waiting');
  });
  it('count as taken when an expression only asked whether the source has settled', () => {
    expect(wireState({ port: null, implied: true }, end('skipped'), end('succeeded'))).toBe('taken');
  });
});

describe('timeline', () => {
  const ms = (n: number) => new Date(n).toISOString();
  const attempt = (number: number, from: number, to: number | null, status = 'failed') => ({ number, status, started_at: ms(from), ended_at: to === null ? null : ms(to), error: null, usage: null });
  const note = (kind: string, n: number) => ({ kind, step: 'a', at: ms(n) }) as Event;
  it('tells waits for a slot, waits for an attempt and a person apart', () => {
    const waits = waitsOf([note('step_queued', 0), note('step_retrying', 200), note('step_queued', 1_000)]).get('a');
    const step = { status: 'succeeded', attempts: [attempt(1, 100, 200), attempt(2, 1_100, 1_200), attempt(3, 9_000, 9_100, 'succeeded')] } as unknown as RunStep;
    expect(barsOf(step, waits ?? { queued: [], retrying: [] }).map((bar) => [bar.kind, bar.from, bar.to])).toEqual([
      ['queued', 0, 100], ['failed', 100, 200], ['waiting', 200, 1_000], ['queued', 1_000, 1_100], ['failed', 1_100, 1_200], ['succeeded', 9_000, 9_100],
    ]);
  });
  it('has round ticks', () => {
    expect(ticksOf(7_000, 8)).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000]);
    expect([tickLabel(65_000), tickLabel(3_600_000), tickLabel(500, true)]).toEqual(['1:05', '1:00:00', '0.5 s']);
  });
});

describe('merge patch', () => {
  it('has what changed, and null for what went', () => {
    expect(mergePatch({ a: 1, env: { X: '1', Y: '2' }, gone: true }, { a: 1, env: { X: '9', Y: '2' }, list: [1] })).toEqual({ env: { X: '9' }, gone: null, list: [1] });
  });
  it('is nothing when nothing changed', () => {
    expect(mergePatch({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBeUndefined();
  });
});

describe('what a retry does, in words', () => {
  it('names what is kept, repeated and new', () => {
    expect(planText({ runs: ['publish', 'park'], reused: ['a', 'b', 'c'], repeats: ['publish'] })).toBe('Keeps 3 finished steps. Runs publish again, then park.');
    expect(planText({ runs: ['a'], reused: [], repeats: ['a'] })).toBe('No finished step to keep. Runs a again.');
  });
});

describe('values', () => {
  it('that were held back are recognised', () => {
    expect(heldBack({ $blob: 'h', size: 3, preview: 'p' })).toEqual({ hash: 'h', size: 3, preview: 'p' });
    expect(heldBack({ $value: 'h', size: 3 })).toEqual({ hash: 'h', size: 3, preview: null });
    expect(heldBack({ a: 1 })).toBeNull();
  });
  it('are coloured without losing a character', () => {
    const json = JSON.stringify({ a: 'x: "y"', b: [1, -2.5e3, true, null], c: {} }, null, 2);
    expect(tokensOf(json).map((token) => token.text).join('')).toBe(json);
  });
});

const at = (path: string, status: RunStep['status'], port: string | null = null): RunStep =>
  ({ path, id: path, title: null, action: 'run', status, port, attempts: [], started_at: null, ended_at: null, duration_ms: null, input: null, output: null, error: null });

describe('paths of instances', () => {
  it('lead to the step of the design and to what contains them', () => {
    expect(['a', 'a.b', 'a[3]', 'a[3].b', 'a#2.b[0]'].map(designPath)).toEqual(['a', 'a.b', 'a', 'a.b', 'a.b']);
    expect(['a', 'a.b', 'a[3]', 'a[3].b', 'a#2.b[0]'].map(parentPath)).toEqual([null, 'a', 'a', 'a[3]', 'a#2.b']);
    expect(isInside('a[1].b', 'a')).toBe(true);
    expect(isInside('ab', 'a')).toBe(false);
  });
});

describe('the instances of a step as one', () => {
  const steps = [at('each', 'running'), at('each[0]', 'succeeded'), at('each[0].x', 'succeeded', 'succeeded'), at('each[1]', 'running'), at('each[1].x', 'failed', 'failed')];
  it('show what calls for attention first, and count', () => {
    const gathered = gather(steps);
    expect(gathered['each.x']).toMatchObject({ status: 'failed', path: 'each[1].x', port: null, counts: { succeeded: 1, failed: 1 } });
    expect(gathered['each']).toMatchObject({ status: 'running', path: 'each', count: 1, parts: [{ path: 'each[0]' }, { path: 'each[1]' }] });
  });
  it('keep their identity while nothing changes', () => {
    const before = gather(steps);
    expect(gather([...steps], before)['each']).toBe(before['each']);
  });
});

describe('how far a run is', () => {
  const progress = { done: 3, known: 3 };
  it('says what became of the steps of a failed run', () => {
    expect(progressText({ status: 'failed', progress, steps: [at('a', 'succeeded'), at('b', 'failed'), at('b[0]', 'failed'), at('c', 'skipped')] })).toBe('1 done, 1 failed, 1 skipped');
    expect(progressText({ status: 'running', progress, steps: [] })).toBe('3 of 3 steps done');
  });
});

describe('what changed in the workflow since', () => {
  const none = { added: [], removed: [], renamed: [], moved: [], changed: [], workflow: [] };
  const field = (name: string) => ({ field: name, aspect: 'action' as const, from: 1, to: 2 });
  const changed = { from: 'a', to: 'a', fields: [field('run')] };
  it('is counted in one line', () => {
    expect(isSame(none)).toBe(true);
    expect(changesText({ ...none, changed: [changed, changed], added: ['b'] })).toBe('2 steps changed, 1 added');
    expect(changesText({ ...none, removed: ['b'], workflow: [field('env.A')] })).toBe('1 step removed and the workflow itself');
    expect(changesText({ ...none, workflow: [field('env.A')] })).toBe('the workflow itself');
  });
  it('is listed by step, one that was moved and renamed once', () => {
    const both = { from: 'c', to: 'g.d' };
    const lines = changeLines({ ...none, changed: [{ ...changed, fields: ['a', 'b', 'c', 'd', 'e'].map(field) }], renamed: [both], moved: [both] });
    expect(lines).toEqual([{ sign: '~', step: 'a', what: 'a, b, c and 2 more' }, { sign: '→', step: 'g.d', what: 'was c' }]);
  });
});
