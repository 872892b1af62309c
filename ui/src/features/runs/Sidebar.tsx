/** Filters by state and by workflow, and what the cells of a strip mean. */
import { Archive, List, MailX, Unplug, Workflow } from 'lucide-react';
import type { ReactNode } from 'react';
import { useBreakers, useLetters, useWorkflows } from '@/api';
import type { RunList } from '@/generated/RunList';
import { navigate } from '@/shared/router';
import { StatusIcon, statusName, type Status } from '@/shared/ui';
import { waitsFor } from './waits';

const statuses: Status[] = ['running', 'queued', 'waiting', 'paused', 'cancelling', 'compensating', 'failed', 'succeeded', 'cancelled', 'compensated'];

export type Page = 'runs' | 'letters' | 'breakers' | 'archive';

export function Sidebar({ runs, status, workflow, waits, on = 'runs' }: { runs?: RunList; status?: string; workflow?: string; waits?: string; on?: Page }) {
  const counts = runs?.counts ?? {};
  const { data } = useWorkflows();
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const known = statuses.filter((each) => (counts[each] ?? 0) > 0 || ['running', 'waiting', 'failed', 'succeeded'].includes(each) || each === status);
  return (
    <aside className="side scroll" aria-label="Filters">
      <h2>Status</h2>
      <Filter on={on === 'runs' && !status && !waits} icon={<List size={14} className="t3" />} name="All runs" n={total} onClick={() => navigate({ view: 'runs', workflow })} />
      {known.map((each) => (
        <Filter key={each} on={status === each} icon={<StatusIcon status={each} quiet />} name={statusName[each]} n={counts[each] ?? 0}
          onClick={() => navigate({ view: 'runs', workflow, status: status === each ? undefined : each })} />
      ))}
      <Filter on={on === 'archive'} icon={<Archive size={14} className="t3" />} name="Archive" onClick={() => navigate({ view: 'archive' })} />
      <Attention on={on} waits={waits} people={runs?.waits_for['person'] ?? 0} />
      <h2>Workflow</h2>
      {data?.workflows.flatMap(({ id }) => (id ? [
        <Filter key={id} on={workflow === id} icon={<Workflow size={14} className="t3" />} name={id}
          onClick={() => navigate({ view: 'runs', status, waits, workflow: workflow === id ? undefined : id })} />,
      ] : []))}
    </aside>
  );
}

/** What needs somebody. */
function Attention({ on, waits, people }: { on: Page; waits?: string; people: number }) {
  const letters = useLetters().data?.dead_letters.length ?? 0;
  const refusing = useBreakers().data?.breakers.filter((breaker) => breaker.status !== 'closed').length ?? 0;
  return (
    <>
      <h2>Attention</h2>
      <Filter on={on === 'runs' && waits === 'person'} icon={<StatusIcon status="needs_approval" quiet />} name={waitsFor.person} n={people}
        onClick={() => navigate({ view: 'runs', waits: waits === 'person' ? undefined : 'person' })} />
      <Filter on={on === 'letters'} icon={<MailX size={14} className="t3" />} name="Dead letters" n={letters} onClick={() => navigate({ view: 'letters' })} />
      <Filter on={on === 'breakers'} icon={<Unplug size={14} className="t3" />} name="Circuit breakers" n={refusing} onClick={() => navigate({ view: 'breakers' })} />
    </>
  );
}

function Filter({ on, icon, name, n, onClick }: { on: boolean; icon: ReactNode; name: string; n?: number; onClick: () => void }) {
  return (
    <button type="button" className="filter" aria-pressed={on} onClick={onClick}>
      {icon}<span className="grow ell">{name}</span>{n !== undefined && <span className="xs t3 num">{n.toLocaleString('en-GB')}</span>}
    </button>
  );
}
