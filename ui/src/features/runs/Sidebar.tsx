/** Filters by state and by workflow, and what the cells of a strip mean. */
import { List, MailX, Unplug, Workflow } from 'lucide-react';
import type { ReactNode } from 'react';
import { useBreakers, useLetters, useWorkflows } from '@/api';
import { navigate } from '@/shared/router';
import { StatusIcon, statusName, type Status } from '@/shared/ui';

const statuses: Status[] = ['running', 'queued', 'waiting', 'paused', 'cancelling', 'compensating', 'failed', 'succeeded', 'cancelled', 'compensated'];

export function Sidebar({ counts, status, workflow, on = 'runs' }: { counts: Record<string, number>; status?: string; workflow?: string; on?: 'runs' | 'letters' | 'breakers' }) {
  const { data } = useWorkflows();
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const known = statuses.filter((each) => (counts[each] ?? 0) > 0 || ['running', 'failed', 'succeeded'].includes(each) || each === status);
  return (
    <aside className="side scroll" aria-label="Filters">
      <h2>Status</h2>
      <Filter on={on === 'runs' && !status} icon={<List size={14} className="t3" />} name="All runs" n={total} onClick={() => navigate({ view: 'runs', workflow })} />
      {known.map((each) => (
        <Filter key={each} on={status === each} icon={<StatusIcon status={each} quiet />} name={statusName[each]} n={counts[each] ?? 0}
          onClick={() => navigate({ view: 'runs', workflow, status: status === each ? undefined : each })} />
      ))}
      <Shared on={on} />
      <h2>Workflow</h2>
      {data?.workflows.flatMap(({ id }) => (id ? [
        <Filter key={id} on={workflow === id} icon={<Workflow size={14} className="t3" />} name={id}
          onClick={() => navigate({ view: 'runs', status, workflow: workflow === id ? undefined : id })} />,
      ] : []))}
    </aside>
  );
}

/** What needs somebody, beside the states of runs. */
function Shared({ on }: { on: 'runs' | 'letters' | 'breakers' }) {
  const letters = useLetters().data?.dead_letters.length ?? 0;
  const refusing = useBreakers().data?.breakers.filter((breaker) => breaker.status !== 'closed').length ?? 0;
  return (
    <>
      <h2>Attention</h2>
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
