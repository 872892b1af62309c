/**
 * Automatic places for steps: a layered drawing from top to bottom, computed in a worker. Steps that a person placed
 * stay where they are unless everything is asked for.
 */
import ELK, { type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { Edge } from '@/generated/Edge';
import type { Point } from '@/generated/Point';
import type { StepNode } from '@/generated/StepNode';
import { anyPort, columnGap, edgeId, emptyGroup, groupHead, groupPad, handleOf, heightOf, nodeWidth, portPlaces, rowGap, type Size } from './geometry';
import { drawInLayers } from './layers';

export type Places = Record<string, Point>;
/** Corners of wires that a drawing of the whole found; they hold while nothing has moved. */
export type Routes = Record<string, Point[]>;
export interface Drawing {
  /** Of every step, from the canvas's origin, also of those in containers. */
  places: Places;
  routes: Routes;
  /** Of the containers. */
  sizes: Record<string, Size>;
}

export const noDrawing: Drawing = { places: {}, routes: {}, sizes: {} };

type Graph = { nodes: Pick<StepNode, 'id' | 'ports' | 'parent' | 'action'>[]; edges: Edge[] };
type Measure = (node: Graph['nodes'][number]) => Size;

const options = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.spacing.nodeNodeBetweenLayers': String(rowGap),
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.spacing.nodeNode': String(columnGap),
  'elk.spacing.edgeNode': '18',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.separateConnectedComponents': 'true',
  'elk.spacing.componentComponent': String(columnGap),
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
};

let engine: InstanceType<typeof ELK> | null = null;

/** Places for all steps; those in `placed` are kept. A container stands around its steps wherever they are. */
export async function draw(graph: Graph, placed: Places = {}, width = nodeWidth): Promise<Drawing> {
  const scopes = scopesOf(graph);
  return (await drawScope(undefined, graph, scopes, placed, width)).drawing;
}

/** The steps of each container; those of the workflow itself under undefined. */
function scopesOf(graph: Graph): Map<string | undefined, Graph['nodes']> {
  const scopes = new Map<string | undefined, Graph['nodes']>();
  for (const node of graph.nodes) {
    scopes.set(node.parent, [...(scopes.get(node.parent) ?? []), node]);
    if (isContainer(node) && !scopes.has(node.id)) scopes.set(node.id, []);
  }
  return scopes;
}

export const isContainer = (node: Pick<StepNode, 'action'>): boolean => node.action === 'steps';

interface Scope {
  drawing: Drawing;
  /** Around everything in it; null when it is empty. */
  box: (Point & Size) | null;
  /** Some of it was placed, so the whole stays where it is. */
  fixed: boolean;
}

async function drawScope(id: string | undefined, graph: Graph, scopes: Map<string | undefined, Graph['nodes']>, placed: Places, width: number): Promise<Scope> {
  const nodes = scopes.get(id) ?? [];
  const inner = new Map<string, Scope>();
  for (const node of nodes) if (isContainer(node)) inner.set(node.id, await drawScope(node.id, graph, scopes, placed, width));
  const measure: Measure = (node) => {
    const scope = inner.get(node.id);
    return scope ? around(scope.box) : { width, height: heightOf(node) };
  };
  const own = new Set(nodes.map((node) => node.id));
  const scope: Graph = { nodes, edges: graph.edges.filter((edge) => own.has(edge.from) && own.has(edge.to)) };
  const known: Places = {};
  for (const node of nodes) {
    const part = inner.get(node.id);
    const at = part?.fixed && part.box ? { x: part.box.x - groupPad, y: part.box.y - groupHead } : placed[node.id];
    if (at) known[node.id] = at;
  }
  const shallow = await drawFlat(scope, known, measure);
  const drawing: Drawing = { places: { ...shallow.places }, routes: { ...shallow.routes }, sizes: {} };
  for (const [group, part] of inner) {
    drawing.sizes[group] = around(part.box);
    Object.assign(drawing.sizes, part.drawing.sizes);
    const at = drawing.places[group];
    if (at) moveInto(drawing, part, at);
  }
  return { drawing, box: boundsOf(nodes, drawing, measure), fixed: Object.keys(known).length > 0 };
}

/** Puts the drawing of a container's steps where the container stands. */
function moveInto(drawing: Drawing, { drawing: part, box }: Scope, at: Point): void {
  const by = box ? { x: at.x + groupPad - box.x, y: at.y + groupHead - box.y } : { x: 0, y: 0 };
  const moved = (point: Point) => ({ x: point.x + by.x, y: point.y + by.y });
  for (const [step, place] of Object.entries(part.places)) drawing.places[step] = moved(place);
  for (const [edge, route] of Object.entries(part.routes)) drawing.routes[edge] = route.map(moved);
}

function around(box: Size | null): Size {
  if (!box) return emptyGroup;
  return { width: Math.max(emptyGroup.width, box.width + 2 * groupPad), height: box.height + groupHead + groupPad };
}

function boundsOf(nodes: Graph['nodes'], { places }: Drawing, measure: Measure): (Point & Size) | null {
  const all = nodes.flatMap((node) => (places[node.id] ? [{ ...(places[node.id] as Point), ...measure(node) }] : []));
  if (!all.length) return null;
  const [x, y] = [Math.min(...all.map((each) => each.x)), Math.min(...all.map((each) => each.y))];
  return { x, y, width: Math.max(...all.map((each) => each.x + each.width)) - x, height: Math.max(...all.map((each) => each.y + each.height)) - y };
}

async function drawFlat(graph: Graph, placed: Places, measure: Measure): Promise<Omit<Drawing, 'sizes'>> {
  const known = graph.nodes.filter((node) => placed[node.id]);
  if (known.length === graph.nodes.length) return { places: pick(placed, graph), routes: {} };
  const whole = await drawAll(graph, measure);
  return known.length === 0 ? whole : { places: fit(graph, whole.places, placed, measure), routes: {} };
}

/** Beyond this many steps the careful drawing takes longer than a person waits. */
const large = 250;

async function drawAll(graph: Graph, measure: Measure): Promise<Omit<Drawing, 'sizes'>> {
  if (graph.nodes.length > large) {
    const sizes = graph.nodes.map((node) => ({ id: node.id, ...measure(node) }));
    const width = Math.max(...sizes.map((size) => size.width));
    return { places: drawInLayers(sizes, graph.edges, { width, column: columnGap, row: rowGap }), routes: {} };
  }
  engine ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  const laid = await engine.layout(elkGraph(graph, measure));
  const places: Places = {};
  const routes: Routes = {};
  for (const node of laid.children ?? []) places[node.id] = { x: Math.round(node.x ?? 0), y: Math.round(node.y ?? 0) };
  for (const edge of laid.edges ?? []) {
    const section = edge.sections?.[0];
    if (section) routes[edge.id] = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
  }
  return { places, routes };
}

function elkGraph({ nodes, edges }: Graph, measure: Measure): ElkNode {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return {
    id: 'root',
    layoutOptions: options,
    children: nodes.map((node) => {
      const { width, height } = measure(node);
      return {
        id: node.id,
        width,
        height,
        layoutOptions: { 'elk.portConstraints': 'FIXED_POS' },
        ports: [...portPlaces(node, width, height)].map(([port, at]) => ({
          id: portId(node.id, port),
          width: 0,
          height: 0,
          x: at.x,
          y: at.y,
          layoutOptions: { 'elk.port.side': port === 'in' ? 'NORTH' : port === 'failed' ? 'EAST' : 'SOUTH' },
        })),
      };
    }),
    edges: edges
      .filter((edge) => byId.has(edge.from) && byId.has(edge.to) && edge.from !== edge.to)
      .map((edge): ElkExtendedEdge => {
        const source = byId.get(edge.from);
        const handle = handleOf(source, edge.port);
        const known = source && (handle === 'failed' || handle === anyPort || source.ports.includes(handle) || handle === 'succeeded');
        return { id: edgeId(edge), sources: [portId(edge.from, known ? handle : 'failed')], targets: [portId(edge.to, 'in')] };
      }),
  };
}

const portId = (node: string, port: string) => `${node}:${port}`;

function pick(places: Places, { nodes }: Graph): Places {
  return Object.fromEntries(nodes.flatMap(({ id }) => (places[id] ? [[id, places[id]]] : [])));
}

/** Puts new steps where the whole drawing has them relative to a neighbour that is placed, moved aside until free. */
export function fit(graph: Graph, ideal: Places, placed: Places, measure: Measure = (node) => ({ width: nodeWidth, height: heightOf(node) })): Places {
  const result = pick(placed, graph);
  const sizes = Object.fromEntries(graph.nodes.map((node) => [node.id, measure(node)]));
  const waiting = graph.nodes.filter((node) => !result[node.id]).sort((a, b) => (ideal[a.id]?.y ?? 0) - (ideal[b.id]?.y ?? 0));
  while (waiting.length) {
    const next = Math.max(0, waiting.findIndex((node) => neighbourOf(node.id, graph, result)));
    const [node] = waiting.splice(next, 1);
    if (!node) break;
    const neighbour = neighbourOf(node.id, graph, result);
    const [wish, anchor, from] = [ideal[node.id], neighbour && result[neighbour], neighbour && ideal[neighbour]];
    const at = wish && anchor && from ? { x: anchor.x + wish.x - from.x, y: anchor.y + wish.y - from.y } : below(result, graph, measure);
    result[node.id] = freePlace(at, result, sizes, measure(node));
  }
  return result;
}

/** A step before or after this one that has a place. */
function neighbourOf(id: string, graph: Graph, places: Places): string | undefined {
  return graph.edges.find((edge) => edge.to === id && places[edge.from])?.from ?? graph.edges.find((edge) => edge.from === id && places[edge.to])?.to;
}

function below(places: Places, graph: Graph, measure: Measure): Point {
  const all = graph.nodes.flatMap((node) => (places[node.id] ? [{ at: places[node.id] as Point, node }] : []));
  const bottom = Math.max(...all.map(({ at, node }) => at.y + measure(node).height));
  return { x: Math.min(...all.map(({ at }) => at.x)), y: bottom + rowGap };
}

const plain: Size = { width: nodeWidth, height: 60 };

/** The place that is wished for, moved aside until nothing else is there. */
export function freePlace(wish: Point, places: Places, sizes: Record<string, Size> = {}, own: Size = plain): Point {
  const at = { x: Math.round(wish.x), y: Math.round(wish.y) };
  const gap = 8;
  const inTheWay = () => Object.entries(places).some(([id, other]) => {
    const { width, height } = sizes[id] ?? plain;
    return other.x < at.x + own.width + gap && at.x < other.x + width + gap && other.y < at.y + own.height + gap && at.y < other.y + height + gap;
  });
  for (let tries = 0; inTheWay() && tries < 200; tries += 1) at.x += nodeWidth + columnGap;
  return at;
}
