/** Two questions that are answered with JSON: the output of a step that is marked as succeeded, and the data of an event. */
import { useState } from 'react';
import { call } from '@/api';
import { CodeEditor } from '@/shared/code/CodeEditor';
import { Button, complain, Dialog, toast } from '@/shared/ui';
import { act } from './retry';
import { now, patch, waitsOf } from './store';

const close = () => patch({ asking: null });

interface AskProps {
  title: string;
  about: string;
  label: string;
  action: string;
  start: string;
  testId: string;
  /** Resolves to whether it worked. */
  onAnswer: (value: unknown) => Promise<boolean>;
}

function AskJson({ title, about, label, action, start, testId, onAnswer }: AskProps) {
  const [text, setText] = useState(start);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      setProblem(`Not valid JSON: ${(error as Error).message}`);
      return;
    }
    setBusy(true);
    if (await onAnswer(value)) close();
    else setBusy(false);
  };
  return (
    <Dialog title={title} onClose={close} testId={testId} footer={
      <>
        <Button onClick={close}>Cancel</Button>
        <Button look="primary" busy={busy} onClick={() => void submit()}>{action}</Button>
      </>
    }>
      <p className="sm" style={{ marginBottom: 10 }}>{about}</p>
      <div className="lab">{label}</div>
      <div className={`field code-field${problem ? ' invalid' : ''}`} style={{ height: '20vh' }}>
        <CodeEditor label={label} language="json" value={text} autoFocus onChange={(next) => { setText(next); setProblem(null); }} />
      </div>
      {problem && <p className="problem-note s-failed" role="alert">{problem}</p>}
    </Dialog>
  );
}

export function MarkSucceeded() {
  const [step] = useState(() => now().byPath[now().selected ?? '']);
  if (!step) return null;
  return (
    <AskJson title={`Mark ${step.title ?? step.path} as succeeded`} about="The run goes on as if the step had ended well with this output. It is recorded who said so." label="Output as JSON" action="Mark as succeeded" start="{}" testId="mark-dialog"
      onAnswer={(output) => act(call('judge_step', { run: now().run.id, step: step.path, output }), 'Marked as succeeded.')} />
  );
}

export function SendEventDialog() {
  const [name] = useState(() => waitsOf(now().events, now().selected ?? '').find((wait) => wait.event !== undefined)?.event);
  if (name === undefined) return null;
  return (
    <AskJson title={`Send the event ${name}`} about="Every step of this run that waits for it, and whose condition the data meets, goes on." label="Data as JSON" action="Send event" start="{}" testId="event-dialog"
      onAnswer={async (data) => {
        try {
          await call('send_event', { run: now().run.id, name, data });
          toast('The event was sent.');
          return true;
        } catch (error) {
          complain(error);
          return false;
        }
      }} />
  );
}
