/** A step of a run on the canvas: the designer's box with its state laid over. It follows its own step only. */
import type { Node, NodeProps } from '@xyflow/react';
import { memo } from 'react';
import type { RunStep } from '@/generated/RunStep';
import type { StepStatus } from '@/generated/StepStatus';
import { ActionIcon, GroupBox, runNodeWidth, StepBox } from '@/shared/canvas';
import { capital, clock, count, duration, plain } from '@/shared/format';
import { lookOf, StatusIcon, statusName } from '@/shared/ui';
import { useNow } from '@/shared/useNow';
import type { Gathered } from './aggregate';
import { hasEnded } from './fold';
import { ownName } from './paths';
import { useRun, useStep } from './store';

export type RunData = { action: string; repeat: string | undefined; kind: string; title: string; summary: string; ports: string[]; handled: boolean };
export type RunBox = Node<RunData, 'step' | 'frame'>;

const tinted = new Set<StepStatus>(['queued', 'running', 'retrying', 'failed', 'waiting', 'needs_approval', 'needs_attention', 'compensating']);

function lookFor(status: StepStatus): string {
  return tinted.has(status) ? `run ${lookOf(status)}` : status === 'skipped' ? 'dim' : status === 'pending' ? 'idle' : '';
}

export const RunNode = memo(function RunNode({ id, data }: NodeProps<RunBox>) {
  const gathered = useRun((state) => state.gathered[id]);
  const step = useStep(gathered?.path ?? id);
  const status = gathered?.status ?? 'pending';
  const look = lookFor(status);
  return (
    <StepBox id={id} repeat={data.repeat} action={data.action} title={data.title} ports={data.ports} width={runNodeWidth} connectable={false} className={data.handled ? `${look} handled` : look} status={status}
      line={gathered && gathered.count > 1 ? countsText(gathered) : gathered?.parts.length ? partsText(gathered) : step ? <Line step={step} summary={data.summary} /> : 'Not reached yet'}
      tile={status === 'running' ? <><Ring /><ActionIcon action={data.action} size={13} /></> : undefined}
      mark={status === 'running' ? <span className="hidden-text">Running</span> : <StatusIcon status={status} size={15} />} />
  );
});

/** A container of a run: its frame, and how far its elements or passes are. */
export const RunGroup = memo(function RunGroup({ id, data, width = 0, height = 0 }: NodeProps<RunBox>) {
  const gathered = useRun((state) => state.gathered[id]);
  const status = gathered?.status ?? 'pending';
  return (
    <GroupBox id={id} title={data.title} kind={data.kind} repeat={data.repeat} ports={data.ports} width={width} height={height} connectable={false} status={status}
      className={`${lookFor(status)}${data.handled ? ' handled' : ''}`}>
      {gathered && gathered.parts.length > 0 && (
        <>
          <span className="num xs t2 nowrap">{partsText(gathered)}</span>
          {gathered.parts.length <= 16 && <span className="group-strip" aria-hidden>{gathered.parts.map((part) => <i key={part.path} className={lookOf(part.status)} title={`${ownName(part.path)} ${statusName[part.status].toLowerCase()}`} />)}</span>}
        </>
      )}
      <StatusIcon status={status} size={14} />
    </GroupBox>
  );
});

function partsText({ parts }: Gathered): string {
  return `${parts.filter((part) => hasEnded(part.status)).length}/${parts.length} done`;
}

/** `3 succeeded, 1 running`. */
function countsText({ counts }: Gathered): string {
  return Object.entries(counts).map(([status, n]) => `${n} ${statusName[status as StepStatus].toLowerCase()}`).join(', ');
}

function Ring() {
  return (
    <svg className="ring" viewBox="0 0 30 30" aria-hidden>
      <circle cx="15" cy="15" r="13" fill="none" stroke="currentColor" strokeOpacity=".22" strokeWidth="2.5" />
      <path className="spin" d="M15 2a13 13 0 0 1 12.4 17" fill="none" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" />
    </svg>
  );
}

function Line({ step, summary }: { step: RunStep; summary: string }) {
  const live = step.status === 'running' || step.status === 'retrying' || step.status === 'waiting';
  const now = useNow(live);
  const attempts = step.attempts.length;
  switch (step.status) {
    case 'pending': return 'Not reached yet';
    case 'queued': return 'Ready, waits to start';
    case 'running': return `Running ${clock(now - Date.parse(step.attempts.at(-1)?.started_at ?? step.started_at ?? ''))}${attempts > 1 ? `, attempt ${attempts}` : ''}`;
    case 'retrying': return `Attempt ${attempts + 1} in ${clock(Math.max(0, Date.parse(step.due_at ?? '') - now) + 999)}`;
    case 'failed': return attempts > 1 ? `Failed ${count(attempts, 'time')}` : capital(plain(step.error?.message ?? 'Failed'));
    case 'succeeded': return step.cached ? 'Cached: used an earlier output' : [attempts > 0 ? duration(step.duration_ms) : step.port === 'succeeded' ? summary : `Took ${step.port}`, attempts > 1 ? count(attempts, 'attempt') : ''].filter(Boolean).join(', ');
    case 'skipped': return capital(plain(step.reason ?? 'Not needed'));
    case 'waiting': return step.due_at ? `Waits ${clock(Math.max(0, Date.parse(step.due_at) - now) + 999)} more` : 'Waits for an event';
    case 'needs_approval': return 'A person decides';
    case 'needs_attention': return capital(plain(step.error?.message ?? 'Needs a person'));
    case 'compensating': return 'Being undone';
    case 'compensated': return 'Undone';
    case 'cancelled': return capital(plain(step.reason ?? 'Cancelled'));
  }
}
