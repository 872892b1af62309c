/** The rail: what there is, and where one is. */
import { CirclePlay, Settings, Workflow } from 'lucide-react';
import type { ReactNode } from 'react';
import { useRuns } from '@/api';
import { linkTo, type Route } from '@/shared/router';
import { Logo } from './Logo';

export function Rail({ route }: { route: Route }) {
  const { data } = useRuns({ limit: 1 });
  const live = data ? ['queued', 'running', 'waiting', 'cancelling'].reduce((sum, status) => sum + (data.counts[status] ?? 0), 0) : 0;
  return (
    <nav className="rail" aria-label="Main">
      <div className="logo"><Logo /></div>
      <Item to={{ view: 'workflows' }} on={route.view === 'workflows' || route.view === 'design'} icon={<Workflow size={18} />} name="Workflows" />
      <Item to={{ view: 'runs' }} on={['runs', 'run', 'letters', 'breakers', 'archive'].includes(route.view)} icon={<CirclePlay size={18} />} name="Runs"
        badge={live > 0 && <span className="badge num" aria-label={`${live} under way`}>{live > 99 ? '99+' : live}</span>} />
      <Item to={{ view: 'settings' }} on={route.view === 'settings'} icon={<Settings size={18} />} name="Settings" className="last" />
    </nav>
  );
}

function Item({ to, on, icon, name, badge, className = '' }: { to: Route; on: boolean; icon: ReactNode; name: string; badge?: ReactNode; className?: string }) {
  return (
    <a className={`item ${className}`} {...linkTo(to)} aria-current={on ? 'page' : undefined}>
      {icon}<span>{name}</span>{badge}
    </a>
  );
}
