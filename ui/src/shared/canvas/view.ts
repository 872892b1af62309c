/** What part of the drawing is in view: the whole at first, and later whatever is selected. */
import { useNodesInitialized, useReactFlow, useStore, useStoreApi } from '@xyflow/react';
import { useEffect, useRef } from 'react';

/** Whoever asked the system for less movement gets jumps. */
const calm = typeof matchMedia !== 'undefined' && matchMedia('(prefers-reduced-motion: reduce)').matches;
const moveMs = calm ? 0 : 260;
export const fitOptions = { padding: 0.12, maxZoom: 1, duration: moveMs } as const;
/** Below this the names cannot be read: a drawing that large is shown from its top instead. */
const smallest = 0.42;
const readable = 0.75;
/** Below this zoom steps lose what cannot be seen anyway. */
const far = 0.5;

/** Shows the drawing once it is there and the canvas has its size. */
export function useFirstFit(): void {
  const sized = useStore((state) => state.width > 0 && state.height > 0 && state.nodes.length > 0);
  const measured = useNodesInitialized();
  const done = useRef(false);
  const store = useStoreApi();
  const { fitView, getNodes, getNodesBounds, setViewport } = useReactFlow();
  useEffect(() => {
    if (!sized || !measured || done.current) return;
    done.current = true;
    const { width, height } = store.getState();
    const bounds = getNodesBounds(getNodes());
    if (Math.min(width / bounds.width, height / bounds.height) * 0.88 >= smallest) void fitView({ ...fitOptions, duration: 0 });
    else {
      const top = getNodesBounds(getNodes().filter((node) => node.position.y <= bounds.y + 40));
      void setViewport({ zoom: readable, x: width / 2 - (top.x + top.width / 2) * readable, y: 32 - bounds.y * readable });
    }
  }, [sized, measured, fitView, getNodes, getNodesBounds, setViewport, store]);
}

/** Brings a step into view when it is not. */
export function useReveal(id: string | null | undefined): void {
  const store = useStoreApi();
  const { setCenter } = useReactFlow();
  useEffect(() => {
    const { nodeLookup, transform: [left, top, zoom], width, height } = store.getState();
    const node = id ? nodeLookup.get(id) : undefined;
    if (!node || width === 0) return;
    const { x, y } = node.internals.positionAbsolute;
    const [w, h] = [node.measured.width ?? 0, node.measured.height ?? 0];
    const inView = x * zoom + left >= 0 && y * zoom + top >= 0 && (x + w) * zoom + left <= width && (y + h) * zoom + top <= height;
    if (!inView) void setCenter(x + w / 2, y + h / 2, { zoom: Math.max(zoom, smallest), duration: moveMs });
  }, [id, store, setCenter]);
}

/** Marks the canvas while it is far out. */
export function useDistance(): void {
  const isFar = useStore((state) => state.transform[2] < far);
  const store = useStoreApi();
  useEffect(() => {
    store.getState().domNode?.classList.toggle('far', isFar);
  }, [isFar, store]);
}
