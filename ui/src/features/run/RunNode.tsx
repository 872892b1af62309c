/** A step of a run on the canvas: the designer's box with its state laid over. It follows its own step only. */
import type { Node, NodeProps } from '@xyflow/react';
import { memo } from 'react';
import type { RunStep } from '@/generated/RunStep';
import { ActionIcon, runNodeWidth, StepBox } from '@/shared/canvas';
import { capital, clock, count, duration, plain } from '@/shared/format';
import { StatusIcon } from '@/shared/ui';
import { useNow } from '@/shared/useNow';
import { useStep } from './store';

export type RunData = { action: string; title: string; summary: string; ports: string[]; handled: boolean };
export type RunBox = Node<RunData, 'step'>;

const tinted = new Set(['queued', 'running', 'retrying', 'failed']);

export const RunNode = memo(function RunNode({ id, data }: NodeProps<RunBox>) {
  const step = useStep(id);
  const status = step?.status ?? 'pending';
  const look = tinted.has(status) ? `run s-${status}` : status === 'skipped' ? 'dim' : status === 'pending' ? 'idle' : '';
  return (
    <StepBox id={id} action={data.action} title={data.title} ports={data.ports} width={runNodeWidth} connectable={false} className={data.handled ? `${look} handled` : look} status={status}
      line={step ? <Line step={step} summary={data.summary} /> : 'Not in this run'}
      tile={status === 'running' ? <><Ring /><ActionIcon action={data.action} size={13} /></> : undefined}
      mark={status === 'running' ? <span className="hidden-text">Running</span> : <StatusIcon status={status} size={15} />} />
  );
});

function Ring() {
  return (
    <svg className="ring" viewBox="0 0 30 30" aria-hidden>
      <circle cx="15" cy="15" r="13" fill="none" stroke="currentColor" strokeOpacity=".22" strokeWidth="2.5" />
      <path className="spin" d="M15 2a13 13 0 0 1 12.4 17" fill="none" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" />
    </svg>
  );
}

function Line({ step, summary }: { step: RunStep; summary: string }) {
  const live = step.status === 'running' || step.status === 'retrying';
  const now = useNow(live);
  const attempts = step.attempts.length;
  switch (step.status) {
    case 'pending': return 'Not reached yet';
    case 'queued': return 'Waits for a slot';
    case 'running': return `Running ${clock(now - Date.parse(step.attempts.at(-1)?.started_at ?? step.started_at ?? ''))}${attempts > 1 ? `, attempt ${attempts}` : ''}`;
    case 'retrying': return `Attempt ${attempts + 1} in ${clock(Math.max(0, Date.parse(step.due_at ?? '') - now) + 999)}`;
    case 'failed': return attempts > 1 ? `Failed ${count(attempts, 'time')}` : capital(plain(step.error?.message ?? 'Failed'));
    case 'succeeded': return [attempts > 0 ? duration(step.duration_ms) : step.port === 'succeeded' ? summary : `Took ${step.port}`, attempts > 1 ? count(attempts, 'attempt') : ''].filter(Boolean).join(', ');
    case 'skipped': return capital(plain(step.reason ?? 'Not needed'));
    case 'cancelled': return capital(plain(step.reason ?? 'Cancelled'));
  }
}
