import { describe, expect, it } from 'vitest';
import type { Design } from '@/generated/Design';
import type { StepNode } from '@/generated/StepNode';
import { noHistory, remember, sameLayout, stepBack, stepForward, type Snapshot } from './history';
import { readValue, showValue } from './inspector/Pairs';
import { parseDuration, retryOf, waits } from './inspector/retry';
import { readField, showField, withoutForm } from './inspector/plainFields';
import { addOps, canSplice, copyText, freshId, groupsFor, lastOf, outermost, parentOf, spliceOps, templates, whyNot } from './ops';

const node = (id: string, fields: Record<string, unknown> = { run: 'x' }, ports = ['succeeded'], line = 1, end_line = 1): StepNode =>
  ({ id, title: null, action: 'run', summary: '', ports, fields: { id, ...fields }, line, end_line });
const graph = {
  nodes: [node('a'), node('b'), node('c', {}, ['yes', 'no'])],
  edges: [{ from: 'a', port: null, to: 'b', implied: false }, { from: 'b', port: null, to: 'c', implied: true }],
};

describe('wires', () => {
  it('that would close a cycle are refused with the cycle', () => {
    expect(whyNot(graph, { step: 'c', handle: 'yes' }, 'a')).toBe('This would be a cycle: c → a → b → c.');
  });
  it('that are there already, or lead to their own step, are refused', () => {
    expect(whyNot(graph, { step: 'a', handle: 'succeeded' }, 'b')).toMatch(/already/);
    expect(whyNot(graph, { step: 'a', handle: 'succeeded' }, 'a')).toMatch(/itself/);
  });
  it('from another port, and those an expression implies, may be drawn', () => {
    expect(whyNot(graph, { step: 'a', handle: 'failed' }, 'b')).toBeNull();
    expect(whyNot(graph, { step: 'b', handle: 'succeeded' }, 'c')).toBeNull();
  });
});

describe('adding a step', () => {
  const [run] = templates;
  if (!run) throw new Error('the palette is empty');
  it('gives it an id that is free', () => {
    expect(freshId('a', ['b'])).toBe('a');
    expect(freshId('a', ['a', 'a_2'])).toBe('a_3');
    expect(freshId('a_2', ['a_2'])).toBe('a_3');
  });
  it('on a wire reconnects the wire through it', () => {
    const edge = { from: 'a', port: 'failed', to: 'b', implied: false };
    expect(addOps(graph, run, { edge }).ops).toEqual([
      { op: 'add_step', id: 'script', fields: run.fields },
      { op: 'disconnect', from: 'a', port: 'failed', to: 'b' },
      { op: 'connect', from: 'a', port: 'failed', to: 'script' },
      { op: 'connect', from: 'script', port: null, to: 'b' },
    ]);
    expect(spliceOps(edge, 'x')).toHaveLength(3);
  });
  it('behind a port connects it: a plain exit needs no port name', () => {
    expect(addOps(graph, run, { after: { step: 'a', handle: 'succeeded' } }).ops[1]).toEqual({ op: 'connect', from: 'a', port: null, to: 'script' });
    expect(addOps(graph, run, { after: { step: 'c', handle: 'no' } }).ops[1]).toEqual({ op: 'connect', from: 'c', port: 'no', to: 'script' });
  });
  it('by dropping one that stands alone on a wire', () => {
    const edge = { from: 'a', port: null, to: 'b', implied: false };
    expect(canSplice(graph, 'b', edge)).toBe(false);
    expect(canSplice({ ...graph, nodes: [...graph.nodes, node('d')] }, 'd', edge)).toBe(true);
  });
});

describe('copied steps', () => {
  const text = 'steps:\n  - id: a\n    run: |\n      one\n\n  - id: b\n    needs: [a]\n    run: two\n';
  const design = { text, nodes: [node('a', {}, ['succeeded'], 2, 5), node('b', {}, ['succeeded'], 6, 8)] } as unknown as Design;
  it('are YAML without their indent, whatever ends the lines', () => {
    expect(copyText(design, ['b'])).toBe('- id: b\n  needs: [a]\n  run: two\n');
    expect(copyText({ ...design, text: text.replace(/\n/g, '\r\n') }, ['b'])).toBe('- id: b\n  needs: [a]\n  run: two\n');
  });
  it('are their values when they share their lines with others', () => {
    const flow = { text: 'steps: [{ id: a, run: one }, { id: b, run: two }]\n', nodes: [node('a', { id: 'a', run: 'one' }, ['succeeded'], 1, 1), node('b', { id: 'b', run: 'two' }, ['succeeded'], 1, 1)] } as unknown as Design;
    expect(copyText(flow, ['b'])).toBe('- {"id":"b","run":"two"}\n');
  });
});

describe('history', () => {
  const at = (text: string): Snapshot => ({ text, layout: {} });
  it('goes back and forward', () => {
    let history = remember(noHistory, at('1'), null, 0);
    history = remember(history, at('2'), null, 0);
    const back = stepBack(history, at('3'));
    expect(back?.to.text).toBe('2');
    expect(back && stepForward(back.history, back.to)?.to.text).toBe('3');
    expect(stepForward(history, at('3'))).toBeNull();
  });
  it('joins what is typed in one go, and forgets the future at a change', () => {
    let history = remember(noHistory, at('1'), 'typing', 0);
    history = remember(history, at('12'), 'typing', 500);
    expect(history.past.map((each) => each.text)).toEqual(['1']);
    history = remember(history, at('123'), 'typing', 5_000);
    expect(history.past).toHaveLength(2);
    const back = stepBack(history, at('1234'));
    expect(back && remember(back.history, at('x'), null, 0).future).toEqual([]);
  });
  it('sees a moved step', () => {
    expect(sameLayout({ a: { x: 1, y: 1 } }, { a: { x: 1, y: 1 } })).toBe(true);
    expect(sameLayout({ a: { x: 1, y: 1 } }, { a: { x: 2, y: 1 } })).toBe(false);
    expect(sameLayout({}, { a: { x: 2, y: 1 } })).toBe(false);
  });
});

describe('fields', () => {
  it('show values so that they read back as they were', () => {
    for (const value of ['text', '42', 42, true, 'true', null, [1, 'a'], { a: 1 }, '${{ x }}', '', '"q"']) {
      expect(readValue(showValue(value, false), false)).toEqual(value);
    }
    expect(showValue('42', true)).toBe('42');
  });
  it('show the waits of a retry', () => {
    expect(parseDuration('1h30m')).toBe(5_400_000);
    expect(parseDuration('soon')).toBeNull();
    const retry = retryOf({ attempts: 5, initial: '2s', max: '10s' });
    expect(retry && waits(retry)).toEqual([2_000, 4_000, 8_000, 10_000]);
    expect(retryOf(undefined)).toBeNull();
  });
});

describe('groups', () => {
  const inner = (id: string, fields?: Record<string, unknown>): StepNode => ({ ...node(id, fields), parent: 'g' });
  const nested = { nodes: [{ ...node('g', {}), action: 'steps' }, inner('g.x'), inner('g.y'), node('z')], edges: [{ from: 'g.x', port: null, to: 'g.y', implied: false }] };
  const [run] = templates;
  it('take a step that is dropped into them or onto a wire in them', () => {
    expect(run && addOps(nested, run, { into: 'g' }).id).toBe('g.script');
    expect(run && addOps(nested, run, { edge: nested.edges[0] }).ops[2]).toEqual({ op: 'connect', from: 'g.x', port: null, to: 'g.script' });
  });
  it('let no wire cross their frame', () => {
    expect(whyNot(nested, { step: 'g.x', handle: 'succeeded' }, 'z')).toMatch(/one group/);
  });
  it('are copied with what is in them, once', () => {
    expect(outermost(['g', 'g.x', 'z'])).toEqual(['g', 'z']);
    const whole = { text: 'steps: [{ id: g }]', nodes: [{ ...node('g', { id: 'g', for_each: [1] }, ['succeeded'], 1, 1), action: 'steps' }, inner('g.x', { id: 'x', run: 'x' })] } as unknown as Design;
    expect(copyText(whole, ['g', 'g.x'])).toBe('- {"id":"g","for_each":[1],"steps":[{"id":"x","run":"x"}]}\n');
  });
  it('take steps that are not theirs, and never themselves', () => {
    expect(groupsFor(nested, ['z']).map((each) => each.id)).toEqual(['g']);
    expect(groupsFor(nested, ['g'])).toEqual([]);
    expect(groupsFor(nested, ['g.x'])).toEqual([]);
    expect(parentOf(nested, ['g.x'])).toBe('g');
    expect(lastOf(nested, 'g', ['g.y'])).toBe('g.x');
    expect(lastOf(nested, null, [])).toBe('z');
  });
});

describe('fields without a form', () => {
  it('are those that no form shows', () => {
    expect(withoutForm({ action: 'wait', fields: { id: 'w', needs: ['a'], wait: { for: '1s' }, compensate: {} } })).toEqual(['wait', 'compensate']);
    expect(withoutForm({ action: 'run', fields: { run: 'x', env: {}, for_each: [1] } })).toEqual(['for_each']);
  });
  it('read back as they were', () => {
    for (const value of ['text', '42', 42, ['a', 1], { for: '1s' }, '${{ item }}', true]) expect(readField(showField(value))).toEqual(value);
    expect(readField(' ')).toBeNull();
  });
});
