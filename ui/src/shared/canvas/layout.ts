/**
 * Automatic places for steps: a layered drawing from top to bottom, computed in a worker. Steps that a person placed
 * stay where they are unless everything is asked for.
 */
import ELK, { type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { Edge } from '@/generated/Edge';
import type { Point } from '@/generated/Point';
import type { StepNode } from '@/generated/StepNode';
import { anyPort, columnGap, edgeId, handleOf, heightOf, nodeWidth, portPlaces, rowGap } from './geometry';
import { drawInLayers } from './layers';

export type Places = Record<string, Point>;
/** Corners of wires that a drawing of the whole found; they hold while nothing has moved. */
export type Routes = Record<string, Point[]>;
export interface Drawing {
  places: Places;
  routes: Routes;
}

type Graph = { nodes: Pick<StepNode, 'id' | 'ports'>[]; edges: Edge[] };

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

/** Places for all steps; those in `placed` are kept. */
export async function draw(graph: Graph, placed: Places = {}, width = nodeWidth): Promise<Drawing> {
  const known = graph.nodes.filter((node) => placed[node.id]);
  if (known.length === graph.nodes.length) return { places: pick(placed, graph), routes: {} };
  const whole = await drawAll(graph, width);
  return known.length === 0 ? whole : { places: fit(graph, whole.places, placed), routes: {} };
}

/** Beyond this many steps the careful drawing takes longer than a person waits. */
const large = 250;

async function drawAll(graph: Graph, width: number): Promise<Drawing> {
  if (graph.nodes.length > large) {
    const shapes = graph.nodes.map((node) => ({ id: node.id, height: heightOf(node) }));
    return { places: drawInLayers(shapes, graph.edges, { width, column: columnGap, row: rowGap }), routes: {} };
  }
  engine ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  const laid = await engine.layout(elkGraph(graph, width));
  const places: Places = {};
  const routes: Routes = {};
  for (const node of laid.children ?? []) places[node.id] = { x: Math.round(node.x ?? 0), y: Math.round(node.y ?? 0) };
  for (const edge of laid.edges ?? []) {
    const section = edge.sections?.[0];
    if (section) routes[edge.id] = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
  }
  return { places, routes };
}

function elkGraph({ nodes, edges }: Graph, width: number): ElkNode {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return {
    id: 'root',
    layoutOptions: options,
    children: nodes.map((node) => ({
      id: node.id,
      width,
      height: heightOf(node),
      layoutOptions: { 'elk.portConstraints': 'FIXED_POS' },
      ports: [...portPlaces(node, width)].map(([port, at]) => ({
        id: portId(node.id, port),
        width: 0,
        height: 0,
        x: at.x,
        y: at.y,
        layoutOptions: { 'elk.port.side': port === 'in' ? 'NORTH' : port === 'failed' ? 'EAST' : 'SOUTH' },
      })),
    })),
    edges: edges
      .filter((edge) => byId.has(edge.from) && byId.has(edge.to) && edge.from !== edge.to)
      .map((edge): ElkExtendedEdge => {
        const source = byId.get(edge.from);
        const handle = handleOf(source, edge.port);
        const known = source && (handle === 'failed' || handle === anyPort || portPlaces(source, width).has(handle));
        return { id: edgeId(edge), sources: [portId(edge.from, known ? handle : 'failed')], targets: [portId(edge.to, 'in')] };
      }),
  };
}

const portId = (node: string, port: string) => `${node}:${port}`;

function pick(places: Places, { nodes }: Graph): Places {
  return Object.fromEntries(nodes.flatMap(({ id }) => (places[id] ? [[id, places[id]]] : [])));
}

/** Puts new steps where the whole drawing has them relative to a neighbour that is placed, moved aside until free. */
export function fit(graph: Graph, ideal: Places, placed: Places): Places {
  const result = pick(placed, graph);
  const waiting = graph.nodes.filter((node) => !result[node.id]).sort((a, b) => (ideal[a.id]?.y ?? 0) - (ideal[b.id]?.y ?? 0));
  while (waiting.length) {
    const next = Math.max(0, waiting.findIndex((node) => neighbourOf(node.id, graph, result)));
    const [node] = waiting.splice(next, 1);
    if (!node) break;
    const neighbour = neighbourOf(node.id, graph, result);
    const [wish, anchor, from] = [ideal[node.id], neighbour && result[neighbour], neighbour && ideal[neighbour]];
    const at = wish && anchor && from ? { x: anchor.x + wish.x - from.x, y: anchor.y + wish.y - from.y } : below(result, graph);
    result[node.id] = freePlace(at, result);
  }
  return result;
}

/** A step before or after this one that has a place. */
function neighbourOf(id: string, graph: Graph, places: Places): string | undefined {
  return graph.edges.find((edge) => edge.to === id && places[edge.from])?.from ?? graph.edges.find((edge) => edge.from === id && places[edge.to])?.to;
}

function below(places: Places, graph: Graph): Point {
  const all = graph.nodes.flatMap((node) => (places[node.id] ? [{ at: places[node.id] as Point, node }] : []));
  const bottom = Math.max(...all.map(({ at, node }) => at.y + heightOf(node)));
  return { x: Math.min(...all.map(({ at }) => at.x)), y: bottom + rowGap };
}

export function freePlace(wish: Point, places: Places): Point {
  const at = { x: Math.round(wish.x), y: Math.round(wish.y) };
  const overlaps = () => Object.values(places).some((other) => Math.abs(other.x - at.x) < nodeWidth + 8 && Math.abs(other.y - at.y) < 60 + 8);
  for (let tries = 0; overlaps() && tries < 200; tries += 1) at.x += nodeWidth + columnGap;
  return at;
}
