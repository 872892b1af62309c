/** The workflow as this run runs it, read-only, with the states of its steps laid over. */
import { Background, BackgroundVariant, ReactFlow, useReactFlow, type Node } from '@xyflow/react';
import { useEffect, useMemo, useRef, useState, type FocusEvent } from 'react';
import type { StepStatus } from '@/generated/StepStatus';
import { boxOf, CanvasControls, edgeId, fitOptions, handleOf, inPort, kindOf, nameOf, runNodeWidth, walk, type Direction } from '@/shared/canvas';
import { useShortcuts } from '@/shared/keyboard';
import { colourOf, LoadingRows, StatusIcon, statusName } from '@/shared/ui';
import { RunEdge, type RunWire } from './RunEdge';
import { designPath, isTop } from './paths';
import { RunGroup, RunNode, type RunBox } from './RunNode';
import { now, selectStep, useRun } from './store';

const nodeTypes = { step: RunNode, frame: RunGroup };
const edgeTypes = { wire: RunEdge };

export function RunCanvas() {
  const document = useRun((state) => state.document);
  const drawing = useRun((state) => state.drawing);
  const selected = useRun((state) => state.selected);
  const { zoomIn, zoomOut, fitView } = useReactFlow();
  useShortcuts({
    ArrowDown: () => step('down'),
    ArrowUp: () => step('up'),
    ArrowLeft: () => step('left'),
    ArrowRight: () => step('right'),
    '+': () => void zoomIn(),
    '=': () => void zoomIn(),
    '-': () => void zoomOut(),
    '0': () => void fitView(fitOptions),
  });

  const nodes = useMemo((): RunBox[] => (document?.design.nodes ?? []).flatMap((step) => {
    const absolute = drawing.places[step.id];
    const around = step.parent === undefined ? { x: 0, y: 0 } : drawing.places[step.parent];
    if (!absolute || !around) return [];
    const title = nameOf(step);
    const size = drawing.sizes[step.id];
    const box = size ? boxOf(step, size.width, size.height) : boxOf(step, runNodeWidth);
    const handled = document?.design.edges.some((edge) => edge.from === step.id && edge.port === 'failed') ?? false;
    return [{
      id: step.id, type: size ? ('frame' as const) : ('step' as const), parentId: step.parent, position: { x: absolute.x - around.x, y: absolute.y - around.y }, ...box,
      selected: selected !== null && step.id === designPath(selected), ariaLabel: title,
      data: { action: step.action, repeat: step.repeat, kind: kindOf(step), title, summary: step.summary, ports: step.ports, handled },
    }];
  }), [document, drawing, selected]);

  const edges = useMemo((): RunWire[] => {
    const steps = new Map(document?.design.nodes.map((node) => [node.id, node]));
    const incoming = new Map<string, number>();
    for (const edge of document?.design.edges ?? []) incoming.set(edge.to, (incoming.get(edge.to) ?? 0) + 1);
    return (document?.design.edges ?? []).map((edge) => ({
      id: edgeId(edge), type: 'wire' as const, source: edge.from, sourceHandle: handleOf(steps.get(edge.from), edge.port), target: edge.to, targetHandle: inPort,
      focusable: false, data: { port: edge.port, implied: edge.implied, merging: (incoming.get(edge.to) ?? 0) > 1, route: drawing.routes[edgeId(edge)] },
    }));
  }, [document, drawing]);

  if (!nodes.length) return <div className="canvas">{document && document.design.nodes.length === 0 ? null : <LoadingRows label="Drawing the run" />}</div>;
  return (
    <div className="canvas read-only" data-testid="canvas" onFocus={onFocus}>
      <ReactFlow<RunBox, RunWire> nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes} nodesDraggable={false} nodesConnectable={false} edgesFocusable={false} disableKeyboardA11y
        elementsSelectable deleteKeyCode={null} selectionKeyCode={null} multiSelectionKeyCode={null} minZoom={0.1} maxZoom={2} onlyRenderVisibleElements={nodes.length > 150}
        onNodeClick={(_, node) => selectDesign(node.id)} onPaneClick={() => selectStep(null)}
        aria-label="Canvas">
        <Background variant={BackgroundVariant.Dots} gap={16} size={2} />
        <Corners />
      </ReactFlow>
      <Legend />
    </div>
  );
}

/** Selects the instance of a step that most calls for attention; one that is selected already stays. */
function selectDesign(id: string): void {
  const { gathered, selected } = now();
  if (selected !== null && designPath(selected) === id) return;
  selectStep(gathered[id]?.path ?? id);
}

/** Selects the step that way. */
function step(direction: Direction): boolean {
  const { document, drawing, selected } = now();
  const next = document && walk(document.design, drawing.places, selected === null ? undefined : designPath(selected), direction);
  if (next) selectDesign(next);
  return Boolean(next);
}

/** Reaching a step with the Tab key selects it. */
function onFocus(event: FocusEvent<HTMLElement>): void {
  const target = event.target as HTMLElement;
  if (target.matches('.react-flow__node:focus-visible')) selectDesign(target.getAttribute('data-id') ?? '');
}

const pauseMs = 400;

/** Zoom and map. The map repaints at most every so often, however fast states change. */
function Corners() {
  const gathered = useRun((state) => state.gathered);
  const [map, setMap] = useState(true);
  const selected = useRun((state) => state.selected);
  const [shown, setShown] = useState(gathered);
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    waiting.current ??= setTimeout(() => {
      waiting.current = null;
      setShown(now().gathered);
    }, pauseMs);
  }, [gathered]);
  useEffect(() => () => { if (waiting.current) clearTimeout(waiting.current); waiting.current = null; }, []);
  const colour = useMemo(() => (node: Node) => (node.type === 'frame' ? 'var(--surface-4)' : mapColour(shown[node.id]?.status)), [shown]);
  // The map remembers the colours it drew: another state of the run is another map.
  const states = useMemo(() => Object.values(shown).map((each) => each.status).join(), [shown]);
  return <CanvasControls map={map} mapKey={states} onMap={setMap} colour={colour} selected={selected === null ? null : designPath(selected)} />;
}

function mapColour(status: StepStatus | undefined): string {
  return !status || status === 'pending' || status === 'skipped' || status === 'cancelled' ? 'var(--edge)' : colourOf(status);
}

const order: StepStatus[] = ['needs_attention', 'needs_approval', 'failed', 'running', 'retrying', 'waiting', 'queued', 'compensating', 'succeeded', 'compensated', 'pending', 'skipped', 'cancelled'];

function Legend() {
  const steps = useRun((state) => state.run.steps);
  const counts = new Map<StepStatus, number>();
  for (const step of steps) if (isTop(step.path)) counts.set(step.status, (counts.get(step.status) ?? 0) + 1);
  return (
    <ul className="legend col xs t2" aria-label="Steps by status">
      {order.filter((status) => counts.has(status)).map((status) => (
        <li key={status} className="row g3"><StatusIcon status={status} size={12} quiet /><span className="num">{counts.get(status)} {statusName[status].toLowerCase()}</span></li>
      ))}
    </ul>
  );
}
