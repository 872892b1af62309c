/** Why a step that is ready, or the run itself, does not start yet. */
import type { QueueEntry } from '@/generated/QueueEntry';
import { useQueue } from '@/api';
import { clock } from '@/shared/format';
import { linkTo } from '@/shared/router';
import { Prose, StatusIcon } from '@/shared/ui';
import { useNow } from '@/shared/useNow';
import { useRun } from './store';

export function QueueLine({ step }: { step: string | null }) {
  const run = useRun((state) => state.run.id);
  const { data } = useQueue(run);
  const entry = data?.waiting.find((each) => each.step === step);
  const text = entry?.message ?? (data?.slots === 0 ? 'No engine runs in this workspace.' : 'Ready, waits to be started.');
  const Row = step === null ? 'div' : 'li';
  return (
    <Row className="queue-line sm" role={step === null ? 'status' : undefined} data-testid="queue-line" data-reason={entry?.reason}>
      <StatusIcon status="queued" size={14} quiet />
      <span className="grow">
        <span className="t1"><Prose text={text} /></span>
        {entry && <Facts entry={entry} />}
      </span>
    </Row>
  );
}

function Facts({ entry }: { entry: QueueEntry }) {
  const now = useNow(entry.since !== null);
  const rises = entry.rank !== null && entry.rank > entry.priority;
  const facts = [
    entry.since && `In line for ${clock(Math.max(0, now - Date.parse(entry.since)))}`,
    `priority ${entry.priority}${rises ? `, by now ${entry.rank}` : ''}`,
  ].filter(Boolean).join(', ');
  return (
    <span className="xs t3 num">
      {facts}
      {entry.held_by.map((held) => <span key={held.run}>{', '}<a className="link" {...linkTo({ view: 'run', id: held.run })}>{held.workflow} #{held.number}</a></span>)}
    </span>
  );
}
