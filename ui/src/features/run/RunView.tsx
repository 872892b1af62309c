/** The frame of a run: header, canvas and selected step above; timeline, logs, data and events below. */
import { ReactFlowProvider } from '@xyflow/react';
import { useEffect, useMemo, useState } from 'react';
import { call, CallError } from '@/api';
import type { RunStep } from '@/generated/RunStep';
import { useCommands } from '@/shared/commands';
import { useShortcuts } from '@/shared/keyboard';
import { navigate } from '@/shared/router';
import { useSetTitle } from '@/shared/title';
import { ErrorState, LoadingRows, statusName } from '@/shared/ui';
import { AbsentRun } from './AbsentRun';
import { AmendDialog } from './AmendDialog';
import { CancelDialog } from './CancelDialog';
import { CreateCheckpoint } from './CheckpointDialogs';
import { EditInput } from './EditInput';
import { Header } from './Header';
import { MarkSucceeded, SendEventDialog } from './JsonDialogs';
import { Lower } from './Lower';
import { act, canCancel, canJudge, canPause, canRetry, retry } from './retry';
import { RunCanvas } from './RunCanvas';
import { openRun } from './session';
import { StepPanel } from './StepPanel';
import { now, patch, selectNext, selectStep, useRun, useRunStore } from './store';

export function RunView({ id }: { id: string }) {
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const ready = useRunStore((state) => state.run !== null && state.run.id.startsWith(id));

  useEffect(() => {
    let wanted = true;
    let close = () => undefined as void;
    setError(null);
    openRun(id, () => wanted).then(
      (closing) => { if (wanted) close = closing; else closing(); },
      (problem: unknown) => { if (wanted) setError(problem); },
    );
    return () => {
      wanted = false;
      close();
    };
  }, [id, attempt]);

  if (error instanceof CallError && error.code === 'not_found') {
    return <AbsentRun id={id} message={error.message} onBack={() => setAttempt((n) => n + 1)} />;
  }
  if (error) return <ErrorState title="The run could not be opened" error={error} onRetry={() => setAttempt((n) => n + 1)} />;
  if (!ready) return <LoadingRows label="Opening the run" />;
  return <ReactFlowProvider><Run /></ReactFlowProvider>;
}

function Run() {
  const title = useRun((state) => `${state.run.workflow} #${state.run.number}`);
  const status = useRun((state) => state.run.status);
  const asking = useRun((state) => state.asking);
  useSetTitle(title, `${statusName[status]} · `);

  const retrySelected = () => {
    const { run, selected, byPath } = now();
    if (!canRetry(run)) return false;
    const step = selected ? byPath[selected] : undefined;
    void retry(step?.status === 'failed' || step?.status === 'needs_attention' ? step.path : undefined);
    return true;
  };
  const editInput = () => {
    const { run, selected, byPath } = now();
    if (!selected || byPath[selected]?.status !== 'failed' || !canRetry(run)) return false;
    patch({ asking: 'edit-input' });
    return true;
  };
  const cancel = () => {
    if (!canCancel(now().run)) return false;
    patch({ asking: 'cancel' });
    return true;
  };
  const pause = () => {
    const { run } = now();
    if (canPause(run)) void act(call('pause_run', { run: run.id }), 'Paused: nothing more starts.');
    else if (run.status === 'paused') void act(call('resume_run', { run: run.id }), 'The run goes on.');
    else return false;
    return true;
  };
  const judged = (then: (step: RunStep) => void) => () => {
    const { run, selected, byPath } = now();
    const step = selected ? byPath[selected] : undefined;
    if (!step || !canJudge(run, step)) return false;
    then(step);
    return true;
  };
  useShortcuts({
    R: retrySelected,
    P: pause,
    S: judged((step) => void act(call('judge_step', { run: now().run.id, step: step.path }), 'Skipped.')),
    M: judged(() => patch({ asking: 'mark' })),
    'Shift+R': editInput,
    X: cancel,
    J: () => selectNext(1),
    K: () => selectNext(-1),
    '1': () => patch({ lower: 'logs' }),
    '2': () => patch({ lower: 'data' }),
    '3': () => patch({ lower: 'events' }),
    '4': () => patch({ lower: 'checkpoints' }),
    Escape: () => selectStep(null),
  });
  useCommands(useMemo(() => [
    { id: 'run-retry', title: 'Retry failed', keys: 'R', run: () => { if (canRetry(now().run)) void retry(); } },
    { id: 'run-pause', title: 'Pause or resume this run', keys: 'P', run: () => void pause() },
    { id: 'run-cancel', title: 'Cancel this run', keys: 'X', run: cancel },
    { id: 'run-checkpoint', title: 'Keep the state of this run', run: () => patch({ asking: 'checkpoint' }) },
    { id: 'run-workflow', title: 'Open its workflow', run: () => navigate({ view: 'design', path: now().run.path }) },
  ], []));

  return (
    <div className="run-view">
      <Header />
      <div className="up"><RunCanvas /><StepPanel /></div>
      <Lower />
      {asking === 'cancel' && <CancelDialog />}
      {asking === 'edit-input' && <EditInput />}
      {asking === 'mark' && <MarkSucceeded />}
      {asking === 'event' && <SendEventDialog />}
      {asking === 'checkpoint' && <CreateCheckpoint />}
      {asking === 'amend' && <AmendDialog />}
    </div>
  );
}
