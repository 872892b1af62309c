/**
 * The workflow that is being designed. Every change of its text goes through here and can be undone.
 *
 * Invariant: `text` and `layout` are what would be saved; `design` says what `text` means, a moment later.
 * Not here: files (`document.ts`).
 */
import { create } from 'zustand';
import { call } from '@/api';
import type { Design } from '@/generated/Design';
import type { Edited } from '@/generated/Edited';
import type { EditOp } from '@/generated/EditOp';
import type { WorkflowDocument } from '@/generated/WorkflowDocument';
import { draw, noDrawing, type Drawing, type Places } from '@/shared/canvas';
import { complain } from '@/shared/ui';
import { noHistory, remember, sameLayout, stepBack, stepForward, type History, type Snapshot } from './history';

export type Mode = 'design' | 'code' | 'split';
export interface Base extends Snapshot {
  revision: string | null;
}

export interface DesignState extends Snapshot {
  path: string;
  base: Base;
  design: Design;
  history: History;
  drawing: Drawing;
  selected: string[];
  selectedEdge: string | null;
  mode: Mode;
  /** A line to bring into view in the code; a new object asks again. */
  reveal: { line: number } | null;
  /** The file as somebody else left it while there were unsaved edits here; `removed` when it is gone. */
  elsewhere: WorkflowDocument | 'removed' | null;
  saving: boolean;
  savedAt: number | null;
}

export const useDesign = create<DesignState | { path: null }>(() => ({ path: null }));

/** The state of the open workflow. Components below the designer's frame exist only while one is open. */
export function useOpen<T>(select: (state: DesignState) => T): T {
  return useDesign((state) => select(state as DesignState));
}
export const now = (): DesignState => useDesign.getState() as DesignState;
export const patch = (change: Partial<DesignState>): void => useDesign.setState(change as DesignState);

export function isDirty(state: Snapshot & { base: Base }): boolean {
  return state.text !== state.base.text || !sameLayout(state.layout, state.base.layout);
}

let queue: Promise<unknown> = Promise.resolve();

/** Does one thing after the other, so that no operation works on a text that another is changing. */
export function inOrder<T>(task: () => Promise<T>): Promise<T> {
  const next = queue.then(task, task);
  queue = next.catch(() => undefined);
  return next;
}

interface ApplyOptions {
  /** Quick successions with the same tag are undone together. */
  tag?: string;
  /** Positions given by a person; those of added steps by their names. */
  places?: Places | ((added: string[], design: Design) => Places);
  /** Steps to select afterwards: by name, or what was added. */
  select?: string[] | 'added';
}

/** Applies operations to the text. Resolves to what came of it, or to null: then the refusal is shown. */
export function apply(ops: EditOp[], options: ApplyOptions = {}): Promise<Edited | null> {
  return inOrder(async () => {
    try {
      for (;;) {
        const before = now().text;
        const edited = await call('edit_workflow', { text: before, ops, path: now().path });
        if (now().text !== before) continue;
        const { design, added } = edited;
        learn(design);
        const places = typeof options.places === 'function' ? options.places(added, design) : options.places;
        const layout = layoutAfter(ops, places, added);
        commit({ text: design.text, layout }, options.tag ?? null, design);
        const select = options.select === 'added' ? added : options.select;
        if (select) patch({ selected: select, selectedEdge: null });
        return edited;
      }
    } catch (error) {
      complain(error);
      return null;
    }
  });
}

/** Steps keep their place under a new name, in a group or out of it. Once a person places one step, all others stay where they are seen. */
function layoutAfter(ops: EditOp[], placed: Places | undefined, added: string[]): Places {
  const state = now();
  let layout: Places = placed && Object.keys(placed).length ? { ...state.drawing.places, ...state.layout } : { ...state.layout };
  for (const [from, to] of ops.flatMap((op, index) => newNames(op, added[index], added))) {
    layout = Object.fromEntries(Object.entries(layout).flatMap(([id, at]) => {
      if (id !== from && !id.startsWith(`${from}.`)) return [[id, at]];
      return to === null ? [] : [[to + id.slice(from.length), at]];
    }));
  }
  return { ...layout, ...placed };
}

/** What steps are called after an operation; null: gone. Steps that change their scope do so alone, so `added` lists them in order. */
function newNames(op: EditOp, first: string | undefined, added: string[]): [string, string | null][] {
  const inside = (id: string) => now().design.nodes.filter((node) => node.parent === id).map((node) => node.id);
  switch (op.op) {
    case 'remove_step': return [[op.id, null]];
    case 'rename_step': return [[op.id, renamedTo(op.id, op.to)]];
    case 'move_step': return first === undefined ? [] : [[op.id, first]];
    case 'group_steps': return op.ids.map((id) => [id, `${added[0] ?? ''}.${id.slice(id.lastIndexOf('.') + 1)}`]);
    case 'ungroup': return [...inside(op.id).map((id, index): [string, string | null] => [id, added[index] ?? null]), [op.id, null]];
    default: return [];
  }
}

/** The whole id of a step in a group, after its own part of it has changed. */
export function renamedTo(id: string, to: string): string {
  return id.includes('.') && !to.includes('.') ? `${id.slice(0, id.lastIndexOf('.'))}.${to}` : to;
}

/** Moves steps. */
export function place(places: Places): void {
  const state = now();
  commit({ text: state.text, layout: { ...state.drawing.places, ...state.layout, ...places } }, null, state.design);
}

/** Forgets all places: everything is laid out anew. */
export function layOutAll(): void {
  const state = now();
  if (Object.keys(state.layout).length) commit({ text: state.text, layout: {} }, null, state.design);
  else void redraw();
}

let analysis: ReturnType<typeof setTimeout> | null = null;

/** A change typed into the text. What it means is asked for once typing pauses. */
export function type(text: string): void {
  if (text === now().text) return;
  commit({ text, layout: now().layout }, 'typing', null);
  if (analysis) clearTimeout(analysis);
  analysis = setTimeout(() => void analyse(), 150);
}

/** A change of the text as one step of history: a quick fix, the file from elsewhere. */
export function replace(snapshot: Snapshot, design: Design | null): void {
  commit(snapshot, null, design);
  if (!design) void analyse();
}

function commit(next: Snapshot, tag: string | null, design: Design | null): void {
  const state = now();
  if (next.text === state.text && sameLayout(next.layout, state.layout)) return;
  patch({ ...next, history: remember(state.history, { text: state.text, layout: state.layout }, tag, Date.now()), ...(design ? { design } : {}) });
  if (design) void redraw();
}

export function undo(): void {
  const state = now();
  travel(stepBack(state.history, state));
}

export function redo(): void {
  const state = now();
  travel(stepForward(state.history, state));
}

function travel(step: { history: History; to: Snapshot } | null): void {
  if (!step) return;
  patch({ history: step.history, text: step.to.text, layout: step.to.layout });
  void analyse();
}

/** Designs of texts seen lately, so that undo needs no question. */
const known = new Map<string, Design>();
function learn(design: Design): void {
  known.set(design.text, design);
  const oldest = known.keys().next();
  if (known.size > 60 && !oldest.done) known.delete(oldest.value);
}

async function analyse(): Promise<void> {
  const { text, path } = now();
  try {
    const design = known.get(text) ?? (await call('analyze_workflow', { text, path }));
    learn(design);
    const state = now();
    if (state.path !== path || state.text !== text) return;
    const ids = new Set(design.nodes.map((node) => node.id));
    patch({ design, selected: state.selected.filter((id) => ids.has(id)), selectedEdge: null });
    void redraw();
  } catch (error) {
    complain(error);
  }
}

let drawn = 0;

/** Finds places for the steps that nobody has placed. */
export async function redraw(): Promise<void> {
  drawn += 1;
  const ticket = drawn;
  const { design, layout, path } = now();
  try {
    const drawing = await draw(design, layout);
    if (ticket === drawn && useDesign.getState().path === path) patch({ drawing });
  } catch (error) {
    complain(error);
  }
}

export function select(steps: string[], edge: string | null = null): void {
  const state = now();
  const same = steps.length === state.selected.length && steps.every((id) => state.selected.includes(id)) && edge === state.selectedEdge;
  if (!same) patch({ selected: steps, selectedEdge: edge });
}

/** Shows a place of the text, and the step that is there. */
export function show(line: number, step?: string): void {
  const state = now();
  patch({ reveal: { line }, ...(step && state.design.nodes.some((node) => node.id === step) ? { selected: [step], selectedEdge: null } : {}) });
}

/** A document as it was read, without history. */
export function freshState(document: WorkflowDocument): DesignState {
  const snapshot = { text: document.design.text, layout: document.layout.nodes as Places };
  learn(document.design);
  return {
    path: document.path,
    base: { ...snapshot, revision: document.revision },
    ...snapshot,
    design: document.design,
    history: noHistory,
    drawing: noDrawing,
    selected: [],
    selectedEdge: null,
    mode: 'design',
    reveal: null,
    elsewhere: null,
    saving: false,
    savedAt: null,
  };
}
