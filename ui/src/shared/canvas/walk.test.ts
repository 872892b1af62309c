import { describe, expect, it } from 'vitest';
import { drawInLayers } from './layers';
import { walk } from './walk';

const steps = ['a', 'b', 'c', 'd'].map((id) => ({ id, height: 42 }));
const edges = [{ from: 'a', to: 'b' }, { from: 'a', to: 'c' }, { from: 'b', to: 'd' }, { from: 'c', to: 'd' }];
const gaps = { width: 176, column: 32, row: 32 };

describe('the quick drawing', () => {
  const places = drawInLayers(steps, edges, gaps);
  it('has a row for each step of the way, and nothing overlaps', () => {
    expect(['a', 'b', 'c', 'd'].map((id) => places[id]?.y)).toEqual([0, 74, 74, 148]);
    expect(Math.abs((places['b']?.x ?? 0) - (places['c']?.x ?? 0))).toBeGreaterThanOrEqual(208);
    expect(places['a']?.x).toBe(places['d']?.x);
  });
  it('places every step also when they form a cycle', () => {
    expect(Object.keys(drawInLayers(steps, [...edges, { from: 'd', to: 'a' }], gaps))).toHaveLength(4);
  });
  it('draws thousands at once', () => {
    const many = Array.from({ length: 5_000 }, (_, n) => ({ id: `s${n}`, height: 42 }));
    const wires = many.slice(8).map((step, n) => ({ from: `s${n}`, to: step.id }));
    expect(Object.keys(drawInLayers(many, wires, gaps))).toHaveLength(5_000);
  });
});

describe('the arrow keys', () => {
  const places = { a: { x: 104, y: 0 }, b: { x: 0, y: 74 }, c: { x: 208, y: 74 }, d: { x: 104, y: 148 } };
  const graph = { nodes: steps, edges };
  it('follow the wires and the row', () => {
    expect(walk(graph, places, undefined, 'down')).toBe('a');
    expect(walk(graph, places, 'b', 'down')).toBe('d');
    expect(walk(graph, places, 'c', 'up')).toBe('a');
    expect(walk(graph, places, 'b', 'right')).toBe('c');
    expect(walk(graph, places, 'b', 'left')).toBeNull();
    expect(walk(graph, places, 'd', 'down')).toBeNull();
  });
});
