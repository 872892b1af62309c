/** Status as shape, colour and word. Every status has its own silhouette: the icon is never optional. */
import type { ReactNode } from 'react';

export type Status =
  | 'pending' | 'queued' | 'running' | 'retrying' | 'succeeded' | 'failed' | 'skipped'
  | 'cancelled' | 'cancelling' | 'waiting' | 'paused' | 'lost' | 'needs_approval' | 'needs_attention' | 'compensating' | 'compensated';

export const statusName: Record<Status, string> = {
  pending: 'Pending', queued: 'Queued', running: 'Running', retrying: 'Retrying', succeeded: 'Succeeded', failed: 'Failed',
  skipped: 'Skipped', cancelled: 'Cancelled', cancelling: 'Cancelling', waiting: 'Waiting', paused: 'Paused', lost: 'Lost',
  needs_approval: 'Needs approval', needs_attention: 'Needs attention', compensating: 'Compensating', compensated: 'Compensated',
};

/** The name of a status in the style sheets. */
const styleOf: Partial<Record<Status, string>> = { needs_approval: 'approval', needs_attention: 'attention', cancelling: 'cancelled' };
export const lookOf = (status: Status): string => `s-${styleOf[status] ?? status}`;
export const colourOf = (status: Status): string => `var(--st-${styleOf[status] ?? (status === 'lost' ? 'attention' : status)})`;

const line = { fill: 'none', stroke: 'currentColor', strokeLinecap: 'round', strokeLinejoin: 'round' } as const;
const cut = { fill: 'none', stroke: 'var(--surface)', strokeLinecap: 'round', strokeLinejoin: 'round' } as const;

const shapes: Record<Status, ReactNode> = {
  pending: <circle cx="8" cy="8" r="6" {...line} strokeWidth="1.5" strokeDasharray="2.4 2.3" strokeLinecap="butt" />,
  queued: <><circle cx="8" cy="8" r="6" {...line} strokeWidth="1.5" /><circle cx="8" cy="8" r="2.4" fill="currentColor" /></>,
  running: (
    <>
      <circle cx="8" cy="8" r="6" {...line} strokeOpacity=".25" strokeWidth="2" />
      <path className="spin" d="M8 2a6 6 0 0 1 5.6 8.2" {...line} strokeWidth="2" />
    </>
  ),
  retrying: (
    <>
      <path d="M13.6 8A5.6 5.6 0 1 1 11.6 3.7L13.6 5.4" {...line} strokeWidth="1.8" />
      <path d="M13.8 1.9v3.7h-3.7" {...line} strokeWidth="1.8" />
    </>
  ),
  succeeded: <><circle cx="8" cy="8" r="7" fill="currentColor" /><path d="M5 8.3l2.1 2.1L11 6.2" {...cut} strokeWidth="1.7" /></>,
  failed: (
    <>
      <path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" fill="currentColor" />
      <path d="M5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6" {...cut} strokeWidth="1.7" />
    </>
  ),
  skipped: <path d="M3 4l4 4-4 4M8 4l4 4-4 4M14 4v8" {...line} strokeWidth="1.6" />,
  cancelled: <><circle cx="8" cy="8" r="6.2" {...line} strokeWidth="1.6" /><path d="M3.8 12.2l8.4-8.4" {...line} strokeWidth="1.6" /></>,
  cancelling: (
    <>
      <circle className="spin" cx="8" cy="8" r="6.2" {...line} strokeWidth="1.6" strokeDasharray="6 3.7" />
      <path d="M5.4 10.6l5.2-5.2" {...line} strokeWidth="1.6" />
    </>
  ),
  waiting: (
    <>
      <path d="M4 1.8h8M4 14.2h8M4.8 1.8v2.4c0 1.6 3.2 2.6 3.2 3.8s-3.2 2.2-3.2 3.8v2.4M11.2 1.8v2.4C11.2 5.8 8 6.8 8 8s3.2 2.2 3.2 3.8v2.4" {...line} strokeWidth="1.5" />
      <path d="M6 13.6c.4-1.4 3.600-1.4 4 0z" fill="currentColor" />
    </>
  ),
  paused: (
    <>
      <rect x="1.5" y="1.5" width="13" height="13" rx="3" fill="currentColor" />
      <path d="M6.2 5.3v5.4M9.8 5.3v5.4" {...cut} strokeWidth="1.8" />
    </>
  ),
  lost: <><path d="M8 1.2l6.9 12.6H1.1z" fill="currentColor" stroke="currentColor" strokeLinejoin="round" /><path d="M8 6v3.4M8 11.6v.1" {...cut} strokeWidth="1.7" /></>,
  needs_approval: (
    <>
      <path d="M8 .6L15.4 8 8 15.4.6 8z" fill="currentColor" stroke="currentColor" strokeLinejoin="round" />
      <circle cx="8" cy="6" r="1.7" fill="var(--surface)" />
      <path d="M4.9 10.8c.3-1.9 1.5-2.7 3.1-2.7s2.8.8 3.1 2.7z" fill="var(--surface)" />
    </>
  ),
  needs_attention: (
    <>
      <path d="M3 1.5h10A1.5 1.5 0 0 1 14.5 3v7.5L8 15l-6.5-4.5V3A1.5 1.5 0 0 1 3 1.5z" fill="currentColor" stroke="currentColor" strokeLinejoin="round" />
      <path d="M8 4.2v3.6M8 10.4v.1" {...cut} strokeWidth="1.8" />
    </>
  ),
  compensating: (
    <>
      <path d="M5.5 2.5L2 6l3.5 3.5M2.2 6h7.3a4 4 0 0 1 0 8H8" {...line} strokeWidth="1.7" />
      <circle cx="4.6" cy="14" r="1" fill="currentColor" />
    </>
  ),
  compensated: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M6.6 4.8L4.5 6.9 6.6 9M4.7 6.9h4.6a2 2 0 0 1 0 4H8" {...cut} strokeWidth="1.5" />
    </>
  ),
};

export function StatusIcon({ status, size = 14, quiet = false }: { status: Status; size?: number; quiet?: boolean }) {
  const name = quiet ? { 'aria-hidden': true } : { role: 'img', 'aria-label': statusName[status] };
  return (
    <svg className={`st ${lookOf(status)}`} width={size} height={size} viewBox="0 0 16 16" {...name}>
      {shapes[status]}
    </svg>
  );
}

export function StatusChip({ status, children, testId }: { status: Status; children?: ReactNode; testId?: string }) {
  return (
    <span className={`chip st ${lookOf(status)}`} data-status={status} data-testid={testId}>
      <StatusIcon status={status} size={12} quiet />
      {children ?? statusName[status]}
    </span>
  );
}
