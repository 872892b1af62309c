/** Shortcuts that work everywhere. `G` waits a moment for the letter of the place. */
import { useRef } from 'react';
import { call } from '@/api';
import { useShortcuts } from '@/shared/keyboard';
import { navigate } from '@/shared/router';
import { complain, toast } from '@/shared/ui';

const patience = 1_200;

export function useGlobalShortcuts(open: (what: 'palette' | 'shortcuts') => void): void {
  const going = useRef(0);
  const after = (act: () => void) => () => {
    if (Date.now() - going.current > patience) return false;
    going.current = 0;
    act();
    return true;
  };
  useShortcuts({
    'Ctrl+K': () => open('palette'),
    '?': () => open('shortcuts'),
    'Ctrl+,': () => navigate({ view: 'settings' }),
    G: () => { going.current = Date.now(); },
    W: after(() => navigate({ view: 'workflows' })),
    R: after(() => navigate({ view: 'runs' })),
    F: after(() => void openLastFailed()),
  });
}

export async function openLastFailed(): Promise<void> {
  try {
    const { runs } = await call('list_runs', { status: 'failed', limit: 1 });
    if (runs[0]) navigate({ view: 'run', id: runs[0].id });
    else toast('No run has failed.');
  } catch (error) {
    complain(error);
  }
}
