import { describe, expect, it, vi } from 'vitest';

vi.mock('elkjs/lib/elk-api.js', () => ({ default: class {} }));
const { fit, freePlace } = await import('./layout');

const graph = {
  nodes: ['a', 'b', 'c'].map((id) => ({ id, action: 'run', ports: ['succeeded'] })),
  edges: [{ from: 'a', port: null, to: 'b', implied: false }],
};
const ideal = { a: { x: 0, y: 0 }, b: { x: 0, y: 74 }, c: { x: 208, y: 0 } };

describe('places of new steps', () => {
  it('stand to a placed neighbour as in the whole drawing; what is placed stays', () => {
    const places = fit(graph, ideal, { a: { x: 500, y: 300 } });
    expect(places['a']).toEqual({ x: 500, y: 300 });
    expect(places['b']).toEqual({ x: 500, y: 374 });
  });
  it('are below everything when there is no neighbour', () => {
    expect(fit(graph, ideal, { a: { x: 10, y: 20 }, b: { x: 10, y: 94 } })['c']).toEqual({ x: 10, y: 168 });
  });
  it('move aside until free', () => {
    expect(freePlace({ x: 5, y: 5 }, { a: { x: 0, y: 0 } })).toEqual({ x: 213, y: 5 });
  });
});
