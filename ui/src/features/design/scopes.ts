/** Copying, pasting, grouping and moving between groups: what is asked of the text, and what is told about it. */
import type { Design } from '@/generated/Design';
import type { EditNote } from '@/generated/EditNote';
import type { EditOp } from '@/generated/EditOp';
import { freePlace, heightOf, isContainer, nameOf, rowGap, type Places } from '@/shared/canvas';
import { toast } from '@/shared/ui';
import { useCanvas } from './canvasState';
import { copyText, groupsFor, lastOf, outermost, parentOf, remove } from './ops';
import { apply, now } from './store';

/** What was copied last, and where from: where the system's clipboard may not be read, a paste still works here. */
let lastCopied = { text: '', ids: [] as string[] };

const steps = (count: number): string => (count === 1 ? '1 step' : `${count} steps`);

/** What happened besides; what was lost stands out. */
function tell(what: string, notes: EditNote[]): void {
  const [first, ...more] = notes.filter((note) => note.loss).map((note) => note.message);
  if (!first) toast(notes.length ? `${what}. ${notes.map((note) => note.message).slice(0, 2).join(' ')}` : `${what}.`);
  else toast(`${what}. ${first}${more.length ? ` And ${more.length} more like this.` : ''}`, 'retrying');
}

export function copy(): boolean {
  const { design, selected } = now();
  const text = copyText(design, selected);
  if (!text) return false;
  lastCopied = { text, ids: outermost(selected) };
  navigator.clipboard.writeText(text).catch(() => undefined);
  toast(`${steps(lastCopied.ids.length)} copied as YAML.`);
  return true;
}

export async function cut(): Promise<void> {
  if (!copy()) return;
  lastCopied.ids = [];
  await apply(remove(now().selected), { select: [] });
}

/** Into the group that is selected, unless it is what was copied; else beside what is selected. */
export async function paste(): Promise<void> {
  const text = await navigator.clipboard.readText().catch(() => lastCopied.text);
  if (!text.trim()) {
    toast('The clipboard is empty.', 'retrying');
    return;
  }
  const { design, selected } = now();
  const only = design.nodes.find((node) => selected.length === 1 && node.id === selected[0]);
  const inside = only && isContainer(only) && !lastCopied.ids.includes(only.id);
  await put(text, inside ? only.id : parentOf(design, selected));
}

export async function duplicate(): Promise<void> {
  const { design, selected } = now();
  await put(copyText(design, selected), parentOf(design, selected));
}

async function put(yaml: string, into: string | null): Promise<void> {
  const from = outermost(now().selected);
  const done = await apply([{ op: 'paste', yaml, into }], { select: 'added', places: (added, design) => beside(from, added, design) });
  if (done) tell(`${steps(done.added.length)} pasted${into ? ` into \`${into}\`` : ''}`, done.notes);
}

/** Beside what they are copies of, in a drawing in which a person has placed something. */
function beside(from: string[], added: string[], design: Design): Places {
  const { drawing, layout } = now();
  if (!Object.keys(layout).length || from.length !== added.length) return {};
  const taken: Places = { ...drawing.places };
  return Object.fromEntries(added.flatMap((id, index) => {
    const original = drawing.places[from[index] ?? ''];
    const node = design.nodes.find((each) => each.id === id);
    if (!original || !node || isContainer(node)) return [];
    const at = freePlace({ x: original.x + 24, y: original.y + heightOf(node) + rowGap / 2 }, taken, drawing.sizes);
    taken[id] = at;
    return [[id, at]];
  }));
}

/** Moves steps to the end of a group, or of the workflow. */
export async function moveInto(ids: string[], into: string | null, places?: Places): Promise<boolean> {
  const { design } = now();
  const after = lastOf(design, into, ids);
  const moving = outermost(ids).filter((id) => parentOf(design, [id]) !== into);
  // Each goes directly behind the same step, so the last one goes first.
  const ops = moving.map((id): EditOp => ({ op: 'move_step', id, into, after })).reverse();
  if (!ops.length) return false;
  const done = await apply(ops, { select: 'added', places: places ? (added) => zip(ops, added, places) : undefined });
  if (done) tell(`${steps(ops.length)} moved ${into ? `into \`${into}\`` : 'out of the group'}`, done.notes);
  return done !== null;
}

/** The places that dragged steps were given, by their new names. */
function zip(ops: EditOp[], added: string[], places: Places): Places {
  const renamed = ops.map((op, index) => [op.op === 'move_step' ? op.id : '', added[index] ?? ''] as const);
  return Object.fromEntries(Object.entries(places).flatMap(([id, at]) => {
    const moved = renamed.find(([from]) => id === from || id.startsWith(`${from}.`));
    return moved ? [[moved[1] + id.slice(moved[0].length), at]] : [];
  }));
}

export async function group(): Promise<void> {
  const ids = outermost(now().selected);
  if (!ids.length) {
    toast('Select the steps that are to be one group.', 'retrying');
    return;
  }
  const done = await apply([{ op: 'group_steps', ids, id: null }], { select: 'added' });
  if (done) tell(`${steps(ids.length)} grouped as \`${done.added[0] ?? ''}\``, done.notes);
}

export async function ungroup(): Promise<void> {
  const { design, selected } = now();
  const [only] = design.nodes.filter((node) => selected.includes(node.id) && isContainer(node));
  if (!only) {
    toast('Select the group that is to go.', 'retrying');
    return;
  }
  const done = await apply([{ op: 'ungroup', id: only.id }], { select: 'added' });
  if (done) tell(`Group \`${nameOf(only)}\` dissolved`, done.notes);
}

/** Out of the innermost group around the selection, into the one around that. */
export async function moveOut(): Promise<void> {
  const { design, selected } = now();
  const around = parentOf(design, selected);
  if (around === null) toast('The selection is in no group.', 'retrying');
  else await moveInto(selected, parentOf(design, [around]));
}

/** Asks which group the selection goes into. */
export function askForGroup(): void {
  if (now().selected.length) useCanvas.setState({ choosing: true });
  else toast('Select the steps that are to go into a group.', 'retrying');
}

/** The groups that the selection can go into. */
export const groupsForSelection = () => groupsFor(now().design, now().selected);
