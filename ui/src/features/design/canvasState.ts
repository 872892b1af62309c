/** View state of the designer's canvas that is nobody else's: the hovered wire, what is dragged, the quick search. */
import { create } from 'zustand';
import type { Edge } from '@/generated/Edge';
import type { Point } from '@/generated/Point';
import type { Exit, Template } from './ops';

/** A search for a step to add, opened at a place of the screen. */
export interface QuickAdd {
  screen: Point;
  /** Where the step is put, in canvas units; null lets the layout decide. */
  at: Point | null;
  into?: string;
  after?: Exit;
  edge?: Edge;
}

interface CanvasState {
  hovered: string | null;
  dropTarget: string | null;
  quick: QuickAdd | null;
  dragged: { template: Template; x: number; y: number } | null;
  map: boolean;
  /** Where dragged steps would go when they are dropped: into this group, or out of theirs (null). Undefined: they stay. */
  dropGroup: string | null | undefined;
  /** Where the menu of the selection is open. */
  menu: Point | null;
  /** Whether it is asked which group the selection goes into. */
  choosing: boolean;
}

export const useCanvas = create<CanvasState>(() => ({ hovered: null, dropTarget: null, quick: null, dragged: null, map: true, dropGroup: undefined, menu: null, choosing: false }));

let leaving: ReturnType<typeof setTimeout> | null = null;

/** Points at a wire. Leaving it waits a moment, so that the pointer can reach the button on it. */
export function hover(edge: string | null): void {
  if (leaving) clearTimeout(leaving);
  if (edge) useCanvas.setState({ hovered: edge });
  else leaving = setTimeout(() => useCanvas.setState({ hovered: null }), 160);
}

/** The wire at a place of the screen. */
export function edgeAt(x: number, y: number): string | null {
  for (const element of document.elementsFromPoint(x, y)) {
    const id = element.closest('.react-flow__edge')?.getAttribute('data-id') ?? element.closest<HTMLElement>('[data-splice]')?.dataset.splice;
    if (id) return id;
  }
  return null;
}

/** Whether a place of the screen is on the canvas (and not on something above it). */
export function overCanvas(x: number, y: number): boolean {
  return document.elementFromPoint(x, y)?.closest('[data-canvas]') !== null && document.elementFromPoint(x, y) !== null;
}
