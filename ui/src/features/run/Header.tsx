/** State of the run as a whole, and what can be done to it. */
import { Pause, Play, RotateCw, Square } from 'lucide-react';
import { useState } from 'react';
import type { RunStatus } from '@/generated/RunStatus';
import type { StepStatus } from '@/generated/StepStatus';
import { call } from '@/api';
import { clock, duration, fullTime, moment } from '@/shared/format';
import { linkTo } from '@/shared/router';
import { Button, colourOf, StatusChip, Tip } from '@/shared/ui';
import { useNow } from '@/shared/useNow';
import { Changed } from './Changed';
import { isTop } from './paths';
import { progressText } from './progress';
import { act, canCancel, canPause, canRetry, retry } from './retry';
import { patch, useRun } from './store';

export function Header() {
  const run = useRun((state) => state.run);
  return (
    <header className="rh">
      <div className="row g4">
        <h1 className="semi lg num nowrap">Run #{run.number}</h1>
        <StatusChip status={run.status} testId="run-status" />
        <i className="vr" />
        <Elapsed status={run.status} from={run.started_at} took={run.duration_ms} />
        <span className="num nowrap t2 sm" style={{ marginLeft: 4 }} data-testid="run-progress">{progressText(run)}</span>
        <i className="vr" />
        <span className="sm t3 ell">
          <a className="link" {...linkTo({ view: 'design', path: run.path })}>{run.workflow}</a>{run.version && ` v${run.version}`}, started <span title={fullTime(run.created_at)}>{moment(run.created_at)}</span> by {run.trigger.actor}
        </span>
        <span className="end row g3"><Actions /></span>
      </div>
      <Changed />
      <ProgressLine />
    </header>
  );
}

function Actions() {
  const run = useRun((state) => state.run);
  const [busy, setBusy] = useState(false);
  const retryAll = () => {
    setBusy(true);
    void retry().finally(() => setBusy(false));
  };
  const pausing = (method: 'pause_run' | 'resume_run', done: string) => () => void act(call(method, { run: run.id }), done);
  return (
    <>
      {canPause(run) && <Tip text="Start nothing more; what is under way ends" keys="P"><Button icon={<Pause size={12} />} onClick={pausing('pause_run', 'Paused: nothing more starts.')}>Pause</Button></Tip>}
      {run.status === 'paused' && <Tip text="Let the run go on" keys="P"><Button look="primary" icon={<Play size={12} />} onClick={pausing('resume_run', 'The run goes on.')}>Resume</Button></Tip>}
      {canCancel(run) && <Tip text="Cancel the run" keys="X"><Button icon={<Square size={12} />} onClick={() => patch({ asking: 'cancel' })}>Cancel</Button></Tip>}
      {canRetry(run) && (
        <Tip text={run.status === 'cancelled' ? 'Take the cancelled run up again' : 'Retry all steps that failed'}>
          <Button icon={<RotateCw size={13} />} busy={busy} onClick={retryAll}>{run.status === 'cancelled' ? 'Resume cancelled' : 'Retry failed'}</Button>
        </Tip>
      )}
    </>
  );
}

function Elapsed({ status, from, took }: { status: RunStatus; from: string | null; took: number | null }) {
  const live = from !== null && !['succeeded', 'failed', 'cancelled', 'compensated'].includes(status);
  const now = useNow(live);
  if (!from) return <span className="t3 sm nowrap">not started</span>;
  return <span className="num nowrap"><b className="semi">{live ? clock(now - Date.parse(from)) : duration(took)}</b> <span className="t3 sm">{live ? 'elapsed' : 'in all'}</span></span>;
}

const shares: StepStatus[] = ['succeeded', 'compensated', 'skipped', 'running', 'retrying', 'waiting', 'needs_approval', 'needs_attention', 'compensating', 'failed', 'cancelled'];

function ProgressLine() {
  const run = useRun((state) => state.run);
  const counts = new Map<StepStatus, number>();
  for (const step of run.steps) if (isTop(step.path)) counts.set(step.status, (counts.get(step.status) ?? 0) + 1);
  const { done, known } = run.progress;
  return (
    <span className="pbar" role="progressbar" aria-label="Steps done" aria-valuemin={0} aria-valuemax={known} aria-valuenow={done}>
      {shares.map((status) => {
        const n = counts.get(status) ?? 0;
        return n > 0 && <i key={status} style={{ width: `${(100 * n) / Math.max(1, known)}%`, background: colourOf(status), opacity: status === 'skipped' ? 0.4 : 1 }} />;
      })}
    </span>
  );
}
