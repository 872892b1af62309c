/** Adding steps, whatever the gesture. The canvas lends its coordinates while it is on screen. */
import type { Edge } from '@/generated/Edge';
import type { Point } from '@/generated/Point';
import { edgeId, freePlace, heightOf, nodeHeight, nodeWidth, rowGap, type Places } from '@/shared/canvas';
import { addOps, type Exit, type Template } from './ops';
import { apply, now } from './store';

let toCanvas: ((screen: Point) => Point) | null = null;

export function lendCoordinates(convert: ((screen: Point) => Point) | null): void {
  toCanvas = convert;
}

export const canvasPoint = (screen: Point): Point | null => toCanvas?.(screen) ?? null;

export const findEdge = (id: string | null): Edge | undefined =>
  id === null ? undefined : now().design.edges.find((edge) => edgeId(edge) === id && !edge.implied);

/** Drops a step of the palette at a place of the screen, or onto a wire. */
export function dropTemplate(template: Template, screen: Point, onEdge: string | null): Promise<boolean> {
  const at = canvasPoint(screen);
  return add(template, { edge: findEdge(onEdge), at: at && { x: at.x - nodeWidth / 2, y: at.y - nodeHeight / 2 } });
}

/** Adds a step where it fits: after the selected one, else below everything. */
export function addTemplate(template: Template): Promise<boolean> {
  return add(template, { ...afterSelection(), at: null });
}

/** The exit of the selected step, or its one wire, when there is exactly one. */
export function afterSelection(): { after?: Exit; edge?: Edge } {
  const { selected, design } = now();
  const step = design.nodes.find((node) => selected.length === 1 && node.id === selected[0]);
  const port = step?.ports[0];
  if (!step || !port) return {};
  const leaving = design.edges.filter((edge) => edge.from === step.id && edge.port !== 'failed' && !edge.implied);
  const [only] = leaving;
  return leaving.length === 1 && only ? { edge: only } : { after: { step: step.id, handle: port } };
}

interface Where {
  at: Point | null;
  edge?: Edge;
  after?: Exit;
}

export async function add(template: Template, where: Where): Promise<boolean> {
  const { design, layout } = now();
  const { id, ops } = addOps(design, template, where);
  // In a drawing that nobody has touched, the layout finds a better place than a gesture on a wire gives.
  const untouched = Object.keys(layout).length === 0;
  if (where.edge) return apply(ops, { select: [id], places: untouched ? undefined : roomBetween(where.edge, id) });
  const at = where.at ?? (untouched ? null : placeFor(where));
  return apply(ops, { select: [id], places: at ? { [id]: { x: Math.round(at.x / 8) * 8, y: Math.round(at.y / 8) * 8 } } : undefined });
}

/** A place for a step between the ends of a wire; what stands at or below the lower end moves down to make room. */
export function roomBetween(edge: Edge, id: string): Places {
  const { drawing, design } = now();
  const [from, to] = [drawing.places[edge.from], drawing.places[edge.to]];
  const source = design.nodes.find((node) => node.id === edge.from);
  if (!from || !to || !source) return {};
  const y = from.y + heightOf(source) + rowGap;
  const x = to.y > from.y ? to.x : Math.round((from.x + to.x) / 2);
  const missing = to.y > from.y ? y + nodeHeight + rowGap - to.y : 0;
  const moved = missing > 0 ? Object.entries(drawing.places).filter(([step, at]) => step !== id && at.y >= to.y).map(([step, at]) => [step, { x: at.x, y: at.y + missing }]) : [];
  const spare = Math.max(0, -missing) / 2;
  return { ...Object.fromEntries(moved), [id]: freePlace({ x, y: Math.round(y + spare) }, { ...drawing.places, ...Object.fromEntries(moved), [id]: { x: Infinity, y: 0 } }) };
}

function placeFor({ after }: Where): Point {
  const { drawing, design } = now();
  const source = drawing.places[after?.step ?? ''];
  const node = design.nodes.find((each) => each.id === after?.step);
  if (source && node) return freePlace({ x: source.x, y: source.y + heightOf(node) + rowGap }, drawing.places);
  const bottoms = design.nodes.map((each) => (drawing.places[each.id]?.y ?? 0) + heightOf(each));
  const left = Math.min(...design.nodes.map((each) => drawing.places[each.id]?.x ?? 0));
  return freePlace({ x: Number.isFinite(left) ? left : 0, y: Math.max(0, ...bottoms) + rowGap }, drawing.places);
}
