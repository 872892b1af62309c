/** The line of a wire. What stands on it (a button, a label) is the caller's. */
import { BaseEdge, EdgeLabelRenderer } from '@xyflow/react';
import type { ReactNode } from 'react';
import type { Point } from '@/generated/Point';
import { corners, middleOf, roundedPath } from './geometry';

export interface WireData extends Record<string, unknown> {
  port: string | null;
  implied: boolean;
  /** Several wires meet at the target. */
  merging: boolean;
  /** Corners from the automatic drawing, when they still hold. */
  route?: Point[];
}

interface WireProps {
  id: string;
  from: Point;
  to: Point;
  data: WireData;
  className: string;
  interactionWidth?: number;
  children?: (middle: Point) => ReactNode;
}

export function Wire({ id, from, to, data, className, interactionWidth = 18, children }: WireProps) {
  const points = holds(data.route, from, to) ?? corners(from, to, data.port === 'failed', data.merging);
  const content = children?.(middleOf(points));
  return (
    <>
      <BaseEdge id={id} path={roundedPath(points)} className={`wire ${className}`} interactionWidth={interactionWidth} />
      {content && <EdgeLabelRenderer>{content}</EdgeLabelRenderer>}
    </>
  );
}

/** A route holds when both its ends are where the wire's ends are. */
function holds(route: Point[] | undefined, from: Point, to: Point): Point[] | null {
  const [first, last] = [route?.[0], route?.at(-1)];
  if (!route || !first || !last) return null;
  const near = (a: Point, b: Point) => Math.abs(a.x - b.x) < 6 && Math.abs(a.y - b.y) < 6;
  return near(first, from) && near(last, to) ? attach(route, from, to) : null;
}

/** The route with its ends moved; the stretches that leave them stay upright or level. */
function attach(route: Point[], from: Point, to: Point): Point[] {
  const inner = route.slice(1, -1).map((point) => ({ ...point }));
  const turn = (point: Point | undefined, end: Point, was: Point | undefined) => {
    if (!point || !was) return;
    if (Math.abs(point.x - was.x) < 1) point.x = end.x;
    else point.y = end.y;
  };
  turn(inner[0], from, route[0]);
  turn(inner.at(-1), to, route.at(-1));
  return [from, ...inner, to];
}

export function WireLabel({ at, children, className = '' }: { at: Point; children: ReactNode; className?: string }) {
  return <span className={`elabel ${className}`} style={{ left: at.x, top: at.y }}>{children}</span>;
}
