/** The circuit breakers that all runs share: whether they let attempts through, and why not. */
import { Unplug } from 'lucide-react';
import { useBreakers, useResetBreaker, useRuns } from '@/api';
import type { Breaker } from '@/generated/Breaker';
import type { BreakerStatus } from '@/generated/BreakerStatus';
import { clock, duration, fullTime, moment, plain } from '@/shared/format';
import { linkTo } from '@/shared/router';
import { useSetTitle } from '@/shared/title';
import { Button, complain, ErrorState, LoadingRows, State, StatusIcon, toast, type Status } from '@/shared/ui';
import { useNow } from '@/shared/useNow';
import { Sidebar } from './Sidebar';

const looks: Record<BreakerStatus, { name: string; status: Status }> = {
  closed: { name: 'Closed', status: 'succeeded' },
  open: { name: 'Open', status: 'failed' },
  half_open: { name: 'Half open', status: 'waiting' },
};

export function BreakersView() {
  const { data, error, isPending, refetch } = useBreakers();
  const runs = useRuns({ limit: 1 });
  useSetTitle('Circuit breakers');
  const breakers = data?.breakers ?? [];
  return (
    <>
      <div className="toolbar"><h1>Circuit breakers</h1></div>
      <div className="lists">
        <Sidebar runs={runs.data} on="breakers" />
        {isPending ? <LoadingRows label="Loading circuit breakers" rows={6} />
          : error && !data ? <ErrorState title="The circuit breakers could not be read" error={error} onRetry={() => void refetch()} />
          : breakers.length === 0 ? <State icon={<Unplug size={18} />} title="No circuit breakers">A step with <code>breaker</code> stops calling what has failed several times in a row. What such steps share appears here.</State>
          : <Breakers breakers={breakers} />}
      </div>
    </>
  );
}

function Breakers({ breakers }: { breakers: Breaker[] }) {
  return (
    <div className="col" role="table" aria-label="Circuit breakers" style={{ minHeight: 0 }}>
      <div className="cells breaker-cells thead" role="row">
        <span role="columnheader">State</span><span role="columnheader">Breaker</span><span role="columnheader">What it does</span>
        <span role="columnheader" className="opt">Last failure</span><span role="columnheader" className="right">Since</span><span role="columnheader" aria-label="Actions" />
      </div>
      <div className="scroll grow" role="rowgroup">{breakers.map((breaker) => <Row key={breaker.key} breaker={breaker} />)}</div>
    </div>
  );
}

function Row({ breaker }: { breaker: Breaker }) {
  const reset = useResetBreaker();
  const { name, status } = looks[breaker.status];
  const failure = breaker.last_failure;
  return (
    <div className="cells breaker-cells trow" role="row" data-breaker={breaker.key} data-status={breaker.status} aria-label={`${breaker.key}, ${name}`}>
      <span role="cell" className="row g3"><StatusIcon status={status} quiet />{name}</span>
      <span role="cell" className="mono med" title={breaker.key}>{breaker.key}</span>
      <span role="cell" className="t2"><Doing breaker={breaker} /></span>
      <span role="cell" className="t3 opt" title={failure?.error.message}>
        {failure && <><a className="mono" {...linkTo({ view: 'run', id: failure.run })}>{failure.step}</a> {plain(failure.error.message)}</>}
      </span>
      <span role="cell" className="num t3 right" title={fullTime(breaker.since)}>{moment(breaker.since)}</span>
      <span role="cell" className="right over">
        {breaker.status !== 'closed' && (
          <Button small busy={reset.isPending} aria-label={`Close ${breaker.key}`}
            onClick={() => reset.mutate(breaker.key, { onSuccess: () => toast(`${breaker.key} is closed.`), onError: complain })}>Close</Button>
        )}
      </span>
    </div>
  );
}

function Doing({ breaker }: { breaker: Breaker }) {
  const now = useNow(breaker.half_opens_at !== null);
  switch (breaker.status) {
    case 'closed':
      return <><span className="num">{breaker.failures ?? 0} of {breaker.limit}</span> failures in a row</>;
    case 'open':
      return breaker.half_opens_at === null ? <>Refuses attempts</>
        : <>Refuses attempts for <span className="num">{clock(Math.max(0, Date.parse(breaker.half_opens_at) - now))}</span> of {duration(breaker.cooldown_ms)}</>;
    case 'half_open':
      return breaker.trial ? <>An attempt of <a className="mono" {...linkTo({ view: 'run', id: breaker.trial.run })}>{breaker.trial.step}</a> decides</> : <>The next attempt decides</>;
  }
}
