/** All shortcuts. */
import { Dialog, Keys } from '@/shared/ui';

const groups: [string, [string, string][]][] = [
  ['Everywhere', [['Commands', 'Ctrl K'], ['Workflows', 'G W'], ['Runs', 'G R'], ['Last failed run', 'G F'], ['Settings', 'Ctrl ,'], ['Shortcuts', '?'], ['Close, deselect', 'Esc']]],
  ['Run', [['Retry step', 'R'], ['Edit input and retry', 'Shift R'], ['Skip, mark as succeeded', 'S M'], ['Pause, cancel run', 'P X'], ['Next, previous step', 'J K'], ['Along the wires', '↑ ↓ ← →'], ['Logs, data, events', '1 2 3'], ['Zoom, fit', '+ - 0']]],
  ['Designer', [['Find a step to add', '/'], ['Add at the pointer', 'A'], ['Insert after selection', 'Enter'], ['Delete', 'Delete'], ['Undo', 'Ctrl Z'], ['Redo', 'Ctrl Shift Z'], ['Save', 'Ctrl S'], ['Run', 'Ctrl Enter'], ['Copy, paste steps', 'Ctrl C V'], ['Duplicate', 'Ctrl D'], ['Select all', 'Ctrl A']]],
  ['Designer views', [['Auto layout of everything', 'Shift L'], ['Along the wires', '↑ ↓ ← →'], ['Nudge', 'Alt ↑ ↓ ← →'], ['Next problem', 'F8'], ['Design, code, split', 'Ctrl 1 2 3'], ['Zoom, fit', '+ - 0']]],
];

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Shortcuts" onClose={onClose} wide>
      <div className="keys">
        {groups.map(([name, lines]) => (
          <section key={name}>
            <h3>{name}</h3>
            {lines.map(([what, keys]) => <div key={what} className="line"><span>{what}</span><Keys keys={keys} /></div>)}
          </section>
        ))}
      </div>
    </Dialog>
  );
}
