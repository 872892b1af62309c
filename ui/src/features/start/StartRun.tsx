/** Starts a workflow that somebody asked to run: at once when it has no inputs, else after a form. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { call, CallError } from '@/api';
import type { InputField } from '@/generated/InputField';
import { useRunRequest } from '@/shared/commands';
import { navigate } from '@/shared/router';
import { Button, complain, Dialog } from '@/shared/ui';
import { InputRow } from '@/shared/inputs/InputRow';
import { initialTexts, readInputs } from '@/shared/inputs/inputs';

const done = () => useRunRequest.setState({ path: null });

export function StartRun() {
  const path = useRunRequest((state) => state.path);
  return path ? <Starter key={path} path={path} /> : null;
}

function Starter({ path }: { path: string }) {
  const { data, error } = useQuery({ queryKey: ['start', path], queryFn: () => call('open_workflow', { workflow: path }), gcTime: 0, staleTime: 0 });
  const begun = useRef(false);
  const inputs = data?.design.inputs;

  useEffect(() => {
    if (error) {
      complain(error);
      done();
    }
    if (!inputs || inputs.length > 0 || begun.current) return;
    begun.current = true;
    start(path, {}).catch(complain).finally(done);
  }, [error, inputs, path]);

  if (!inputs?.length) return null;
  return <InputsDialog path={path} name={data?.design.id ?? path} inputs={inputs} />;
}

async function start(workflow: string, inputs: Record<string, unknown>): Promise<void> {
  const run = await call('start_run', { workflow, inputs });
  navigate({ view: 'run', id: run.id });
}

function InputsDialog({ path, name, inputs }: { path: string; name: string; inputs: InputField[] }) {
  const [texts, setTexts] = useState(() => initialTexts(inputs));
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async () => {
    const read = readInputs(inputs, texts);
    setProblems(read.problems);
    setRefusal(null);
    if (Object.keys(read.problems).length) return;
    setBusy(true);
    try {
      await start(path, read.values);
      done();
    } catch (error) {
      setRefusal(error instanceof CallError ? error.message : String(error));
      setBusy(false);
    }
  };

  return (
    <Dialog title={`Run ${name}`} onClose={done} testId="run-inputs" footer={
      <>
        <Button onClick={done}>Cancel</Button>
        <Button look="primary" busy={busy} onClick={() => void submit()}>Run</Button>
      </>
    }>
      <form onSubmit={(event) => { event.preventDefault(); void submit(); }} style={{ display: 'grid', gap: 14 }}>
        {inputs.map((input, index) => (
          <InputRow key={input.name} input={input} text={texts[input.name] ?? ''} problem={problems[input.name]} autoFocus={index === 0}
            onChange={(text) => setTexts((all) => ({ ...all, [input.name]: text }))} />
        ))}
        {refusal && <p className="problem-note s-failed" role="alert">{refusal}</p>}
        <input type="submit" hidden />
      </form>
    </Dialog>
  );
}
