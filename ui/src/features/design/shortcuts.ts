/** The designer's shortcuts that need no canvas, and what they do. */
import { requestRun } from '@/shared/commands';
import { useShortcuts } from '@/shared/keyboard';
import { toast } from '@/shared/ui';
import { save } from './document';
import { remove } from './ops';
import { askForGroup, copy, cut, duplicate, group, moveOut, paste, ungroup } from './scopes';
import { apply, layOutAll, now, patch, place, redo, select, show, undo } from './store';

/** Saves, then asks for the run. */
export async function runIt(): Promise<void> {
  if (now().design.diagnostics.some((d) => d.severity === 'error')) {
    toast('The workflow has errors; they are listed below.', 'failed');
    return;
  }
  const { path } = now();
  if (await save()) requestRun(path);
}

export async function removeSelected(): Promise<void> {
  const { selected, selectedEdge, design } = now();
  if (selectedEdge) {
    const edge = design.edges.find((each) => `${each.from}.${each.port ?? '*'}>${each.to}` === selectedEdge);
    if (edge?.implied) toast('This wire comes from an expression; change the expression to remove it.', 'retrying');
    else if (edge) await apply([{ op: 'disconnect', from: edge.from, port: edge.port, to: edge.to }]);
    return;
  }
  if (selected.length) await apply(remove(selected), { select: [] });
}

function nudge(x: number, y: number): void {
  const { selected, drawing } = now();
  const moved = Object.fromEntries(selected.flatMap((id) => {
    const at = drawing.places[id];
    return at ? [[id, { x: at.x + x, y: at.y + y }]] : [];
  }));
  if (Object.keys(moved).length) place(moved);
}

function nextProblem(): void {
  const { design, reveal } = now();
  const next = design.diagnostics.find((d) => d.line > (reveal?.line ?? 0)) ?? design.diagnostics[0];
  if (next) show(next.line, next.step);
}

/** A field with something typed and not handed over undoes that itself. */
function fieldHasDraft(event: KeyboardEvent): boolean {
  return event.target instanceof HTMLElement && event.target.dataset.draft === 'true';
}

export function useDesignShortcuts(): void {
  useShortcuts({
    'Ctrl+S': () => void save(),
    'Ctrl+Enter': () => void runIt(),
    'Ctrl+Z': (event) => (fieldHasDraft(event) ? false : undo()),
    'Ctrl+Shift+Z': (event) => (fieldHasDraft(event) ? false : redo()),
    'Ctrl+Y': (event) => (fieldHasDraft(event) ? false : redo()),
    'Ctrl+1': () => patch({ mode: 'design' }),
    'Ctrl+2': () => patch({ mode: 'code' }),
    'Ctrl+3': () => patch({ mode: 'split' }),
    'Shift+L': layOutAll,
    Delete: () => void removeSelected(),
    Backspace: () => void removeSelected(),
    F8: nextProblem,
    Escape: () => select([]),
    'Alt+ArrowUp': () => nudge(0, -16),
    'Alt+ArrowDown': () => nudge(0, 16),
    'Alt+ArrowLeft': () => nudge(-16, 0),
    'Alt+ArrowRight': () => nudge(16, 0),
    'Ctrl+A': (event) => (isText(event) ? false : select(now().design.nodes.map((node) => node.id))),
    'Ctrl+D': (event) => (isText(event) || !now().selected.length ? false : void duplicate()),
    'Ctrl+C': (event) => (isText(event) || !now().selected.length ? false : copy()),
    'Ctrl+X': (event) => (isText(event) || !now().selected.length ? false : void cut()),
    'Ctrl+V': (event) => (isText(event) ? false : void paste()),
    'Ctrl+G': (event) => (isText(event) ? false : void group()),
    'Ctrl+Shift+G': (event) => (isText(event) ? false : void ungroup()),
    'Shift+M': () => askForGroup(),
    'Alt+Shift+M': () => void moveOut(),
  });
}

function isText(event: KeyboardEvent): boolean {
  const target = event.target;
  if (window.getSelection()?.toString()) return true;
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
