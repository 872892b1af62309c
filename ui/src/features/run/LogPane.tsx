/** The log, live. Only the lines in view exist, so that a million scroll smoothly. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDownToLine, Check, Copy, Download, Ellipsis, Footprints, TextWrap } from 'lucide-react';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { inWindow } from '@/api';
import type { LogLine } from '@/generated/LogLine';
import { count, timeOfDay } from '@/shared/format';
import { Button, complain, Menu, Tip, toast } from '@/shared/ui';
import { plainText, spansOf } from './ansi';
import { readLogs } from './session';
import { now, useRun } from './store';

export interface LogFilter {
  text: string;
  ownStep: boolean;
  stream: 'all' | 'stdout' | 'stderr';
  follow: boolean;
  wrap: boolean;
}

const streams = [['all', 'Both streams'], ['stdout', 'Only stdout'], ['stderr', 'Only stderr']] as const;

/** A test for lines: a regular expression, or plain text when it is none. */
function matcher(text: string): ((line: string) => boolean) | null {
  if (!text) return null;
  try {
    const pattern = new RegExp(text, 'i');
    return (line) => pattern.test(line);
  } catch {
    return (line) => line.toLowerCase().includes(text.toLowerCase());
  }
}

function linesFor(logs: LogLine[], filter: LogFilter, step: string | null): LogLine[] {
  const matches = matcher(filter.text);
  const own = filter.ownStep ? step : null;
  if (!matches && !own && filter.stream === 'all') return logs;
  return logs.filter((line) => (!own || line.step === own) && (filter.stream === 'all' || line.stream === filter.stream) && (!matches || matches(plainText(line.text))));
}

export function LogTools({ filter, onChange }: { filter: LogFilter; onChange: (filter: LogFilter) => void }) {
  const selected = useRun((state) => state.selected);
  const text = () => linesFor(now().logs, filter, now().selected).map((line) => `${line.at} ${line.step} ${plainText(line.text)}`).join('\n');
  return (
    <>
      <input className="field log-search" type="search" placeholder="Text or regex" aria-label="Filter the log" value={filter.text} onChange={(event) => onChange({ ...filter, text: event.target.value })} />
      <Tip text={selected ? `Only ${selected}` : 'Select a step to see only its lines'} side="top"><Button look="ghost" small aria-label="Only the selected step" aria-pressed={filter.ownStep} icon={<Footprints size={13} />} onClick={() => onChange({ ...filter, ownStep: !filter.ownStep })} /></Tip>
      <Tip text="Wrap long lines" side="top"><Button look="ghost" small aria-label="Wrap long lines" aria-pressed={filter.wrap} icon={<TextWrap size={13} />} onClick={() => onChange({ ...filter, wrap: !filter.wrap })} /></Tip>
      <Tip text="Follow the end" side="top"><Button look="ghost" small aria-label="Follow the end" aria-pressed={filter.follow} icon={<ArrowDownToLine size={13} />} onClick={() => onChange({ ...filter, follow: !filter.follow })} /></Tip>
      <Menu trigger={<Button look="ghost" small aria-label="More about the log" aria-pressed={filter.stream !== 'all'} icon={<Ellipsis size={13} />} />} items={[
        ...streams.map(([stream, label]) => ({ label, icon: <Check size={13} style={{ opacity: filter.stream === stream ? 1 : 0 }} />, onSelect: () => onChange({ ...filter, stream }) })),
        { label: 'Copy the lines shown', icon: <Copy size={13} />, onSelect: () => void navigator.clipboard.writeText(text()).then(() => toast('Log copied.'), complain) },
        ...(inWindow ? [] : [{ label: 'Download the lines shown', icon: <Download size={13} />, onSelect: () => download(text()) }]),
      ]} />
    </>
  );
}

function download(text: string): void {
  const { run } = now();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = `${run.workflow}-${run.number}.log`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
}

export function LogPane({ filter, onFollow }: { filter: LogFilter; onFollow: (follow: boolean) => void }) {
  const logs = useRun((state) => state.logs);
  const selected = useRun((state) => state.selected);
  const over = useRun((state) => state.run.ended_at !== null);
  const scroller = useRef<HTMLDivElement>(null);
  const step = filter.ownStep ? selected : null;
  const lines = useMemo(() => linesFor(logs, filter, step), [logs, filter, step]);
  const rows = useVirtualizer({ count: lines.length, getScrollElement: () => scroller.current, estimateSize: () => 18, overscan: 20 });
  const several = useMemo(() => !step && lines.length > 0 && lines.some((line) => line.step !== lines[0]?.step), [lines, step]);

  useEffect(() => {
    if (filter.follow && lines.length) rows.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [lines.length, filter.follow, filter.wrap, rows]);

  // Scrolling away from the end stops following; coming back to it goes on.
  const onScroll = () => {
    const box = scroller.current;
    if (box) onFollow(box.scrollHeight - box.scrollTop - box.clientHeight < 24);
  };
  return (
    <div ref={scroller} className="scroll log" role="log" aria-label="Log" aria-live="off" tabIndex={0} onWheel={onScroll} onKeyUp={onScroll}>
      <Omitted />
      {lines.length === 0 && <p className="sm t3 log-none">{logs.length ? 'No line matches the filter.' : over ? 'Nothing was written.' : 'Nothing has been written yet.'}</p>}
      <div style={{ height: rows.getTotalSize(), position: 'relative', minWidth: filter.wrap ? undefined : 'max-content' }}>
        {rows.getVirtualItems().map((row) => {
          const line = lines[row.index];
          return line && (
            <div key={row.key} ref={filter.wrap ? rows.measureElement : undefined} data-index={row.index} className={`log-line ${line.stream}${filter.wrap ? ' wrap' : ''}`} style={{ transform: `translateY(${row.start}px)` }}>
              <Line line={line} several={several} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

const Line = memo(function Line({ line, several }: { line: LogLine; several: boolean }) {
  return (
    <>
      <span className="tm">{timeOfDay(line.at)}</span>
      {several && <span className="src" title={`attempt ${line.attempt}`}>{line.step}</span>}
      <span className="hidden-text">{line.stream === 'stderr' ? 'stderr: ' : ''}</span>
      <span className="tx">{spansOf(line.text).map((span, index) => (span.className ? <span key={index} className={span.className}>{span.text}</span> : span.text))}</span>
    </>
  );
});

function Omitted() {
  const omitted = useRun((state) => state.omitted);
  const missed = useRun((state) => state.missed);
  const [busy, setBusy] = useState(false);
  if (!omitted && !missed) return null;
  const load = () => {
    setBusy(true);
    readLogs(true).catch(complain).finally(() => setBusy(false));
  };
  return (
    <div className="row g4 xs t3 log-omitted">
      {omitted > 0 && `${count(omitted, 'earlier line')} left out.`} {missed > 0 && `${count(missed, 'line')} came too fast to show.`}
      <Button small busy={busy} onClick={load}>Load all</Button>
    </div>
  );
}
