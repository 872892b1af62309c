/** All runs, live ones first: state, progress, what went wrong, and the next action on the row that needs it. */
import { Archive, CirclePlay, Search, X } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { useRuns } from '@/api';
import type { RunStatus } from '@/generated/RunStatus';
import type { RunSummary } from '@/generated/RunSummary';
import type { WaitsFor } from '@/generated/WaitsFor';
import { useShortcuts } from '@/shared/keyboard';
import { navigate } from '@/shared/router';
import { useSetTitle } from '@/shared/title';
import { Button, ErrorState, LoadingRows, State } from '@/shared/ui';
import { RemovalDialog } from './archive/RemovalDialog';
import { RunsTable } from './RunsTable';
import { Sidebar } from './Sidebar';
import { waitsFor } from './waits';

const page = 200;

export function RunsView({ workflow, status, waits }: { workflow?: string; status?: string; waits?: string }) {
  const [text, setText] = useState('');
  const [limit, setLimit] = useState(page);
  const [removing, setRemoving] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const { data, error, isPending, isFetching, refetch } = useRuns({ workflow, status: status as RunStatus | undefined, waits_for: waits as WaitsFor | undefined, limit });
  const shown = useMemo(() => matching(data?.runs ?? [], text), [data, text]);
  const filtered = Boolean(workflow ?? status ?? waits ?? text);
  useSetTitle('Runs');
  useShortcuts({ '/': () => search.current?.focus() });

  const reset = () => {
    setText('');
    navigate({ view: 'runs' });
  };
  return (
    <>
      <div className="toolbar">
        <h1>Runs</h1>
        <div className="field" style={{ width: 250, marginLeft: 12 }}>
          <Search size={14} className="t3" />
          <input ref={search} value={text} onChange={(event) => setText(event.target.value)} placeholder="Workflow, run, error text" aria-label="Search the runs shown" />
          <kbd>/</kbd>
        </div>
        {workflow && <Filter name={workflow} onClear={() => navigate({ view: 'runs', status, waits })} />}
        {status && <Filter name={status} onClear={() => navigate({ view: 'runs', workflow, waits })} />}
        {waits && <Filter name={waitsFor[waits as WaitsFor] ?? waits} onClear={() => navigate({ view: 'runs', workflow, status })} />}
        {(data?.runs.length ?? 0) > 0 && <span className="end"><Button icon={<Archive size={13} />} onClick={() => setRemoving(true)}>Remove ended runs…</Button></span>}
      </div>
      <div className="lists">
        <Sidebar runs={data} status={status} workflow={workflow} waits={waits} />
        {isPending ? <LoadingRows label="Loading runs" rows={9} />
          : error && !data ? <ErrorState title="The runs could not be read" error={error} onRetry={() => void refetch()} />
          : shown.length === 0 ? <Nothing filtered={filtered} onReset={reset} />
          : <RunsTable runs={shown} more={(data?.runs.length ?? 0) >= limit} loading={isFetching} onMore={() => setLimit((l) => l + page)} />}
      </div>
      {removing && <RemovalDialog workflow={workflow} onClose={() => setRemoving(false)} />}
    </>
  );
}

function matching(runs: RunSummary[], text: string): RunSummary[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return runs;
  return runs.filter((run) => {
    const all = `${run.workflow} #${run.number} ${run.id} ${run.status} ${run.trigger.actor} ${run.error?.message ?? ''} ${run.error?.step ?? ''}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

function Filter({ name, onClear }: { name: string; onClear: () => void }) {
  return (
    <span className="chip line" style={{ height: 24, paddingRight: 2 }}>
      {name}
      <button type="button" aria-label={`Clear the filter ${name}`} onClick={onClear} style={{ padding: 4 }}><X size={11} /></button>
    </span>
  );
}

function Nothing({ filtered, onReset }: { filtered: boolean; onReset: () => void }) {
  return filtered
    ? <State icon={<Search size={18} />} title="No run matches" action={<Button onClick={onReset}>Show all runs</Button>} />
    : <State icon={<CirclePlay size={18} />} title="Nothing has run yet" action={<Button onClick={() => navigate({ view: 'workflows' })}>Go to workflows</Button>}>Start a workflow and its run appears here, live.</State>;
}
