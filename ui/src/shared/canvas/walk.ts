/** Moving from step to step with the arrow keys: down and up along the wires, left and right in the row. Pure. */
import type { Edge } from '@/generated/Edge';
import type { Point } from '@/generated/Point';

export type Direction = 'up' | 'down' | 'left' | 'right';
type Graph = { nodes: { id: string }[]; edges: Pick<Edge, 'from' | 'to'>[] };

/** The step to go to; the first one when none is selected; null when there is none that way. */
export function walk(graph: Graph, places: Record<string, Point>, from: string | undefined, direction: Direction): string | null {
  const at = from === undefined ? undefined : places[from];
  if (from === undefined || !at) return graph.nodes[0]?.id ?? null;
  if (direction === 'down' || direction === 'up') {
    const next = direction === 'down'
      ? graph.edges.filter((edge) => edge.from === from).map((edge) => edge.to)
      : graph.edges.filter((edge) => edge.to === from).map((edge) => edge.from);
    return nearest(next, places, (place) => Math.abs(place.x - at.x));
  }
  const side = direction === 'right' ? 1 : -1;
  const beside = graph.nodes.map((node) => node.id).filter((id) => id !== from && ((places[id]?.x ?? at.x) - at.x) * side > 0);
  // What stands in the same row comes first, however far.
  return nearest(beside, places, (place) => Math.abs(place.x - at.x) + 20 * Math.abs(place.y - at.y));
}

function nearest(ids: string[], places: Record<string, Point>, distance: (place: Point) => number): string | null {
  let best: string | null = null;
  let least = Infinity;
  for (const id of ids) {
    const place = places[id];
    const far = place ? distance(place) : Infinity;
    if (far < least) [best, least] = [id, far];
  }
  return best;
}
