/** The file behind the designer: opening, saving, and what others do to it meanwhile. Unsaved edits survive leaving the view. */
import { call, CallError } from '@/api';
import type { WorkflowDocument } from '@/generated/WorkflowDocument';
import type { Places } from '@/shared/canvas';
import { complain, toast } from '@/shared/ui';
import { sameLayout } from './history';
import { freshState, inOrder, isDirty, now, patch, redraw, replace, useDesign, type DesignState } from './store';

/** Unsaved workflows that are not on screen. */
const drafts = new Map<string, DesignState>();

/** The text that is on its way to the file: the news of it may come before the answer, and is no news. */
let writing: string | null = null;

export async function open(path: string): Promise<void> {
  const document = await call('open_workflow', { workflow: path }).catch((error: unknown) => {
    // A draft must survive even when its file is gone.
    if (drafts.has(path) && error instanceof CallError && error.code === 'not_found') return null;
    throw error;
  });
  const draft = drafts.get(path);
  drafts.delete(path);
  useDesign.setState(draft ?? freshState(document as WorkflowDocument), true);
  void redraw();
  if (draft) meet(document ?? 'removed');
}

/** Leaves the view; what is unsaved is kept for the next time. */
export function leave(path: string): void {
  const state = useDesign.getState();
  if (state.path !== path) return;
  if (isDirty(state)) drafts.set(path, { ...state, saving: false });
  useDesign.setState({ path: null }, true);
}

export function anythingUnsaved(): boolean {
  const state = useDesign.getState();
  return drafts.size > 0 || (state.path !== null && isDirty(state));
}

/** Writes the file. Resolves to whether it is saved. */
export function save(overwrite = false): Promise<boolean> {
  // What is being typed into a form counts: leaving the field hands it over.
  if (document.activeElement instanceof HTMLElement && document.activeElement.closest('[data-form]')) document.activeElement.blur();
  return inOrder(async () => {
    const { path, text, layout, base } = now();
    if (!overwrite && !isDirty(now()) && base.revision !== null) return true;
    patch({ saving: true });
    writing = text;
    try {
      const saved = await call('save_workflow', { path, text, layout: sameLayout(layout, base.layout) ? null : { nodes: layout }, base_revision: overwrite ? null : base.revision });
      if (useDesign.getState().path === path) {
        patch({ base: { revision: saved.revision, text: saved.design.text, layout }, elsewhere: null, savedAt: Date.now() });
      }
      return true;
    } catch (error) {
      if (error instanceof CallError && error.code === 'conflict') await lookAgain();
      else complain(error);
      return false;
    } finally {
      writing = null;
      if (useDesign.getState().path === path) patch({ saving: false });
    }
  });
}

/** The file may have changed: reads it again. */
export async function lookAgain(): Promise<void> {
  const path = useDesign.getState().path;
  if (!path) return;
  try {
    const theirs = await call('open_workflow', { workflow: path });
    if (useDesign.getState().path === path) meet(theirs);
  } catch (error) {
    if (useDesign.getState().path !== path) return;
    if (error instanceof CallError && error.code === 'not_found') meet('removed');
    else complain(error);
  }
}

/** What the file is now, against what is on screen. */
function meet(theirs: WorkflowDocument | 'removed'): void {
  const state = now();
  if (theirs === 'removed') {
    patch({ elsewhere: 'removed', base: { ...state.base, revision: null } });
    return;
  }
  if (theirs.revision === state.base.revision) {
    patch({ elsewhere: null });
    return;
  }
  const base = { revision: theirs.revision, text: theirs.design.text, layout: theirs.layout.nodes as Places };
  if (theirs.design.text === writing || theirs.design.text === state.text) patch({ base: { ...base, layout: state.base.layout }, elsewhere: null });
  else if (isDirty(state)) patch({ elsewhere: theirs });
  else {
    replace(base, theirs.design);
    patch({ base, elsewhere: null });
    toast('The file was changed elsewhere; this is the new version.');
  }
}

/** Takes the file as it is on disk; undo brings the own version back. */
export function takeTheirs(theirs: WorkflowDocument): void {
  const base = { revision: theirs.revision, text: theirs.design.text, layout: theirs.layout.nodes as Places };
  replace(base, theirs.design);
  patch({ base, elsewhere: null });
}
