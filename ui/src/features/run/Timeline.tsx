/** One row a step, one bar an attempt; waits for a slot and for the next attempt are hatched. A click selects the step. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import type { RunStep } from '@/generated/RunStep';
import { clock, duration } from '@/shared/format';
import { StatusIcon } from '@/shared/ui';
import { useNow } from '@/shared/useNow';
import { hasEnded } from './fold';
import { depthOf, isPart, ownName } from './paths';
import { now as state, selectStep, useRun, useStep } from './store';
import { barsOf, tickLabel, ticksOf, waitsOf, type Bar, type Waits } from './timeline';

const rowHeight = 19;
const labelWidth = 182;
const valueWidth = 84;

interface Scale {
  start: number;
  length: number;
}

export function Timeline() {
  const run = useRun((s) => s.run);
  const events = useRun((s) => s.events);
  const selected = useRun((s) => s.selected);
  const scroller = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  const live = run.started_at !== null && run.ended_at === null;
  const now = useNow(live);
  const start = Date.parse(run.started_at ?? run.created_at);
  const end = run.ended_at ? Date.parse(run.ended_at) : now;
  const length = Math.max(end - start, 40) * (live ? 1.08 : 1.02);
  const waits = useMemo(() => waitsOf(events), [events]);
  const rows = useVirtualizer({ count: run.steps.length, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 8 });

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(120, element.clientWidth - labelWidth - valueWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const at = state().run.steps.findIndex((step) => step.path === selected);
    if (at >= 0) rows.scrollToIndex(at);
  }, [selected, rows]);

  const ticks = ticksOf(length, Math.max(2, width / 80));
  const x = (time: number) => ((time - start) / length) * width;
  return (
    <div className="timeline">
      <div className="tabs" style={{ height: 30, paddingRight: 14 }}>
        <h2 className="sm med row" style={{ color: 'var(--text-1)' }}>Timeline</h2>
        <Legend />
        <Hatches />
      </div>
      <svg className="axis num" height="22" width="100%" aria-hidden>
        {ticks.map((tick) => <text key={tick} x={labelWidth + (tick / length) * width} y="15" textAnchor={tick === 0 ? 'start' : 'middle'}>{tickLabel(tick, ticks[1] !== undefined && ticks[1] < 1_000)}</text>)}
      </svg>
      <div ref={scroller} className="scroll timeline-rows" role="listbox" aria-label="Timeline" tabIndex={0} aria-activedescendant={selected ? `tl-${selected}` : undefined}>
        <div style={{ height: rows.getTotalSize(), minHeight: '100%', position: 'relative' }}>
          <svg className="grid" aria-hidden style={{ left: labelWidth, width }}>
            {ticks.map((tick) => <path key={tick} d={`M${Math.round((tick / length) * width) + 0.5} 0V4000`} />)}
          </svg>
          {rows.getVirtualItems().map((row) => {
            const step = run.steps[row.index];
            return step && <Row key={step.path} path={step.path} top={row.start} selected={step.path === selected} waits={waits.get(step.path)} scale={{ start, length }} width={width} now={now} />;
          })}
          {run.started_at && <i className="live-edge" aria-hidden style={{ left: labelWidth + x(end) }} />}
        </div>
      </div>
    </div>
  );
}

interface RowProps {
  path: string;
  top: number;
  selected: boolean;
  waits: Waits | undefined;
  scale: Scale;
  width: number;
  now: number;
}

const none: Waits = { queued: [], retrying: [] };

const Row = memo(function Row({ path, top, selected, waits = none, scale, width, now }: RowProps) {
  const step = useStep(path);
  if (!step) return null;
  const quiet = step.status === 'pending' || step.status === 'skipped';
  return (
    <div id={`tl-${path}`} className="tl-row" role="option" aria-selected={selected} style={{ transform: `translateY(${top}px)` }} onClick={() => selectStep(path)} data-testid={`timeline-${path}`}>
      <span className="tl-name" style={{ paddingLeft: 16 + 9 * Math.min(6, depthOf(path)) }}><StatusIcon status={step.status} size={12} /><span className={`ell${quiet ? ' t3' : ''}${selected ? ' semi' : ''}`}>{isPart(path) ? ownName(path) : (step.title ?? step.id)}</span></span>
      <svg width={width} height={rowHeight} aria-hidden>{barsOf(step, waits).map((bar, index) => <BarShape key={index} bar={bar} scale={scale} width={width} now={now} />)}</svg>
      <span className="tl-value num t2"><Took step={step} now={now} /></span>
    </div>
  );
});

function BarShape({ bar, scale, width, now }: { bar: Bar; scale: Scale; width: number; now: number }) {
  const at = (time: number) => ((time - scale.start) / scale.length) * width;
  const x = at(bar.from);
  const w = Math.max(bar.kind === 'decided' ? 2 : 3, at(bar.to ?? now) - x);
  if (bar.kind === 'waiting' || bar.kind === 'queued') {
    const name = bar.kind === 'waiting' ? 'retrying' : 'queued';
    return <rect x={x} y="4.5" width={w} height="9" rx="2" fill={`url(#hatch-${name})`} stroke={`var(--st-${name})`} strokeOpacity=".45" />;
  }
  const colour = bar.kind === 'decided' || bar.kind === 'succeeded' ? 'succeeded' : bar.kind === 'lost' ? 'attention' : bar.kind;
  return (
    <>
      <rect x={x} y="4" width={w} height="10" rx="2" fill={`var(--st-${colour})`} fillOpacity={colour === 'succeeded' ? 0.82 : 1} />
      {bar.kind === 'failed' && w > 12 && <path d={`M${x + w - 8} 7l4 4m0-4l-4 4`} stroke="var(--surface)" strokeWidth="1.3" strokeLinecap="round" />}
    </>
  );
}

function Took({ step, now }: { step: RunStep; now: number }) {
  if (step.status === 'retrying') return `in ${clock(Math.max(0, Date.parse(step.due_at ?? '') - now) + 999)}`;
  if (step.status === 'waiting' && step.due_at) return `in ${clock(Math.max(0, Date.parse(step.due_at) - now) + 999)}`;
  if (step.status === 'waiting' || step.status.startsWith('needs_')) return step.status === 'waiting' ? 'waits' : step.status === 'needs_approval' ? 'approval' : 'attention';
  if (step.status === 'skipped' || step.status === 'cancelled' || step.status === 'queued') return step.status;
  if (!step.started_at) return '';
  if (!hasEnded(step.status)) return clock(now - Date.parse(step.started_at));
  return step.attempts.length ? duration(step.duration_ms) : '';
}

function Hatches() {
  return (
    <svg width="0" height="0" style={{ position: 'absolute' }} aria-hidden><defs>{['retrying', 'queued'].map((name) => (
      <pattern key={name} id={`hatch-${name}`} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="5" height="5" fill={`var(--st-${name})`} fillOpacity=".1" /><rect width="1.5" height="5" fill={`var(--st-${name})`} fillOpacity=".5" />
      </pattern>
    ))}</defs></svg>
  );
}

function Legend() {
  return (
    <span className="end row xs t3 tl-legend" aria-hidden>
      {([['done', 'var(--st-succeeded)'], ['failed attempt', 'var(--st-failed)'], ['running', 'var(--st-running)'], ['waits to retry', 'url(#hatch-retrying)'], ['waits for a slot', 'url(#hatch-queued)']] as const).map(([name, fill]) => (
        <span key={name} className="row g2"><svg width="16" height="8"><rect x=".5" y=".5" width="15" height="7" rx="2" fill={fill} stroke={fill.startsWith('url') ? (name.includes('slot') ? 'var(--st-queued)' : 'var(--st-retrying)') : 'none'} strokeOpacity=".5" /></svg>{name}</span>
      ))}
    </span>
  );
}
