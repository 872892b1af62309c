/** The menu of what is selected on the canvas, the question which group it goes into, and the hint while it is dragged there. */
import { Boxes, ClipboardPaste, Copy, CopyPlus, FolderInput, FolderOutput, Scissors, Trash2, Ungroup } from 'lucide-react';
import type { RefObject } from 'react';
import { isContainer, kindOf, nameOf } from '@/shared/canvas';
import { Dialog, Keys, MenuAt, type MenuItem } from '@/shared/ui';
import { useCanvas } from './canvasState';
import { groupsFor } from './ops';
import { askForGroup, copy, cut, duplicate, group, groupsForSelection, moveInto, moveOut, paste, ungroup } from './scopes';
import { removeSelected } from './shortcuts';
import { now, useOpen } from './store';

const close = () => useCanvas.setState({ menu: null });

export function SelectionMenu() {
  const at = useCanvas((state) => state.menu);
  const selected = useOpen((state) => state.selected);
  const design = useOpen((state) => state.design);
  if (!at) return null;
  const none = selected.length === 0;
  const grouped = design.nodes.some((node) => selected.includes(node.id) && node.parent !== undefined);
  const groups = design.nodes.some((node) => selected.includes(node.id) && isContainer(node));
  const item = (label: string, Icon: typeof Copy, keys: string, onSelect: () => void, disabled = none, more: Partial<MenuItem> = {}): MenuItem =>
    ({ label, icon: <Icon size={14} />, keys: <Keys keys={keys} />, onSelect, disabled, ...more });
  return (
    <MenuAt {...at} label="Selection" onClose={close} items={[
      item('Cut', Scissors, 'Ctrl X', () => void cut()),
      item('Copy', Copy, 'Ctrl C', copy),
      item('Paste', ClipboardPaste, 'Ctrl V', () => void paste(), false),
      item('Duplicate', CopyPlus, 'Ctrl D', () => void duplicate()),
      item('Group selection', Boxes, 'Ctrl G', () => void group(), none, { apart: true }),
      item('Ungroup', Ungroup, 'Ctrl Shift G', () => void ungroup(), !groups),
      item('Move into group…', FolderInput, 'Shift M', askForGroup, none || groupsFor(design, selected).length === 0),
      item('Move out of group', FolderOutput, 'Alt Shift M', () => void moveOut(), !grouped),
      item('Delete', Trash2, 'Delete', () => void removeSelected(), none, { apart: true, danger: true }),
    ]} />
  );
}

/** Which group the selection goes into. */
export function ChooseGroup() {
  const open = useCanvas((state) => state.choosing);
  const count = useOpen((state) => state.selected.length);
  if (!open) return null;
  const shut = () => useCanvas.setState({ choosing: false });
  const choices = groupsForSelection();
  const choose = (id: string) => { shut(); void moveInto(now().selected, id); };
  return (
    <Dialog title={count === 1 ? 'Move the step into a group' : `Move ${count} steps into a group`} onClose={shut}>
      {choices.length === 0 && <p className="sm t2">There is no other group. <Keys keys="Ctrl G" /> makes one of the selection.</p>}
      {choices.map((node, index) => (
        <button key={node.id} type="button" className="pi wide" autoFocus={index === 0} onClick={() => choose(node.id)}>
          <Boxes size={15} aria-hidden />
          <span className="grow ell">{nameOf(node)}</span>
          <span className="xs t3 mono ell">{node.id}</span>
          <span className="xs t3 nowrap">{kindOf(node)}</span>
        </button>
      ))}
    </Dialog>
  );
}

/** At the pointer: where the dragged steps go when they are dropped now. */
export function DropHint({ at }: { at: RefObject<{ x: number; y: number }> }) {
  const into = useCanvas((state) => state.dropGroup);
  const name = useOpen((state) => nameOf(state.design.nodes.find((node) => node.id === into) ?? { id: into ?? '', title: null }));
  if (into === undefined) return null;
  return <div className="pop hint-bubble plain" role="status" style={{ left: at.current.x + 18, top: at.current.y + 16 }}>{into === null ? 'Move out of the group' : `Move into ${name}`}</div>;
}
