/** Adding steps, whatever the gesture. The canvas lends its coordinates while it is on screen. */
import type { Edge } from '@/generated/Edge';
import type { Point } from '@/generated/Point';
import type { StepNode } from '@/generated/StepNode';
import { edgeId, freePlace, heightOf, nodeHeight, nodeWidth, rowGap, type Places } from '@/shared/canvas';
import { addOps, parentOf, type Exit, type Template } from './ops';
import { apply, now } from './store';

let toCanvas: ((screen: Point) => Point) | null = null;

export function lendCoordinates(convert: ((screen: Point) => Point) | null): void {
  toCanvas = convert;
}

export const canvasPoint = (screen: Point): Point | null => toCanvas?.(screen) ?? null;

export const findEdge = (id: string | null): Edge | undefined =>
  id === null ? undefined : now().design.edges.find((edge) => edgeId(edge) === id && !edge.implied);

/** Drops a step of the palette at a place of the screen, or onto a wire. */
export function dropTemplate(template: Template, screen: Point, onEdge: string | null): Promise<unknown> {
  const at = canvasPoint(screen);
  return add(template, { edge: findEdge(onEdge), into: at ? containerAt(at) : undefined, at: at && { x: at.x - nodeWidth / 2, y: at.y - nodeHeight / 2 } });
}

/** Adds a step where it fits: after the selected one, else below everything. */
export function addTemplate(template: Template): Promise<unknown> {
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
  /** The container that it goes into. */
  into?: string;
  at: Point | null;
  edge?: Edge;
  after?: Exit;
}

export async function add(template: Template, where: Where): Promise<unknown> {
  const { design, layout, drawing } = now();
  const { id, ops } = addOps(design, template, where);
  // In a drawing that nobody has touched, the layout finds a better place than a gesture on a wire gives.
  const untouched = Object.keys(layout).length === 0;
  if (where.edge) return apply(ops, { select: [id], places: untouched ? undefined : roomBetween(where.edge, id) });
  const wish = where.at && where.into !== undefined ? freePlace(where.at, placesWithin(where.into), drawing.sizes) : where.at;
  const at = wish ?? (untouched ? null : placeFor(where));
  return apply(ops, { select: [id], places: at ? { [id]: { x: Math.round(at.x / 8) * 8, y: Math.round(at.y / 8) * 8 } } : undefined });
}

/** The group that dragged steps would go into at a place of the canvas, null for out of any; undefined when they are there already. */
export function groupUnder(at: Point, moved: string[]): string | null | undefined {
  const around = parentOf(now().design, moved);
  const under = containerAt(at, moved) ?? null;
  return under === around ? undefined : under;
}

/** The innermost container at a place of the canvas that is none of some steps, nor in them. */
export function containerAt(at: Point, except: string[] = []): string | undefined {
  const { drawing } = now();
  return Object.entries(drawing.sizes).filter(([id, { width, height }]) => {
    if (except.some((each) => id === each || id.startsWith(`${each}.`))) return false;
    const place = drawing.places[id];
    return place && at.x > place.x && at.x < place.x + width && at.y > place.y && at.y < place.y + height;
  }).map(([id]) => id).sort((a, b) => b.length - a.length)[0];
}

/** The places of a container's own steps, or of the workflow's. */
function placesWithin(parent: string | undefined): Places {
  const { drawing, design } = now();
  return Object.fromEntries(design.nodes.flatMap((node) => { const at = drawing.places[node.id]; return at && node.parent === parent ? [[node.id, at]] : []; }));
}

const heightAt = (node: StepNode): number => now().drawing.sizes[node.id]?.height ?? heightOf(node);

/** A place for a step between the ends of a wire; what stands at or below the lower end moves down to make room. */
export function roomBetween(edge: Edge, id: string): Places {
  const { drawing, design } = now();
  const [from, to] = [drawing.places[edge.from], drawing.places[edge.to]];
  const source = design.nodes.find((node) => node.id === edge.from);
  if (!from || !to || !source) return {};
  const y = from.y + heightAt(source) + rowGap;
  const x = to.y > from.y ? to.x : Math.round((from.x + to.x) / 2);
  const missing = to.y > from.y ? y + nodeHeight + rowGap - to.y : 0;
  const beside = placesWithin(source.parent);
  const below = missing > 0 ? Object.keys(beside).filter((step) => step !== id && (beside[step]?.y ?? 0) >= to.y) : [];
  const moves = (step: string) => below.some((each) => step === each || step.startsWith(`${each}.`));
  const moved = Object.fromEntries(Object.entries(drawing.places).filter(([step]) => moves(step)).map(([step, at]) => [step, { x: at.x, y: at.y + missing }]));
  const { [id]: _own, ...others } = { ...beside, ...Object.fromEntries(below.flatMap((step) => (moved[step] ? [[step, moved[step]]] : []))) };
  return { ...moved, [id]: freePlace({ x, y: Math.round(y + Math.max(0, -missing) / 2) }, others, drawing.sizes) };
}

function placeFor({ after, into }: Where): Point {
  const { drawing, design } = now();
  const source = drawing.places[after?.step ?? ''];
  const node = design.nodes.find((each) => each.id === after?.step);
  if (source && node) return freePlace({ x: source.x, y: source.y + heightAt(node) + rowGap }, placesWithin(node.parent), drawing.sizes);
  const here = design.nodes.filter((each) => each.parent === into);
  const bottoms = here.map((each) => (drawing.places[each.id]?.y ?? 0) + heightAt(each));
  const left = Math.min(...here.map((each) => drawing.places[each.id]?.x ?? 0));
  return freePlace({ x: Number.isFinite(left) ? left : 0, y: Math.max(0, ...bottoms) + rowGap }, placesWithin(into), drawing.sizes);
}
