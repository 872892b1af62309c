/** How many steps wait to be started, and on demand which, why, and what is taken of the machine. */
import { useId } from 'react';
import type { ResourceUse } from '@/generated/ResourceUse';
import { useQueue, useWorkspace } from '@/api';
import { bytes, count } from '@/shared/format';
import { linkTo } from '@/shared/router';
import { Popover, Prose } from '@/shared/ui';

export function QueuePopover() {
  const { data } = useWorkspace();
  const heading = useId();
  if (!data || data.queued === 0) return null;
  return (
    <span className="sm num nowrap" data-testid="queue">
      <Popover label={`${data.queued} queued`} labelledBy={heading}>
        <h2 className="semi sm" id={heading}>Waiting to be started</h2>
        <Line />
      </Popover>
    </span>
  );
}

function Line() {
  const { data } = useQueue();
  if (!data) return <p className="sm t3">Loading</p>;
  const taken = [`${data.taken} of ${count(data.slots, 'slot')}`, ...data.resources.filter((each) => each.taken > 0).map(inWords)];
  return (
    <>
      <p className="xs t3 num" style={{ margin: '2px 0 8px' }}>Taken: {taken.join(', ')}</p>
      {data.waiting.length === 0 && <p className="sm t3">Nothing waits any more.</p>}
      <ol className="queue-list">
        {data.waiting.map((entry) => (
          <li key={`${entry.run} ${entry.step ?? ''}`}>
            <span className="row g3">
              <a className="link ell" {...linkTo({ view: 'run', id: entry.run })}>{entry.workflow} #{entry.number}</a>
              <span className="mono ell grow">{entry.step ?? 'the run'}</span>
              <span className="xs t3 num nowrap">priority {entry.priority}{entry.rank !== null && entry.rank > entry.priority ? `, by now ${entry.rank}` : ''}</span>
            </span>
            <span className="xs t3"><Prose text={entry.message} /></span>
          </li>
        ))}
      </ol>
      {data.more > 0 && <p className="xs t3">And {data.more} more.</p>}
    </>
  );
}

function inWords({ kind, taken, of }: ResourceUse): string {
  if (kind === 'memory') return `${bytes(taken)} of ${bytes(of)} memory`;
  return kind === 'cpu' ? `${taken} of ${count(of, 'processor')}` : `${taken} of ${of} ${kind}`;
}
