/** Retries a step with an edited input. What was changed is sent as a merge patch, for this retry only. */
import { useEffect, useState } from 'react';
import { call, messageOf } from '@/api';
import { CodeEditor } from '@/shared/code/CodeEditor';
import { Button, Dialog } from '@/shared/ui';
import { mergePatch } from './mergePatch';
import { retry } from './retry';
import { now, patch } from './store';
import { heldBack } from './values';

type Input = Record<string, unknown>;
const close = () => patch({ asking: null });

export function EditInput() {
  const [step] = useState(() => now().byPath[now().selected ?? '']);
  const [original, setOriginal] = useState<Input | null>(null);
  const [script, setScript] = useState<string | null>(null);
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    whole(now().run.id, step?.input ?? {}).then(
      (value) => {
        const { run, ...rest } = value as Input;
        setOriginal(value as Input);
        // A script is edited as the text it is; everything else as JSON.
        setScript(typeof run === 'string' ? run : null);
        setText(JSON.stringify(typeof run === 'string' ? rest : value, null, 2));
      },
      (error: unknown) => setProblem(messageOf(error)),
    );
  }, [step]);

  const submit = async () => {
    const read = readInput(text);
    if (typeof read === 'string') {
      setProblem(read);
      return;
    }
    if (!step || !original) return;
    setBusy(true);
    const edited = script === null ? read : { run: script, ...read };
    if (await retry(step.path, mergePatch(original, edited) ?? {})) close();
    setBusy(false);
  };
  return (
    <Dialog title={`Edit the input of ${step?.title ?? step?.id ?? 'the step'}`} wide onClose={close} testId="edit-input" footer={
      <>
        <Button onClick={close}>Cancel</Button>
        <Button look="primary" busy={busy} disabled={!original} onClick={() => void submit()}>Retry with this input</Button>
      </>
    }>
      <p className="sm" style={{ marginBottom: 10 }}>The resolved input of the last attempt. Changes hold for this retry; the workflow's file stays as it is.</p>
      {original && script !== null && (
        <div style={{ marginBottom: 12 }}>
          <div className="lab">Script</div>
          <div className="field code-field" style={{ height: '20vh' }}><CodeEditor label="Script" language="shell" value={script} onChange={setScript} /></div>
        </div>
      )}
      {original && (
        <>
          <div className="lab">{script === null ? 'Input as JSON' : 'The rest of the input, as JSON'}</div>
          <div className={`field code-field${problem ? ' invalid' : ''}`} style={{ height: script === null ? '40vh' : '22vh' }}>
            <CodeEditor label="Input as JSON" language="json" value={text} autoFocus onChange={(next) => { setText(next); setProblem(null); }} />
          </div>
        </>
      )}
      {problem && <p className="problem-note s-failed" role="alert">{problem}</p>}
    </Dialog>
  );
}

/** The object that a text is, or why it is none. */
function readInput(text: string): Input | string {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Input) : 'The input must stay an object.';
  } catch (error) {
    return `Not valid JSON: ${(error as Error).message}`;
  }
}

/** The value with everything that was held back for its size. */
async function whole(run: string, value: unknown): Promise<unknown> {
  const held = heldBack(value);
  if (held) return whole(run, JSON.parse((await call('get_value', { run, hash: held.hash })).json));
  if (Array.isArray(value)) return Promise.all(value.map((each) => whole(run, each)));
  if (value && typeof value === 'object') return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([key, each]) => [key, await whole(run, each)])));
  return value;
}
