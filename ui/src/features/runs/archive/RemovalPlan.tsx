/** What a removal would do: which runs go, how much room that gives, and which stay, and why. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Removal } from '@/generated/Removal';
import type { RunSummary } from '@/generated/RunSummary';
import { bytes, count, fullTime, moment, plain } from '@/shared/format';
import { ErrorState, LoadingRows, StatusIcon } from '@/shared/ui';

/** More lines than anybody reads. */
const most = 200;

export function RemovalPlan({ plan, problem }: { plan: UseQueryResult<Removal>; problem: string | null }) {
  if (problem) return <Frame><p className="t2" style={{ padding: 14 }}>{problem}</p></Frame>;
  if (plan.isError) return <Frame><ErrorState title="What would go could not be found out" error={plan.error} onRetry={() => void plan.refetch()} /></Frame>;
  if (!plan.data) return <Frame><LoadingRows rows={5} label="Looking for the runs" /></Frame>;
  const { runs, kept, more, bytes: room } = plan.data;
  return (
    <Frame busy={plan.isPlaceholderData}>
      <p className="sum" role="status" data-testid="removal-sum">
        {runs.length === 0 ? 'No run goes.' : <><b className="med">{count(runs.length, 'run')}</b> {runs.length === 1 ? 'goes' : 'go'}, with <b className="med">{bytes(room)}</b> of journal and logs.</>}
        {kept.length > 0 && <> {count(kept.length, 'run')} {kept.length === 1 ? 'stays' : 'stay'} because {kept.length === 1 ? 'it is' : 'they are'} still needed.</>}
        {more && <> There are more: the next ones go when this is done again.</>}
      </p>
      <div className="scroll" role="list" aria-label="Runs that go or stay" tabIndex={0}>
        {runs.slice(0, most).map(({ run, bytes: size }) => <Line key={run.id} run={run}><span className="num t3">{bytes(size)}</span></Line>)}
        {runs.length > most && <div role="listitem" className="removed t3">and {count(runs.length - most, 'more run')}</div>}
        {kept.slice(0, most).map(({ run, why }) => <Line key={run.id} run={run} why={why}><span className="chip line">stays</span></Line>)}
        {kept.length > most && <div role="listitem" className="removed t3">and {count(kept.length - most, 'more run')} that {kept.length - most === 1 ? 'stays' : 'stay'}</div>}
      </div>
    </Frame>
  );
}

function Frame({ busy, children }: { busy?: boolean; children: ReactNode }) {
  return <section className="plan" aria-label="What would happen" aria-busy={busy || undefined}>{children}</section>;
}

function Line({ run, why, children }: { run: RunSummary; why?: string; children: ReactNode }) {
  const at = run.ended_at ?? run.created_at;
  return (
    <div role="listitem" className="removed">
      <StatusIcon status={run.status} size={13} />
      <span className="grow">
        <span className="med">{run.workflow}</span> <span className="t3 mono">#{run.number}</span>
        {why && <span className="xs t3" style={{ display: 'block' }}>{plain(why)}</span>}
      </span>
      <span className="num t3" title={fullTime(at)}>{moment(at)}</span>
      {children}
    </div>
  );
}
