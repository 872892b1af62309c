/** One run in the list. */
import { RotateCw } from 'lucide-react';
import { memo } from 'react';
import { useRetry } from '@/api';
import type { RunSummary } from '@/generated/RunSummary';
import { clock, duration, fullTime, moment, plain } from '@/shared/format';
import { linkTo, navigate } from '@/shared/router';
import { Button, complain, lookOf, StatusIcon, statusName, toast } from '@/shared/ui';
import { useNow } from '@/shared/useNow';
import { waitsFor } from './waits';

export const RunRow = memo(function RunRow({ run }: { run: RunSummary }) {
  const retry = useRetry();
  const live = run.ended_at === null && run.started_at !== null;
  const open = () => navigate({ view: 'run', id: run.id });
  const name = `${run.workflow} #${run.number}`;
  const { done, known } = run.progress;
  return (
    <div className={`cells run-cells trow${live ? ' live' : ''}`} role="row" tabIndex={0} data-run={run.id} data-testid={`run-${run.id}`} data-status={run.status}
      aria-label={`${name}, ${statusName[run.status]}`} onClick={open} onKeyDown={(event) => { if (event.key === 'Enter' && event.target === event.currentTarget) open(); }}>
      <span role="cell" className="row g3"><StatusIcon status={run.status} quiet />{statusName[run.status]}</span>
      <span role="cell"><a {...linkTo({ view: 'run', id: run.id })} tabIndex={-1}><span className="med">{run.workflow}</span> <span className="t3 mono">#{run.number}</span></a></span>
      <span role="cell" className="row g4">
        <span className={`bar ${lookOf(run.status)}`} style={{ width: 64 }} role="progressbar" aria-label="Steps done" aria-valuemin={0} aria-valuemax={known} aria-valuenow={done}>
          <i style={{ width: `${known ? (100 * done) / known : 0}%` }} />
        </span>
        <span className="t2 num">{done}/{known}</span>
      </span>
      <span role="cell" className="t3" title={run.error?.message}>
        {run.error ? <>{run.error.step && <span className="mono">{run.error.step} </span>}{plain(run.error.message)}</> : run.waits_for && waitsFor[run.waits_for]}
      </span>
      <span role="cell" className="t2 opt">{run.trigger.kind === 'manual' ? run.trigger.actor : `${run.trigger.kind}, ${run.trigger.actor}`}</span>
      <span role="cell" className="num t3 right" title={fullTime(run.created_at)}>{moment(run.created_at)}</span>
      <span role="cell" className="num right"><Time run={run} live={live} /></span>
      <span role="cell" className="right over" onClick={(event) => event.stopPropagation()}>
        {run.waits_for === 'person' && (
          <Button small icon={<StatusIcon status="needs_approval" size={12} quiet />} aria-label={`Review ${name}`} onClick={open}>Review</Button>
        )}
        {run.status === 'failed' && (
          <Button small icon={<RotateCw size={12} />} busy={retry.isPending} aria-label={`Retry ${name}`}
            onClick={() => retry.mutate({ run: run.id }, { onSuccess: () => toast(`Retrying ${name}.`), onError: complain })}>Retry</Button>
        )}
      </span>
    </div>
  );
});

function Time({ run, live }: { run: RunSummary; live: boolean }) {
  const now = useNow(live);
  if (live && run.started_at) return clock(now - Date.parse(run.started_at));
  return duration(run.duration_ms);
}
