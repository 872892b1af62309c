/** Retries a step with an edited input. What was changed is sent as a merge patch, for this retry only. */
import { useEffect, useState } from 'react';
import { call, messageOf } from '@/api';
import { CodeEditor } from '@/shared/code/CodeEditor';
import { Button, Dialog } from '@/shared/ui';
import { mergePatch } from './mergePatch';
import { retry } from './retry';
import { now, patch } from './store';
import { heldBack } from './values';

const close = () => patch({ asking: null });

export function EditInput() {
  const [step] = useState(() => now().byPath[now().selected ?? '']);
  const [original, setOriginal] = useState<unknown>(undefined);
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    whole(now().run.id, step?.input ?? {}).then(
      (value) => { setOriginal(value); setText(JSON.stringify(value, null, 2)); },
      (error: unknown) => setProblem(messageOf(error)),
    );
  }, [step]);

  const submit = async () => {
    let edited: unknown;
    try {
      edited = JSON.parse(text);
    } catch (error) {
      setProblem(`Not valid JSON: ${(error as Error).message}`);
      return;
    }
    if (!step || edited === null || typeof edited !== 'object' || Array.isArray(edited)) {
      setProblem('The input must stay an object.');
      return;
    }
    setBusy(true);
    const change = mergePatch(original, edited);
    if (await retry(step.path, change === undefined ? {} : change)) close();
    setBusy(false);
  };
  return (
    <Dialog title={`Edit the input of ${step?.title ?? step?.id ?? 'the step'}`} wide onClose={close} testId="edit-input" footer={
      <>
        <Button onClick={close}>Cancel</Button>
        <Button look="primary" busy={busy} disabled={original === undefined} onClick={() => void submit()}>Retry with this input</Button>
      </>
    }>
      <p className="sm" style={{ marginBottom: 8 }}>The resolved input of the last attempt. Changes hold for this retry; the workflow's file stays as it is.</p>
      <div className={`field code-field${problem ? ' invalid' : ''}`} style={{ height: '42vh' }}>
        <CodeEditor label="Input as JSON" language="json" value={text} onChange={(next) => { setText(next); setProblem(null); }} />
      </div>
      {problem && <p className="problem-note s-failed" role="alert">{problem}</p>}
    </Dialog>
  );
}

/** The value with everything that was held back for its size. */
async function whole(run: string, value: unknown): Promise<unknown> {
  const held = heldBack(value);
  if (held) return whole(run, JSON.parse((await call('get_value', { run, hash: held.hash })).json));
  if (Array.isArray(value)) return Promise.all(value.map((each) => whole(run, each)));
  if (value && typeof value === 'object') return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([key, each]) => [key, await whole(run, each)])));
  return value;
}
