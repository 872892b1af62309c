/** The table of archived runs. Only the rows in view exist. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { CircleAlert, Trash2, Undo2 } from 'lucide-react';
import { useRef, useState } from 'react';
import { useDeleteArchived, useRestoreArchived } from '@/api';
import type { ArchivedRun } from '@/generated/ArchivedRun';
import { bytes, fullTime, moment, plain } from '@/shared/format';
import { Button, complain, Confirm, StatusIcon, statusName, Tip, toast } from '@/shared/ui';

export const nameOf = ({ id, facts }: ArchivedRun) => (facts ? `${facts.run.workflow} #${facts.run.number}` : id);

export function ArchiveTable({ runs }: { runs: ArchivedRun[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [deleting, setDeleting] = useState<ArchivedRun | null>(null);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 37,
    overscan: 12,
    getItemKey: (index) => runs[index]?.id ?? index,
  });
  return (
    <div className="col" role="table" aria-label="Archived runs" aria-rowcount={runs.length + 1} style={{ minHeight: 0 }}>
      <div className="cells archive-cells thead" role="row">
        <span role="columnheader">Status</span><span role="columnheader">Run</span><span role="columnheader">Archived by</span><span role="columnheader" className="right">Archived</span>
        <span role="columnheader" className="right opt">Ended</span><span role="columnheader" className="right opt">Events</span><span role="columnheader" className="right">Size</span><span role="columnheader" aria-label="Actions" />
      </div>
      <div ref={scroller} className="scroll grow" role="rowgroup">
        <div role="presentation" style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map((row) => {
            const archived = runs[row.index];
            return archived && (
              <div key={row.key} role="presentation" style={{ position: 'absolute', left: 0, right: 0, top: 0, height: row.size, transform: `translateY(${row.start}px)` }}>
                <Row archived={archived} onDelete={() => setDeleting(archived)} />
              </div>
            );
          })}
        </div>
      </div>
      {deleting && <DeleteArchived archived={deleting} onClose={() => setDeleting(null)} />}
    </div>
  );
}

function Row({ archived, onDelete }: { archived: ArchivedRun; onDelete: () => void }) {
  const restore = useRestoreArchived();
  const { id, facts, problem } = archived;
  const name = nameOf(archived);
  const bringBack = () => restore.mutate(id, { onSuccess: () => toast(`${name} is back in the list.`), onError: complain });
  return (
    <div className="cells archive-cells trow" role="row" data-archived={id} aria-label={name}>
      {facts ? (
        <>
          <span role="cell" className="row g3"><StatusIcon status={facts.run.status} quiet />{statusName[facts.run.status]}</span>
          <span role="cell" title={id}><span className="med">{facts.run.workflow}</span> <span className="t3 mono">#{facts.run.number}</span></span>
          <span role="cell" className="t2">{facts.actor}</span>
          <span role="cell" className="num t3 right" title={fullTime(facts.archived_at)}>{moment(facts.archived_at)}</span>
          <span role="cell" className="num t3 right opt" title={facts.run.ended_at ? fullTime(facts.run.ended_at) : undefined}>{facts.run.ended_at && moment(facts.run.ended_at)}</span>
          <span role="cell" className="num t3 right opt">{facts.events.toLocaleString('en-GB')}</span>
          <span role="cell" className="num right" title={`${bytes(facts.took_bytes)} before`}>{bytes(facts.bytes)}</span>
        </>
      ) : (
        <>
          <span role="cell" className="row g3 s-failed st"><CircleAlert size={14} />Unreadable</span>
          <span role="cell" className="mono ell" title={id}>{id}</span>
          <span role="cell" className="t2 problem" title={problem ?? undefined}>{plain(problem ?? '')}</span>
        </>
      )}
      <span role="cell" className="over row g2 right">
        {facts && <Button small icon={<Undo2 size={12} />} busy={restore.isPending} aria-label={`Bring back ${name}`} onClick={bringBack}>Bring back</Button>}
        <Tip text="Delete for good"><Button small look="ghost" icon={<Trash2 size={12} />} aria-label={`Delete ${name}`} onClick={onDelete} /></Tip>
      </span>
    </div>
  );
}

function DeleteArchived({ archived, onClose }: { archived: ArchivedRun; onClose: () => void }) {
  const remove = useDeleteArchived();
  const name = nameOf(archived);
  const confirm = () => remove.mutate(archived.id, { onSuccess: () => toast(`${name} was deleted from the archive.`), onError: complain, onSettled: onClose });
  return (
    <Confirm title={`Delete ${name} for good?`} action="Delete from the archive" keepLabel="Keep it" dangerous busy={remove.isPending} onConfirm={confirm} onClose={onClose}>
      <p>Its file is deleted from the archive. The run cannot be brought back.</p>
    </Confirm>
  );
}
