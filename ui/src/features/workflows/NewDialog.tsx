/** Asks for the name of a new workflow, makes its file and opens it. */
import { useState } from 'react';
import { call } from '@/api';
import type { WorkflowSummary } from '@/generated/WorkflowSummary';
import { navigate } from '@/shared/router';
import { Button, Dialog } from '@/shared/ui';

export function NewDialog({ taken, onClose }: { taken: WorkflowSummary[]; onClose: () => void }) {
  const [name, setName] = useState('');
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const id = name.trim().replace(/\s+/g, '-');
  const problem = problemOf(id, taken);

  const create = async () => {
    if (!id || problem) return;
    setBusy(true);
    try {
      const document = await call('create_workflow', { id, text: null });
      onClose();
      navigate({ view: 'design', path: document.path });
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };

  const note = (id && problem) || refusal;
  return (
    <Dialog title="New workflow" onClose={onClose} footer={
      <>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" busy={busy} disabled={!id || problem !== null} onClick={() => void create()}>Create</Button>
      </>
    }>
      <form onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <label className="lab" htmlFor="new-name">Name</label>
        <input id="new-name" className="field" autoFocus value={name} placeholder="release-notes" spellCheck={false} aria-invalid={note ? true : undefined} aria-describedby="new-note"
          onChange={(event) => { setName(event.target.value); setRefusal(null); }} />
        <p id="new-note" className={note ? 'problem-note s-failed' : 'xs t3'} style={{ marginTop: 6 }} role={note ? 'alert' : undefined}>
          {note ?? <>Letters, digits, <span className="mono">-</span> and <span className="mono">_</span>. The file will be <span className="mono">workflows/{id || 'name'}.yaml</span>.</>}
        </p>
      </form>
    </Dialog>
  );
}

function problemOf(id: string, taken: WorkflowSummary[]): string | null {
  if (id && !/^[A-Za-z0-9_-]+$/.test(id)) return 'Only letters, digits, - and _ can stand in a name.';
  if (taken.some((workflow) => workflow.id === id || workflow.path === `workflows/${id}.yaml`)) return `There is already a workflow named ${id}.`;
  return null;
}
