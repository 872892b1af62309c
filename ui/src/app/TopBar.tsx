/** Where one is, the way to everything, and the engine. */
import { ChevronRight, CircleHelp, Moon, Search, Sun } from 'lucide-react';
import { Fragment } from 'react';
import { useConnection, useWorkspace } from '@/api';
import { count } from '@/shared/format';
import { linkTo, type Route } from '@/shared/router';
import { useTheme } from '@/shared/theme';
import { Button, Keys, StatusIcon, Tip } from '@/shared/ui';
import { useTitle } from '@/shared/title';
import { QueuePopover } from './QueuePopover';

interface TopBarProps {
  route: Route;
  onPalette: () => void;
  onShortcuts: () => void;
}

export function TopBar({ route, onPalette, onShortcuts }: TopBarProps) {
  const { shown, choose } = useTheme();
  const other = shown === 'dark' ? 'light' : 'dark';
  return (
    <header className="topbar">
      <Crumbs route={route} />
      <button type="button" className="cmdk-open" onClick={onPalette} aria-keyshortcuts="Control+K">
        <Search size={14} /><span className="grow ell" style={{ textAlign: 'left' }}>Search or run a command</span><Keys keys="Ctrl K" />
      </button>
      <div className="topright">
        <EngineChip />
        <QueuePopover />
        <Tip text={`Switch to the ${other} theme`}>
          <Button look="ghost" aria-label={`Switch to the ${other} theme`} icon={shown === 'dark' ? <Sun size={16} /> : <Moon size={16} />} onClick={() => choose(other)} />
        </Tip>
        <Tip text="Shortcuts" keys="?">
          <Button look="ghost" aria-label="Shortcuts" icon={<CircleHelp size={16} />} onClick={onShortcuts} />
        </Tip>
      </div>
    </header>
  );
}

function Crumbs({ route }: { route: Route }) {
  const { data } = useWorkspace();
  const title = useTitle();
  const trail: { name: string; to: Route }[] = [{ name: data?.name ?? 'Loomwork', to: { view: 'workflows' } }];
  if (route.view === 'workflows' || route.view === 'design') trail.push({ name: 'Workflows', to: { view: 'workflows' } });
  if (route.view === 'design') trail.push({ name: title ?? route.path, to: route });
  if (['runs', 'run', 'letters', 'breakers', 'archive'].includes(route.view)) trail.push({ name: 'Runs', to: { view: 'runs' } });
  if (route.view === 'run') trail.push({ name: title ?? '…', to: route });
  if (route.view === 'letters') trail.push({ name: 'Dead letters', to: route });
  if (route.view === 'breakers') trail.push({ name: 'Circuit breakers', to: route });
  if (route.view === 'archive') trail.push({ name: 'Archive', to: route });
  if (route.view === 'settings') trail.push({ name: 'Settings', to: route });
  return (
    <nav className="crumbs" aria-label="Breadcrumb">
      {trail.map(({ name, to }, index) => (
        <Fragment key={index}>
          {index > 0 && <ChevronRight size={12} className="t4" aria-hidden />}
          {index === trail.length - 1 ? <b aria-current="page">{name}</b> : <a {...linkTo(to)} title={index === 0 ? data?.path : undefined}>{name}</a>}
        </Fragment>
      ))}
    </nav>
  );
}

function EngineChip() {
  const { data } = useWorkspace();
  const lost = useConnection((state) => state.state === 'lost');
  if (!data) return null;
  const load = data.running > 0 ? `${data.running} of ${data.slots} running` : count(data.slots, 'slot');
  const details = lost
    ? 'The connection to the engine was lost. Trying again.'
    : `${data.owner ? 'This process owns the engine' : `A guest of the process ${data.owner_pid}, which owns the engine`}. ${data.running} running, ${data.queued} waiting for one of ${data.slots} slots. Loomwork ${data.version}.`;
  return (
    <Tip text={details}>
      <span className="chip pill line engine" role="status" tabIndex={0} data-testid="engine">
        <StatusIcon status={lost ? 'retrying' : data.stalled ? 'failed' : data.running > 0 ? 'running' : 'succeeded'} size={12} quiet />
        <span style={{ color: 'var(--text-1)' }}>{lost ? 'Connection lost' : data.stalled ? 'Engine waits' : 'Engine ready'}</span>
        {!lost && <span className="t3 num">{[data.owner ? '' : 'guest', load].filter(Boolean).join(', ')}</span>}
      </span>
    </Tip>
  );
}
