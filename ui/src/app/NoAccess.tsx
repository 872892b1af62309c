/** Shown in a browser whose token is missing or wrong. */
import { KeyRound } from 'lucide-react';
import { Button, State } from '@/shared/ui';

export function NoAccess() {
  return (
    <main className="main" style={{ height: '100%', background: 'var(--bg-canvas)' }}>
      <State icon={<KeyRound size={18} />} title="This browser has no access to the workspace"
        action={<Button onClick={() => location.reload()}>Try again</Button>}>
        Open the whole address that <code className="mono">loomwork serve</code> printed when it started. It ends in an access token, which changes
        with each start unless a token file is given.
      </State>
    </main>
  );
}
