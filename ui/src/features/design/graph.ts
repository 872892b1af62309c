/** The design as nodes and edges of the canvas library. Pure. */
import type { Design } from '@/generated/Design';
import { boxOf, edgeId, handleOf, inPort, nodeWidth, type Drawing } from '@/shared/canvas';
import type { DesignWire } from './DesignEdge';
import type { DesignStep } from './DesignNode';

/** Nodes where the drawing has them; what the canvas measured of them before is kept. */
export function nodesOf(design: Design, drawing: Drawing, selected: string[], before: DesignStep[]): DesignStep[] {
  const old = new Map(before.map((node) => [node.id, node]));
  return design.nodes.flatMap((step) => {
    const position = drawing.places[step.id];
    if (!position) return [];
    const title = step.title ?? step.id;
    return [{
      ...old.get(step.id),
      id: step.id,
      type: 'step' as const,
      position,
      ...boxOf(step, nodeWidth),
      selected: selected.includes(step.id),
      ariaLabel: `${title}, ${step.action}`,
      data: { action: step.action, title, summary: step.summary, ports: step.ports },
    }];
  });
}

export function edgesOf(design: Design, drawing: Drawing, selected: string | null): DesignWire[] {
  const byId = new Map(design.nodes.map((node) => [node.id, node]));
  const incoming = new Map<string, number>();
  for (const edge of design.edges) incoming.set(edge.to, (incoming.get(edge.to) ?? 0) + 1);
  const seen = new Set<string>();
  return design.edges.flatMap((edge) => {
    const id = edgeId(edge);
    if (seen.has(id) || !byId.has(edge.from) || !byId.has(edge.to)) return [];
    seen.add(id);
    return [{
      id,
      type: 'wire' as const,
      source: edge.from,
      sourceHandle: handleOf(byId.get(edge.from), edge.port),
      target: edge.to,
      targetHandle: inPort,
      selected: id === selected,
      ariaLabel: `Wire from ${edge.from}${edge.port ? `, port ${edge.port},` : ''} to ${edge.to}`,
      data: { port: edge.port, implied: edge.implied, merging: (incoming.get(edge.to) ?? 0) > 1, route: drawing.routes[id] },
    }];
  });
}
