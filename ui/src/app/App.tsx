/** The frame and the view in it. Not here: what the views do. */
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from 'react';
import { client, goLive } from '@/api';
import { ArchiveView, BreakersView, LettersView, RunsView } from '@/features/runs';
import { StartRun } from '@/features/start';
import { WorkflowsView } from '@/features/workflows';
import { access } from '@/platform';
import { navigate, useRoute, type Route } from '@/shared/router';
import { Button, LoadingRows, State, TipProvider, Toasts } from '@/shared/ui';
import { Banners } from './Banners';
import { CommandPalette } from './CommandPalette';
import { Failure } from './Failure';
import { useGlobalShortcuts } from './globalShortcuts';
import { NoAccess } from './NoAccess';
import { Rail } from './Rail';
import { SettingsView } from './SettingsView';
import { ShortcutsDialog } from './ShortcutsDialog';
import { TopBar } from './TopBar';

const DesignView = lazy(() => import('@/features/design').then((room) => ({ default: room.DesignView })));
const RunView = lazy(() => import('@/features/run').then((room) => ({ default: room.RunView })));

export function App() {
  const denied = useSyncExternalStore(access.subscribe, access.isDenied);
  return (
    <QueryClientProvider client={client}>
      <TipProvider>{denied ? <NoAccess /> : <Frame />}</TipProvider>
    </QueryClientProvider>
  );
}

function Frame() {
  const route = useRoute();
  const [open, setOpen] = useState<'palette' | 'shortcuts' | null>(null);
  useEffect(goLive, []);
  useGlobalShortcuts(setOpen);
  return (
    <div className="app">
      <Rail route={route} />
      <TopBar route={route} onPalette={() => setOpen('palette')} onShortcuts={() => setOpen('shortcuts')} />
      <main className="main">
        <Banners />
        <Failure key={route.view}>
          <Suspense fallback={<LoadingRows />}><View route={route} /></Suspense>
        </Failure>
      </main>
      <StartRun />
      {open === 'palette' && <CommandPalette onClose={() => setOpen(null)} onShortcuts={() => setOpen('shortcuts')} />}
      {open === 'shortcuts' && <ShortcutsDialog onClose={() => setOpen(null)} />}
      <Toasts />
    </div>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'workflows': return <WorkflowsView />;
    case 'design': return <DesignView key={route.path} path={route.path} />;
    case 'runs': return <RunsView workflow={route.workflow} status={route.status} waits={route.waits} />;
    case 'run': return <RunView key={route.id} id={route.id} />;
    case 'letters': return <LettersView />;
    case 'breakers': return <BreakersView />;
    case 'archive': return <ArchiveView />;
    case 'settings': return <SettingsView />;
    case 'unknown':
      return (
        <State title="There is nothing at this address" action={<Button onClick={() => navigate({ view: 'workflows' })}>Go to workflows</Button>}>
          {route.path}
        </State>
      );
  }
}
