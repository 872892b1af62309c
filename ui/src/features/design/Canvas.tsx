/** The canvas of the designer: what is drawn, and what gestures on it do. Not here: what they mean for the text (`ops.ts`). */
import {
  Background, BackgroundVariant, ReactFlow, SelectionMode, useNodesState, useReactFlow,
  type Connection, type FinalConnectionState, type NodeChange, type OnConnectStart,
} from '@xyflow/react';
import { Workflow } from 'lucide-react';
import { useCallback, useEffect, useMemo, useRef, type FocusEvent, type MouseEvent } from 'react';
import { CanvasControls, fitOptions, walk, type Direction, type Places } from '@/shared/canvas';
import { useShortcuts } from '@/shared/keyboard';
import { complain, Keys, State, toast } from '@/shared/ui';
import { afterSelection, canvasPoint, containerAt, findEdge, groupUnder, lendCoordinates, roomBetween } from './adding';
import { edgeAt, hover, useCanvas, type QuickAdd as QuickSearch } from './canvasState';
import { ConnectHint } from './ConnectHint';
import { DesignEdge } from './DesignEdge';
import { DesignGroup, DesignNode, type DesignStep } from './DesignNode';
import { edgesOf, nodesOf } from './graph';
import { canSplice, connectOp, spliceOps, whyNot } from './ops';
import { QuickAdd } from './QuickAdd';
import { moveInto } from './scopes';
import { DropHint, SelectionMenu } from './SelectionMenu';
import { apply, now, place, select, useOpen } from './store';

const nodeTypes = { step: DesignNode, frame: DesignGroup };
const edgeTypes = { wire: DesignEdge };

export function Canvas() {
  const design = useOpen((state) => state.design);
  const drawing = useOpen((state) => state.drawing);
  const selected = useOpen((state) => state.selected);
  const selectedEdge = useOpen((state) => state.selectedEdge);
  const mode = useOpen((state) => state.mode);
  const map = useCanvas((state) => state.map);
  const [nodes, setNodes, changeNodes] = useNodesState<DesignStep>([]);
  const edges = useMemo(() => edgesOf(design, drawing, selectedEdge), [design, drawing, selectedEdge]);
  const pointer = useRef({ x: 0, y: 0 });
  const exit = useRef<{ step: string; handle: string } | null>(null);
  const { screenToFlowPosition, zoomIn, zoomOut, fitView } = useReactFlow();

  useEffect(() => setNodes((before) => nodesOf(design, drawing, selected, before)), [design, drawing, selected, setNodes]);
  useEffect(() => {
    lendCoordinates(screenToFlowPosition);
    return () => lendCoordinates(null);
  }, [screenToFlowPosition]);

  useEffect(() => {
    // The canvas has another width in the split view.
    const timer = setTimeout(() => void fitView(fitOptions), 60);
    return () => clearTimeout(timer);
  }, [mode, fitView]);

  const onNodesChange = useCallback((changes: NodeChange<DesignStep>[]) => {
    changeNodes(changes);
    const picks = changes.flatMap((change) => (change.type === 'select' ? [change] : []));
    if (!picks.length) return;
    const next = new Set(now().selected);
    for (const { id, selected: on } of picks) on ? next.add(id) : next.delete(id);
    select([...next]);
  }, [changeNodes]);

  const onDrag = (_: unknown, node: DesignStep, moved: DesignStep[]) => {
    const edge = findEdge(edgeAt(pointer.current.x, pointer.current.y));
    const at = canvasPoint(pointer.current);
    const dropTarget = edge && canSplice(now().design, node.id, edge) ? `${edge.from}.${edge.port ?? '*'}>${edge.to}` : null;
    useCanvas.setState({ dropTarget, dropGroup: at && !dropTarget ? groupUnder(at, moved.map((each) => each.id)) : undefined });
  };
  const onDragStop = (_: unknown, node: DesignStep, moved: DesignStep[]) => {
    const { dropTarget, dropGroup } = useCanvas.getState();
    const edge = findEdge(dropTarget);
    useCanvas.setState({ dropTarget: null, dropGroup: undefined });
    const places = placesOf(moved);
    if (dropGroup !== undefined) {
      // What nobody has placed is laid out anew in its group; what is refused goes back to where it was.
      const given = Object.keys(now().layout).length ? places : undefined;
      const back = () => setNodes((before) => nodesOf(now().design, now().drawing, now().selected, before));
      void moveInto(moved.map((each) => each.id), dropGroup, given).then((done) => { if (!done) back(); });
    } else if (edge && moved.length === 1) void apply(spliceOps(edge, node.id), { places: { ...places, ...roomBetween(edge, node.id) } });
    else place(places);
  };

  const onConnectStart: OnConnectStart = (_, from) => {
    exit.current = from.nodeId && from.handleId && from.handleType === 'source' ? { step: from.nodeId, handle: from.handleId } : null;
  };
  const onConnect = ({ source, sourceHandle, target }: Connection) => {
    const from = { step: source, handle: sourceHandle ?? 'succeeded' };
    const reason = whyNot(now().design, from, target);
    if (reason) toast(reason, 'failed');
    else void apply([connectOp(now().design, from, target)]);
  };
  const onConnectEnd = (event: globalThis.MouseEvent | TouchEvent, state: FinalConnectionState) => {
    const from = exit.current;
    exit.current = null;
    if (!from || state.isValid) return;
    if (state.toNode) {
      const reason = state.toHandle ? whyNot(now().design, from, state.toNode.id) : null;
      if (reason) toast(reason, 'failed');
      return;
    }
    const at = 'clientX' in event ? { x: event.clientX, y: event.clientY } : { x: event.changedTouches[0]?.clientX ?? 0, y: event.changedTouches[0]?.clientY ?? 0 };
    openQuickAdd(at, { after: from });
  };
  const isValid = useCallback((wire: { source: string; sourceHandle?: string | null; target: string }) =>
    whyNot(now().design, { step: wire.source, handle: wire.sourceHandle ?? 'succeeded' }, wire.target) === null, []);

  useShortcuts({
    A: () => openQuickAdd(pointer.current),
    I: () => openQuickAdd(centreOfSelection() ?? pointer.current, afterSelection()),
    '+': () => void zoomIn(),
    '=': () => void zoomIn(),
    '-': () => void zoomOut(),
    '0': () => void fitView(fitOptions),
    Enter: (event) => (event.target === document.body || (event.target as HTMLElement).closest('.react-flow__node') ? openQuickAdd(centreOfSelection() ?? pointer.current, afterSelection()) : false),
    ArrowDown: () => step('down'),
    ArrowUp: () => step('up'),
    ArrowLeft: () => step('left'),
    ArrowRight: () => step('right'),
  });

  // Reaching a step or a wire with the Tab key selects it.
  const onFocus = (event: FocusEvent<HTMLElement>) => {
    const target = event.target as HTMLElement;
    if (!target.matches(':focus-visible')) return;
    const id = target.getAttribute('data-id');
    if (id && target.classList.contains('react-flow__node')) select([id]);
    if (id && target.classList.contains('react-flow__edge')) select([], id);
  };
  const onMenu = (event: MouseEvent, node: DesignStep) => {
    if (!now().selected.includes(node.id)) select([node.id]);
    openMenu(event);
  };
  const onDoubleClick = (event: MouseEvent) => {
    if ((event.target as HTMLElement).classList.contains('react-flow__pane')) openQuickAdd({ x: event.clientX, y: event.clientY });
  };
  return (
    <div className="canvas" data-canvas data-testid="canvas" onPointerMove={(event) => { pointer.current = { x: event.clientX, y: event.clientY }; }} onDoubleClick={onDoubleClick} onFocus={onFocus}>
      <ReactFlow<DesignStep> nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes as never} onNodesChange={onNodesChange}
        onNodeDrag={onDrag} onNodeDragStop={onDragStop} onConnect={onConnect} onConnectStart={onConnectStart} onConnectEnd={onConnectEnd} isValidConnection={isValid}
        onEdgeClick={(_, edge) => select([], edge.id)} onPaneClick={() => select([])} onNodeContextMenu={onMenu} onSelectionContextMenu={(event) => openMenu(event)} onPaneContextMenu={(event) => openMenu(event as MouseEvent)} onEdgeMouseEnter={(_, edge) => hover(edge.id)} onEdgeMouseLeave={() => hover(null)}
        onError={(_, message) => complain(message)} connectionRadius={26} deleteKeyCode={null} disableKeyboardA11y selectionMode={SelectionMode.Partial} zoomOnDoubleClick={false}
        minZoom={0.1} maxZoom={2} snapToGrid snapGrid={[8, 8]} onlyRenderVisibleElements={nodes.length > 150} elevateNodesOnSelect={false} aria-label="Canvas">
        <Background variant={BackgroundVariant.Dots} gap={16} size={2} />
        <CanvasControls map={map} onMap={(shown) => useCanvas.setState({ map: shown })} colour={(node) => (node.selected ? 'var(--accent)' : node.type === 'frame' ? 'var(--surface-4)' : 'var(--edge)')} selected={selected.length === 1 ? selected[0] : null} />
      </ReactFlow>
      {design.nodes.length === 0 && <Empty />}
      <QuickAdd />
      <ConnectHint />
      <DropHint at={pointer} />
      <SelectionMenu />
    </div>
  );
}

/** At the pointer; of the key for menus, below the step. */
function openMenu(event: MouseEvent | globalThis.MouseEvent): void {
  event.preventDefault();
  const below = event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : centreOfSelection();
  useCanvas.setState({ menu: below ?? { x: window.innerWidth / 2, y: window.innerHeight / 2 } });
}

function openQuickAdd(screen: { x: number; y: number }, where: Pick<QuickSearch, 'after' | 'edge'> = {}): void {
  const at = canvasPoint(screen);
  useCanvas.setState({ quick: { screen, into: at ? containerAt(at) : undefined, at: at && { x: at.x - 88, y: at.y - 21 }, ...where } });
}

/** Where moved steps stand from the canvas's origin; what is in a container goes with it. */
function placesOf(moved: DesignStep[]): Places {
  const { design, drawing } = now();
  const places: Places = {};
  for (const { id, parentId, position } of moved) {
    const around = parentId ? drawing.places[parentId] : undefined;
    const before = drawing.places[id];
    if (!before) continue;
    const at = { x: Math.round(position.x + (around?.x ?? 0)), y: Math.round(position.y + (around?.y ?? 0)) };
    places[id] = at;
    for (const inner of design.nodes) {
      const place = inner.id.startsWith(`${id}.`) ? drawing.places[inner.id] : undefined;
      if (place) places[inner.id] = { x: place.x + at.x - before.x, y: place.y + at.y - before.y };
    }
  }
  return places;
}

/** Selects the step that way. */
function step(direction: Direction): boolean {
  const { design, drawing, selected } = now();
  const next = walk(design, drawing.places, selected[0], direction);
  if (next) select([next]);
  return next !== null;
}

function centreOfSelection(): { x: number; y: number } | null {
  const box = document.querySelector('.react-flow__node.selected')?.getBoundingClientRect();
  return box ? { x: box.left + box.width / 2, y: box.bottom + 10 } : null;
}

function Empty() {
  return (
    <div className="canvas-empty">
      <State icon={<Workflow size={18} />} title="No steps yet">
        Drag a step from the left, or press <Keys keys="A" /> to add one here.
      </State>
    </div>
  );
}
