/** A strip of states, one cell each. The cell has its own shape per status, so that it reads without colour. */
import { colourOf, statusName, type Status } from './StatusIcon';

const step = 11;

export function Strip({ states, label }: { states: { key: string; status: Status }[]; label: string }) {
  return (
    <svg width={Math.max(states.length * step, 1)} height="18" role="img" aria-label={`${label}: ${states.map((s) => statusName[s.status].toLowerCase()).join(', ') || 'none'}`}>
      {states.map((state, index) => (
        <g key={state.key} transform={`translate(${index * step} 0)`}>
          <StripCell status={state.status} />
        </g>
      ))}
    </svg>
  );
}

export function StripCell({ status }: { status: Status }) {
  const colour = colourOf(status);
  const frame = { x: 0.75, y: 3.75, width: 7.5, height: 10.5, rx: 2, stroke: colour, strokeWidth: 1.3 };
  switch (status) {
    case 'succeeded':
      return <rect y="3" width="9" height="12" rx="2" fill={colour} fillOpacity=".78" />;
    case 'failed':
    case 'lost':
      return <><rect width="9" height="18" rx="2" fill={colour} /><path d="M2.8 7.3l3.400 3.400M6.200 7.300l-3.400 3.400" stroke="var(--surface)" strokeWidth="1.3" strokeLinecap="round" /></>;
    case 'running':
      return <><rect y="3" width="9" height="12" rx="2" fill={colour} fillOpacity=".3" /><rect y="9" width="9" height="6" rx="2" fill={colour} /></>;
    case 'retrying':
      return <rect {...frame} fill={colour} fillOpacity=".22" strokeWidth="1.5" />;
    case 'skipped':
      return <path d="M1 9h7" stroke="var(--text-4)" strokeWidth="1.5" strokeLinecap="round" />;
    case 'queued':
      return <><rect {...frame} fill="none" /><circle cx="4.5" cy="9" r="1.6" fill={colour} /></>;
    case 'waiting':
      return <><rect {...frame} fill="none" /><rect x="2" y="9" width="5" height="4" rx="1" fill={colour} /></>;
    case 'needs_approval':
      return <path d="M4.5 2.5L9 9l-4.500 6.500L0 9z" fill={colour} />;
    case 'needs_attention':
      return <path d="M0 3h9v8.500L4.500 16 0 11.500z" fill={colour} />;
    case 'compensating':
      return <><rect {...frame} fill="none" /><path d="M6 6.500L3 9l3 2.500" fill="none" stroke={colour} strokeWidth="1.3" strokeLinecap="round" /></>;
    case 'compensated':
      return <><rect y="3" width="9" height="12" rx="2" fill={colour} /><path d="M6 6.500L3 9l3 2.500" fill="none" stroke="var(--surface)" strokeWidth="1.3" strokeLinecap="round" /></>;
    case 'paused':
      return <><rect y="3" width="9" height="12" rx="2" fill={colour} /><path d="M3 6.5v5M6 6.5v5" stroke="var(--surface)" strokeWidth="1.4" /></>;
    case 'cancelled':
    case 'cancelling':
      return <><rect {...frame} fill="none" /><path d="M2 12.5l5-7" stroke={colour} strokeWidth="1.3" /></>;
    default:
      return <rect x=".5" y="3.5" width="8" height="11" rx="2" fill="none" stroke="var(--border-strong)" />;
  }
}
