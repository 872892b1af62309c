/** The designer's shortcuts that need no canvas, and what they do. */
import { call } from '@/api';
import { requestRun } from '@/shared/commands';
import { freePlace, heightOf, rowGap, type Places } from '@/shared/canvas';
import { useShortcuts } from '@/shared/keyboard';
import { complain, toast } from '@/shared/ui';
import { save } from './document';
import { copyText, outermost, pasteOps, wrapCopied } from './ops';
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
  if (selected.length) await apply(outermost(selected).map((id) => ({ op: 'remove_step', id, heal: true })), { select: [] });
}

/** What was copied last: where the system's clipboard may not be read, a paste still works here. */
let lastCopied = '';

function copy(): boolean {
  const text = copyText(now().design, now().selected);
  if (!text) return false;
  lastCopied = text;
  navigator.clipboard.writeText(text).catch(() => undefined);
  toast('Copied as YAML.');
  return true;
}

const clipboard = (): Promise<string> => navigator.clipboard.readText().catch(() => lastCopied);

async function paste(text: string): Promise<void> {
  const design = await call('analyze_workflow', { text: wrapCopied(text) });
  const known = design.nodes.filter((node) => node.parent !== undefined || node.action !== 'unknown');
  if (!known.length) {
    toast('The clipboard holds no steps.', 'retrying');
    return;
  }
  const { ids, ops, renamed } = pasteOps(now().design, { ...design, nodes: known });
  await apply(ops, { places: placesForPasted(renamed), select: ids });
}

/** Beside the originals when they are here, else below everything. */
function placesForPasted(renamed: Map<string, string>): Places {
  const { drawing, design } = now();
  const taken: Places = { ...drawing.places };
  const result: Places = {};
  const bottom = Math.max(0, ...design.nodes.map((node) => (drawing.places[node.id]?.y ?? 0) + heightOf(node) + rowGap));
  let row = 0;
  for (const [from, to] of renamed) {
    const original = drawing.places[from];
    const at = freePlace(original ? { x: original.x + 208, y: original.y } : { x: 0, y: bottom + (row += 1) * 80 }, taken);
    result[to] = at;
    taken[to] = at;
  }
  return result;
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
    'Ctrl+D': (event) => (isText(event) || !now().selected.length ? false : void paste(copyText(now().design, now().selected)).catch(complain)),
    'Ctrl+C': (event) => (isText(event) || !now().selected.length ? false : copy()),
    'Ctrl+X': (event) => (isText(event) || !now().selected.length ? false : copy() && void removeSelected()),
    'Ctrl+V': (event) => (isText(event) ? false : void clipboard().then(paste).catch(complain)),
  });
}

function isText(event: KeyboardEvent): boolean {
  const target = event.target;
  if (window.getSelection()?.toString()) return true;
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
