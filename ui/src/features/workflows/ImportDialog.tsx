/** Makes workflows of a file of another tool: the file, then what became of it, then saving. Overwrites nothing. */
import { FileInput } from 'lucide-react';
import { useRef, useState } from 'react';
import { call, client, keys } from '@/api';
import type { ImportedWorkflows } from '@/generated/ImportedWorkflows';
import { navigate } from '@/shared/router';
import { Button, Dialog, toast } from '@/shared/ui';
import { ImportReport } from './ImportReport';

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('pasted.yaml');
  const [text, setText] = useState('');
  const [imported, setImported] = useState<ImportedWorkflows | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const picker = useRef<HTMLInputElement>(null);

  const guarded = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(messageOf(error));
    }
    setBusy(false);
  };
  const pick = (file: File | undefined) => file && guarded(async () => {
    setText(await file.text());
    setName(file.name);
  });
  const read = () => guarded(async () => setImported(await call('import_workflow', { name, text })));
  const save = () => guarded(async () => {
    const files = imported?.files ?? [];
    for (const file of files) {
      await call('create_workflow', { id: file.path.replace(/^workflows\/|\.yaml$/g, ''), text: file.text });
    }
    void client.invalidateQueries({ queryKey: keys.workflows });
    toast(files.length === 1 ? `Made ${files[0]?.path}.` : `Made ${files.length} workflows.`);
    onClose();
    if (files.length === 1 && files[0]) navigate({ view: 'design', path: files[0].path });
  });

  const taken = imported?.files.some((file) => file.taken_by !== null) ?? false;
  return (
    <Dialog title="Import a workflow" wide onClose={onClose} testId="import" footer={imported ? (
      <>
        <Button onClick={() => { setImported(null); setProblem(null); }}>Back</Button>
        <Button look="primary" autoFocus busy={busy} disabled={taken} onClick={() => void save()}>Save</Button>
      </>
    ) : (
      <>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" busy={busy} disabled={!text.trim()} onClick={() => void read()}>Translate</Button>
      </>
    )}>
      {imported ? <ImportReport imported={imported} /> : (
        <>
          <p style={{ marginBottom: 10 }}>
            From GitHub Actions, Serverless Workflow 1.0, WfFormat, and files of agents with steps or tools. Nothing is saved before you have seen what became of it.
          </p>
          <span className="row" style={{ gap: 8, marginBottom: 8 }}>
            <Button icon={<FileInput size={14} />} onClick={() => picker.current?.click()}>Choose a file…</Button>
            <span className="sm t3 mono">{text && name}</span>
            <input ref={picker} type="file" hidden aria-label="File to import" accept=".yaml,.yml,.json" onChange={(event) => void pick(event.target.files?.[0])} />
          </span>
          <label className="lab" htmlFor="import-text">Or paste its text</label>
          <textarea id="import-text" className="field mono" autoFocus rows={12} spellCheck={false} value={text} style={{ width: '100%', height: 'auto' }}
            onChange={(event) => { setText(event.target.value); setProblem(null); }} />
        </>
      )}
      {problem && <p className="problem-note s-failed" role="alert">{problem}</p>}
    </Dialog>
  );
}
