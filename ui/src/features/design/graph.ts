/** The design as nodes and edges of the canvas library. What has not changed keeps its identity, so that it does not render again. Pure. */
import type { Design } from '@/generated/Design';
import type { Diagnostic } from '@/generated/Diagnostic';
import { boxOf, edgeId, handleOf, inPort, isContainer, kindOf, nameOf, nodeWidth, type Drawing } from '@/shared/canvas';
import type { DesignWire } from './DesignEdge';
import type { DesignStep, StepData } from './DesignNode';

/** Nodes where the drawing has them; what the canvas measured of them before is kept. */
export function nodesOf(design: Design, drawing: Drawing, selected: string[], before: DesignStep[]): DesignStep[] {
  const old = new Map(before.map((node) => [node.id, node]));
  const chosen = new Set(selected);
  const handled = new Set(design.edges.flatMap((edge) => (edge.port === 'failed' ? [edge.from] : [])));
  const problems = worstProblems(design.diagnostics);
  return design.nodes.flatMap((step) => {
    const absolute = drawing.places[step.id];
    const around = step.parent === undefined ? { x: 0, y: 0 } : drawing.places[step.parent];
    if (!absolute || !around) return [];
    const position = { x: absolute.x - around.x, y: absolute.y - around.y };
    const size = drawing.sizes[step.id];
    if (isContainer(step) && !size) return [];
    const box = size ? boxOf(step, size.width, size.height) : boxOf(step, nodeWidth);
    const known = old.get(step.id);
    const data = kept(known?.data, {
      repeat: step.repeat,
      kind: kindOf(step),
      action: step.action,
      title: nameOf(step),
      summary: step.summary,
      ports: step.ports,
      handled: handled.has(step.id),
      problem: problems.get(step.id) ?? null,
    });
    const isSelected = chosen.has(step.id);
    if (known && known.data === data && known.position.x === position.x && known.position.y === position.y && known.selected === isSelected && known.parentId === step.parent && known.width === box.width && known.height === box.height) return [known];
    return [{ ...known, ...box, id: step.id, parentId: step.parent, type: size ? ('frame' as const) : ('step' as const), position, selected: isSelected, ariaLabel: `${data.title}, ${data.kind}`, data }];
  });
}

/** The problem that a step shows: its first error, else its first warning. */
function worstProblems(diagnostics: Diagnostic[]): Map<string, StepData['problem']> {
  const worst = new Map<string, StepData['problem']>();
  for (const { step, severity, message } of diagnostics) {
    if (!step || severity === 'hint') continue;
    if (!worst.has(step) || (severity === 'error' && worst.get(step)?.severity !== 'error')) worst.set(step, { severity, message });
  }
  return worst;
}

function kept(before: StepData | undefined, data: StepData): StepData {
  return before && JSON.stringify(before) === JSON.stringify(data) ? before : data;
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
