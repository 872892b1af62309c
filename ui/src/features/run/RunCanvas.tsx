/** The workflow as this run runs it, read-only, with the states of its steps laid over. */
import { Background, BackgroundVariant, ReactFlow, useReactFlow, type Node } from '@xyflow/react';
import { useEffect, useMemo, useRef, useState, type FocusEvent } from 'react';
import type { StepStatus } from '@/generated/StepStatus';
import { boxOf, CanvasControls, edgeId, fitOptions, handleOf, inPort, runNodeWidth, walk, type Direction } from '@/shared/canvas';
import { useShortcuts } from '@/shared/keyboard';
import { LoadingRows, StatusIcon, statusName } from '@/shared/ui';
import { RunEdge, type RunWire } from './RunEdge';
import { RunNode, type RunBox } from './RunNode';
import { now, selectStep, useRun } from './store';

const nodeTypes = { step: RunNode };
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
    const position = drawing.places[step.id];
    const title = step.title ?? step.id;
    return position ? [{
      id: step.id, type: 'step' as const, position, ...boxOf(step, runNodeWidth), selected: step.id === selected,
      ariaLabel: title, data: { action: step.action, title, summary: step.summary, ports: step.ports, handled: document?.design.edges.some((edge) => edge.from === step.id && edge.port === 'failed') ?? false },
    }] : [];
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
        onNodeClick={(_, node) => selectStep(node.id)} onPaneClick={() => selectStep(null)}
        aria-label="Canvas">
        <Background variant={BackgroundVariant.Dots} gap={16} size={2} />
        <Corners />
      </ReactFlow>
      <Legend />
    </div>
  );
}

/** Selects the step that way. */
function step(direction: Direction): boolean {
  const { document, drawing, selected } = now();
  const next = document && walk(document.design, drawing.places, selected ?? undefined, direction);
  if (next) selectStep(next);
  return Boolean(next);
}

/** Reaching a step with the Tab key selects it. */
function onFocus(event: FocusEvent<HTMLElement>): void {
  const target = event.target as HTMLElement;
  if (target.matches('.react-flow__node:focus-visible')) selectStep(target.getAttribute('data-id'));
}

const pauseMs = 400;

/** Zoom and map. The map repaints at most every so often, however fast states change. */
function Corners() {
  const steps = useRun((state) => state.run.steps);
  const [map, setMap] = useState(true);
  const selected = useRun((state) => state.selected);
  const [shown, setShown] = useState(steps);
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    waiting.current ??= setTimeout(() => {
      waiting.current = null;
      setShown(now().run.steps);
    }, pauseMs);
  }, [steps]);
  useEffect(() => () => { if (waiting.current) clearTimeout(waiting.current); waiting.current = null; }, []);
  const colour = useMemo(() => {
    const byPath = new Map(shown.map((step) => [step.path, step.status]));
    return (node: Node) => colourOf(byPath.get(node.id));
  }, [shown]);
  return <CanvasControls map={map} onMap={setMap} colour={colour} selected={selected} />;
}

function colourOf(status: StepStatus | undefined): string {
  return !status || status === 'pending' || status === 'skipped' || status === 'cancelled' ? 'var(--edge)' : `var(--st-${status})`;
}

const order: StepStatus[] = ['failed', 'running', 'retrying', 'queued', 'succeeded', 'pending', 'skipped', 'cancelled'];

function Legend() {
  const steps = useRun((state) => state.run.steps);
  const counts = new Map<StepStatus, number>();
  for (const step of steps) counts.set(step.status, (counts.get(step.status) ?? 0) + 1);
  return (
    <ul className="legend col xs t2" aria-label="Steps by status">
      {order.filter((status) => counts.has(status)).map((status) => (
        <li key={status} className="row g3"><StatusIcon status={status} size={12} quiet /><span className="num">{counts.get(status)} {statusName[status].toLowerCase()}</span></li>
      ))}
    </ul>
  );
}
