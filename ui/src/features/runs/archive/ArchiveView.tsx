/** The archive: runs that left the list and can come back. */
import { Archive, Search } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { useArchive, useRuns } from '@/api';
import type { ArchivedRun } from '@/generated/ArchivedRun';
import { bytes, count } from '@/shared/format';
import { useShortcuts } from '@/shared/keyboard';
import { useSetTitle } from '@/shared/title';
import { Button, ErrorState, LoadingRows, State } from '@/shared/ui';
import { Sidebar } from '../Sidebar';
import { ArchiveTable } from './ArchiveTable';
import { RemovalDialog } from './RemovalDialog';

export function ArchiveView() {
  const { data, error, isPending, refetch } = useArchive();
  const runs = useRuns({ limit: 1 });
  const [text, setText] = useState('');
  const [removing, setRemoving] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const archived = data?.runs ?? [];
  const shown = useMemo(() => matching(data?.runs ?? [], text), [data, text]);
  const size = archived.reduce((sum, { facts }) => sum + (facts?.bytes ?? 0), 0);
  useSetTitle('Archive');
  useShortcuts({ '/': () => search.current?.focus() });

  const remove = <Button icon={<Archive size={13} />} onClick={() => setRemoving(true)}>Remove ended runs…</Button>;
  return (
    <>
      <div className="toolbar">
        <h1>Archive</h1>
        {archived.length > 0 && (
          <>
            <div className="field" style={{ width: 250, marginLeft: 12 }}>
              <Search size={14} className="t3" />
              <input ref={search} value={text} onChange={(event) => setText(event.target.value)} placeholder="Workflow, run, who archived it" aria-label="Search the archive" />
              <kbd>/</kbd>
            </div>
            <span className="t3 nowrap" title={data?.folder}>{count(archived.length, 'run')}, {bytes(size)}</span>
            <span className="end">{remove}</span>
          </>
        )}
      </div>
      <div className="lists">
        <Sidebar runs={runs.data} on="archive" />
        {isPending ? <LoadingRows label="Loading the archive" rows={6} />
          : error && !data ? <ErrorState title="The archive could not be read" error={error} onRetry={() => void refetch()} />
          : archived.length === 0 ? (
            <State icon={<Archive size={18} />} title="The archive is empty" action={remove}>
              Ended runs that are archived leave the list, take little room, and can be brought back. What the engine archives by itself is said by <code>retention</code> in <code>.loomwork/engine.yaml</code>.
            </State>
          )
          : shown.length === 0 ? <State icon={<Search size={18} />} title="No archived run matches" action={<Button onClick={() => setText('')}>Show all</Button>} />
          : <ArchiveTable runs={shown} />}
      </div>
      {removing && <RemovalDialog onClose={() => setRemoving(false)} />}
    </>
  );
}

/** The newest first. */
function matching(runs: ArchivedRun[], text: string): ArchivedRun[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = ({ id, facts }: ArchivedRun) => {
    const all = `${id} ${facts ? `${facts.run.workflow} #${facts.run.number} ${facts.run.status} ${facts.actor}` : ''}`.toLowerCase();
    return words.every((word) => all.includes(word));
  };
  return runs.filter(matches).reverse();
}
