/** State of the run as a whole, and what can be done to it. */
import { RotateCw, Square } from 'lucide-react';
import { useState } from 'react';
import type { RunStatus } from '@/generated/RunStatus';
import type { StepStatus } from '@/generated/StepStatus';
import { clock, count, duration, fullTime, moment } from '@/shared/format';
import { linkTo } from '@/shared/router';
import { Button, StatusChip, Tip } from '@/shared/ui';
import { useNow } from '@/shared/useNow';
import { canCancel, canRetry, retry } from './retry';
import { patch, useRun } from './store';

export function Header() {
  const run = useRun((state) => state.run);
  const left = run.progress.known - run.progress.done;
  return (
    <header className="rh">
      <div className="row g4">
        <h1 className="semi lg num nowrap">Run #{run.number}</h1>
        <StatusChip status={run.status} testId="run-status" />
        <i className="vr" />
        <Elapsed status={run.status} from={run.started_at} took={run.duration_ms} />
        <span className="num nowrap t2 sm" style={{ marginLeft: 4 }} data-testid="run-progress">{run.progress.done} of {count(run.progress.known, 'step')} done{left > 0 && run.status === 'failed' ? `, ${left} left` : ''}</span>
        <i className="vr" />
        <span className="sm t3 ell">
          <a className="link" {...linkTo({ view: 'design', path: run.path })}>{run.workflow}</a>{run.version && ` v${run.version}`}, started <span title={fullTime(run.created_at)}>{moment(run.created_at)}</span> by {run.trigger.actor}
        </span>
        <span className="end row g3"><Actions /></span>
      </div>
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
  return (
    <>
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
  const live = from !== null && !['succeeded', 'failed', 'cancelled'].includes(status);
  const now = useNow(live);
  if (!from) return <span className="t3 sm nowrap">not started</span>;
  return <span className="num nowrap"><b className="semi">{live ? clock(now - Date.parse(from)) : duration(took)}</b> <span className="t3 sm">{live ? 'elapsed' : 'in all'}</span></span>;
}

const shares: [StepStatus[], string][] = [
  [['succeeded'], 'succeeded'], [['skipped'], 'skipped'], [['running'], 'running'], [['retrying'], 'retrying'], [['failed'], 'failed'], [['cancelled'], 'cancelled'],
];

function ProgressLine() {
  const run = useRun((state) => state.run);
  const counts = new Map<StepStatus, number>();
  for (const step of run.steps) counts.set(step.status, (counts.get(step.status) ?? 0) + 1);
  const { done, known } = run.progress;
  return (
    <span className="pbar" role="progressbar" aria-label="Steps done" aria-valuemin={0} aria-valuemax={known} aria-valuenow={done}>
      {shares.map(([statuses, name]) => {
        const n = statuses.reduce((sum, status) => sum + (counts.get(status) ?? 0), 0);
        return n > 0 && <i key={name} className={`s-${name}`} style={{ width: `${(100 * n) / Math.max(1, known)}%`, background: 'var(--c)', opacity: name === 'skipped' ? 0.4 : 1 }} />;
      })}
    </span>
  );
}
