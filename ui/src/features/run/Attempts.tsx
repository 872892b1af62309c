/** The attempts of a step, the error that ended it, and the way on. */
import type { Attempt } from '@/generated/Attempt';
import type { Compensation } from '@/generated/Compensation';
import type { RunStep } from '@/generated/RunStep';
import type { Usage } from '@/generated/Usage';
import { bytes, capital, clock, count, duration, fullTime, plain } from '@/shared/format';
import { Prose, StatusIcon } from '@/shared/ui';
import { useNow } from '@/shared/useNow';
import { ErrorCard } from './ErrorCard';
import { ApprovalCard } from './ApprovalCard';
import { QueueLine } from './QueueLine';
import { JudgeActions, WaitCard } from './PersonActions';
import { RetryActions } from './RetryActions';

export function Attempts({ step }: { step: RunStep }) {
  const last = step.attempts.at(-1);
  const error = step.error ?? (step.status === 'retrying' || step.status === 'queued' || step.status === 'running' ? previousError(step) : null);
  return (
    <>
      <ol style={{ marginBottom: 10 }} aria-label="Attempts">
        {step.attempts.map((attempt) => <AttemptRow key={attempt.number} attempt={attempt} />)}
        {step.status === 'retrying' && <Next number={(last?.number ?? 0) + 1} due={step.due_at} />}
        {step.status === 'queued' && <QueueLine step={step.path} />}
        {step.attempts.length === 0 && step.status !== 'queued' && <li className="sm t3" style={{ lineHeight: '26px' }}><Prose text={sentence(step)} /></li>}
        {step.attempts.length > 0 && (step.status === 'skipped' || step.status === 'cancelled' || step.status === 'pending') && <li className="sm t3" style={{ lineHeight: '20px' }}><Prose text={sentence(step)} /></li>}
      </ol>
      {error && <ErrorCard error={error} status={step.status} attempts={step.attempts.length} />}
      {step.status === 'needs_approval' && <ApprovalCard step={step} />}
      {step.status === 'waiting' && <WaitCard step={step} />}
      {(step.status === 'failed' || step.status === 'needs_attention') && <RetryActions step={step} />}
      <JudgeActions step={step} />
      {step.compensation && <p className="sm t2" style={{ marginTop: 10, lineHeight: 1.5 }}><Prose text={undoText(step.compensation)} /></p>}
      {last?.usage && (
        <p className="xs t3 num" style={{ marginTop: 12 }}>{usageText(last.usage)}</p>
      )}
    </>
  );
}

function undoText({ status, attempts, error }: Compensation): string {
  const why = error ? ` ${capital(error.message)}` : '';
  if (status === 'succeeded') return 'What it did was undone.';
  if (status === 'failed') return `Undoing it failed after ${count(attempts, 'attempt')}.${why}`;
  return `It is being undone, attempt ${attempts}.${why}`;
}

function usageText({ cpu_ms, max_rss_bytes }: Usage): string {
  const parts = [cpu_ms === null ? '' : `processor ${duration(cpu_ms)}`, max_rss_bytes === null ? '' : `memory up to ${bytes(max_rss_bytes)}`].filter(Boolean);
  return parts.length ? `${capital(parts.join(', '))} in the last attempt.` : '';
}

function previousError(step: RunStep) {
  return step.attempts.findLast((attempt) => attempt.error)?.error ?? null;
}

function sentence(step: RunStep): string {
  switch (step.status) {
    case 'pending': return 'Not reached yet.';
    case 'skipped': return `Skipped: ${step.reason ?? 'its branch was not taken'}.`;
    case 'cancelled': return `Cancelled: ${step.reason ?? 'by a person'}.`;
    case 'succeeded': return step.port && step.port !== 'succeeded' ? `Took the port ${step.port}. Decided without a process.` : 'Decided without a process.';
    case 'failed': return 'Failed before an attempt began.';
    case 'waiting': return 'Waits, without a process.';
    case 'needs_approval': return 'Asked for a decision.';
    case 'compensated': return 'Undone.';
    default: return 'No attempt yet.';
  }
}

function AttemptRow({ attempt }: { attempt: Attempt }) {
  const live = attempt.status === 'running';
  const now = useNow(live);
  const start = Date.parse(attempt.started_at);
  const took = attempt.ended_at ? duration(Date.parse(attempt.ended_at) - start) : clock(now - start);
  const what = attempt.status === 'failed' ? (attempt.error?.message ?? 'failed') : attempt.status === 'lost' ? 'the engine stopped meanwhile' : attempt.status;
  return (
    <li className="att" title={`Started ${fullTime(attempt.started_at)}`} data-status={attempt.status}>
      <StatusIcon status={attempt.status} />
      <span className="ell">Attempt {attempt.number} <span className="t3">{plain(what)}</span></span>
      <span className="num t2">{took}</span>
    </li>
  );
}

function Next({ number, due }: { number: number; due?: string }) {
  const now = useNow(true);
  return (
    <li className="att">
      <StatusIcon status="retrying" />
      <span>Attempt {number} <span className="t3">starts in {clock(Math.max(0, Date.parse(due ?? '') - now) + 999)}</span></span>
      <span className="t3 xs">{capital('scheduled')}</span>
    </li>
  );
}
