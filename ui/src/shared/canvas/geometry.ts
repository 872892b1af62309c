/** Sizes of steps, places of their ports, and the shape of the wires between them. Pure. */
import { Position, type NodeHandle } from '@xyflow/react';
import type { Edge } from '@/generated/Edge';
import type { Point } from '@/generated/Point';
import type { StepNode } from '@/generated/StepNode';

export const nodeWidth = 176;
/** In a run a step also shows its state, so it is wider; it keeps its centre. */
export const runNodeWidth = 196;
export const nodeHeight = 42;
export const portsHeight = 18;
export const rowGap = 32;
export const columnGap = 32;
const corner = 10;
/** A container has a header above its steps and room around them. */
export const groupHead = 38;
export const groupPad = 18;
/** The least that a container takes, also when nothing is in it. */
export const emptyGroup = { width: 232, height: 96 };

export interface Size {
  width: number;
  height: number;
}

/** Handle of the entry. */
export const inPort = 'in';
/** Handle that stands for any port but `failed`, on a step with named ports. */
export const anyPort = '*';

type Shape = Pick<StepNode, 'ports'>;

export function hasNamedPorts(step: Shape): boolean {
  return step.ports.length > 1 || (step.ports.length === 1 && step.ports[0] !== 'succeeded');
}

export function heightOf(step: Shape): number {
  return hasNamedPorts(step) ? nodeHeight + portsHeight : nodeHeight;
}

/** The handle that a wire leaves from: an edge without a port leaves a plain step by its one exit. */
export function handleOf(step: Shape | undefined, port: string | null): string {
  if (port !== null) return port;
  return step && hasNamedPorts(step) ? anyPort : 'succeeded';
}

/** The port to write for a wire drawn from a handle. */
export function portOf(step: Shape, handle: string): string | null {
  return handle === anyPort || (handle === 'succeeded' && !hasNamedPorts(step)) ? null : handle;
}

/** Places of all ports, from the step's top left corner. */
export function portPlaces(step: Shape, width: number, height = heightOf(step)): Map<string, Point> {
  const places = new Map<string, Point>([[inPort, { x: width / 2, y: 0 }], ['failed', { x: width, y: 21 }]]);
  if (hasNamedPorts(step)) {
    step.ports.forEach((port, index) => places.set(port, { x: (width * (index + 0.5)) / step.ports.length, y: height }));
    places.set(anyPort, { x: width / 2, y: height });
  } else {
    places.set('succeeded', { x: width / 2, y: height });
  }
  return places;
}

const handleSize = 9;

/** Size and ports of a step as the canvas library wants them, so that it need not measure a step before it draws its wires. */
export function boxOf(step: Shape, width: number, height = heightOf(step)) {
  return {
    width,
    height,
    measured: { width, height },
    handles: [...portPlaces(step, width, height)].map(([id, at]): NodeHandle => ({
      id,
      type: id === inPort ? 'target' : 'source',
      position: sideOf(id),
      x: at.x - handleSize / 2,
      y: at.y - handleSize / 2,
      width: handleSize,
      height: handleSize,
    })),
  };
}

export function sideOf(port: string): Position {
  return port === inPort ? Position.Top : port === 'failed' ? Position.Right : Position.Bottom;
}

/** What a step is called: its title, or its id within its group. */
export function nameOf(step: Pick<StepNode, 'id' | 'title'>): string {
  const own = step.id.slice(step.id.lastIndexOf('.') + 1);
  return step.title ?? (own.startsWith('@') ? 'Step without a usable id' : own);
}

export function edgeId(edge: Pick<Edge, 'from' | 'port' | 'to'>): string {
  return `${edge.from}.${edge.port ?? '*'}>${edge.to}`;
}

/**
 * The corners of a wire. Down, across, down; from the failure port: out to the side, then down. `merging` puts the
 * crossing near the target, where several wires meet. A target above its source is reached around the side.
 */
export function corners(from: Point, to: Point, sideways: boolean, merging: boolean): Point[] {
  const near = rowGap / 2;
  if (sideways) {
    if (to.x > from.x + corner && to.y > from.y) return [from, { x: to.x, y: from.y }, to];
    const out = from.x + near;
    const above = to.y - near;
    return [from, { x: out, y: from.y }, { x: out, y: above }, { x: to.x, y: above }, to];
  }
  if (to.y < from.y + 12) {
    const below = from.y + near;
    const above = to.y - near;
    const side = Math.abs(to.x - from.x) > nodeWidth ? (from.x + to.x) / 2 : Math.max(from.x, to.x) + nodeWidth / 2 + near;
    return [from, { x: from.x, y: below }, { x: side, y: below }, { x: side, y: above }, { x: to.x, y: above }, to];
  }
  if (Math.abs(to.x - from.x) < 2) return [from, to];
  const gap = to.y - from.y;
  const across = gap < 2 * near ? from.y + gap / 2 : merging ? to.y - near : from.y + near;
  return [from, { x: from.x, y: across }, { x: to.x, y: across }, to];
}

/** An SVG path through corners, each rounded by up to 10 px. */
export function roundedPath(points: Point[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  let path = `M${first.x} ${first.y}`;
  rest.forEach((point, index) => {
    const before = points[index];
    const after = rest[index + 1];
    if (!before || !after) {
      path += `L${point.x} ${point.y}`;
      return;
    }
    const radius = Math.min(corner, distance(before, point) / 2, distance(point, after) / 2);
    const into = towards(point, before, radius);
    const out = towards(point, after, radius);
    path += `L${into.x} ${into.y}Q${point.x} ${point.y} ${out.x} ${out.y}`;
  });
  return path;
}

/** The middle of the longest stretch: where a label or a button stands. */
export function middleOf(points: Point[]): Point {
  let best = { x: 0, y: 0 };
  let longest = -1;
  for (let i = 1; i < points.length; i += 1) {
    const [a, b] = [points[i - 1], points[i]];
    if (!a || !b) continue;
    const length = distance(a, b);
    if (length > longest) {
      longest = length;
      best = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    }
  }
  return best;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function towards(from: Point, to: Point, by: number): Point {
  const length = distance(from, to) || 1;
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length };
}
