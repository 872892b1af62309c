/** Takes ended runs out of the list: which, where to, what that would do, and then doing exactly that. */
import { useState } from 'react';
import { useRemovalPlan, useRemove, type Way } from '@/api';
import { bytes, count } from '@/shared/format';
import { Button, complain, Confirm, Dialog, Segments, toast, type Choice } from '@/shared/ui';
import { RemovalForm } from './RemovalForm';
import { RemovalPlan } from './RemovalPlan';
import { atFirst, problemOf, selectionOf } from './selection';

const ways: Choice<Way>[] = [
  { id: 'archive', label: 'Into the archive' },
  { id: 'purge', label: 'Delete for good' },
];
const what: Record<Way, string> = {
  archive: 'Each run becomes one compressed, checked file. It leaves the list, and can be brought back as it was.',
  purge: 'The runs, their logs and their data are deleted. They cannot be brought back.',
};

export function RemovalDialog({ workflow, onClose }: { workflow?: string; onClose: () => void }) {
  const [meant, setMeant] = useState({ ...atFirst, workflow: workflow ?? '' });
  const [way, setWay] = useState<Way>('archive');
  const [sure, setSure] = useState(false);
  const which = selectionOf(meant);
  const plan = useRemovalPlan(which);
  const remove = useRemove();
  const going = which && !plan.isPlaceholderData && !plan.isError ? (plan.data?.runs ?? []) : [];
  const runs = count(going.length, 'run');

  const carryOut = () =>
    remove.mutate({ way, runs: going.map(({ run }) => run.id) }, {
      onSuccess: (done) => {
        const stay = done.kept.length ? ` ${count(done.kept.length, 'run')} had to stay.` : '';
        const kept = done.runs.reduce((sum, run) => sum + (run.archive_bytes ?? 0), 0);
        const became = way === 'archive' ? `archived: ${bytes(done.bytes)} of journal and logs became ${bytes(kept)} in the archive.` : `deleted, ${bytes(done.bytes)} of journal and logs given free.`;
        toast(`${count(done.runs.length, 'run')} ${done.runs.length === 1 ? 'was' : 'were'} ${became}${stay}`);
        onClose();
      },
      onError: (error) => {
        complain(error);
        setSure(false);
      },
    });

  if (sure) {
    return (
      <Confirm title={`Delete ${runs} for good?`} action={`Delete ${runs}`} keepLabel="Keep them" dangerous busy={remove.isPending} onConfirm={carryOut} onClose={() => setSure(false)}>
        <p>Nothing of {going.length === 1 ? 'it' : 'them'} can be brought back. That it was deleted, by whom and when, stays on record.</p>
      </Confirm>
    );
  }
  return (
    <Dialog title="Remove ended runs" wide onClose={onClose} testId="removal" footer={
      <>
        <Button onClick={onClose}>Cancel</Button>
        {way === 'archive'
          ? <Button look="primary" disabled={!going.length} busy={remove.isPending} onClick={carryOut}>{going.length ? `Archive ${runs}` : 'Archive'}</Button>
          : <Button look="solid-danger" disabled={!going.length} onClick={() => setSure(true)}>{going.length ? `Delete ${runs}…` : 'Delete…'}</Button>}
      </>
    }>
      <div className="removal">
        <div>
          <div className="lab">Where they go</div>
          <Segments label="Where they go" choices={ways} value={way} onChange={setWay} />
          <p className="xs t2" style={{ margin: '8px 0 14px', minHeight: 32 }}>{what[way]}</p>
          <RemovalForm meant={meant} onChange={setMeant} />
        </div>
        <RemovalPlan plan={plan} problem={problemOf(meant)} />
      </div>
    </Dialog>
  );
}
