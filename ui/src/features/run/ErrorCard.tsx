/** An error: its class, what happened, what was tried, what to do. */
import type { ErrorClass } from '@/generated/ErrorClass';
import type { RunError } from '@/generated/RunError';
import type { StepStatus } from '@/generated/StepStatus';
import { capital, count } from '@/shared/format';
import { Prose } from '@/shared/ui';

const advice: Record<ErrorClass, string> = {
  transient: 'It may well pass by itself: retry the step.',
  timeout: 'It ran out of time. Retry it, or give it more time in the workflow.',
  resource: 'It ran out of memory, disk or another limit. Make room, then retry.',
  dependency: 'Something that it needs was not there. Bring it back, then retry.',
  validation: 'A value does not fit. Edit the input or mend the workflow, then retry.',
  security: 'Something was not permitted. Give it the right, then retry.',
  permanent: 'It is not expected to pass by itself. Mend the cause, then retry: finished steps are kept.',
  unknown: 'The cause is not known. The log says more; retry once it is mended.',
};

export function ErrorCard({ error, status, attempts }: { error: RunError; status: StepStatus; attempts: number }) {
  const tail = typeof error.details['stderr_tail'] === 'string' ? error.details['stderr_tail'].trimEnd() : '';
  const code = error.details['exit_code'];
  const waiting = status !== 'failed' && status !== 'needs_attention';
  const look = status === 'needs_attention' ? 'attention' : waiting ? 'retrying' : 'failed';
  return (
    <div className={`err s-${look}`} data-testid="error-card" role="group" aria-label="Error">
      <div className="row g3" style={{ marginBottom: 6 }}>
        <span className={`chip st s-${look}`} style={{ background: 'var(--surface)' }}>{capital(error.class)}</span>
        {error.recoverable && <span className="chip" style={{ background: 'var(--surface)' }}>may pass</span>}
        {typeof code === 'number' && <span className="end xs t3 mono">exit code {code}</span>}
      </div>
      <p className="sm med" style={{ lineHeight: 1.45, overflowWrap: 'anywhere' }}><Prose text={capital(error.message)} /></p>
      {tail && <div className="err-tail mono scroll" tabIndex={0} aria-label="Last lines of the error output"><pre>{tail}</pre></div>}
      <p className="sm t2" style={{ marginTop: 6, lineHeight: 1.5 }}>
        {attempts > 1 ? `Tried ${count(attempts, 'time')}. ` : attempts === 1 && !waiting ? 'Tried once. ' : ''}{waiting ? 'The engine is trying again.' : advice[error.class]}
      </p>
    </div>
  );
}
