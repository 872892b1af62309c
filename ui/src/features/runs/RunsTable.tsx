/** The table of runs. Only the rows in view exist. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, type KeyboardEvent } from 'react';
import type { RunSummary } from '@/generated/RunSummary';
import { Button } from '@/shared/ui';
import { RunRow } from './RunRow';

type Item = { kind: 'group'; name: string; count: number; live: boolean } | { kind: 'run'; run: RunSummary } | { kind: 'more' };
const ended = new Set(['succeeded', 'failed', 'cancelled', 'compensated']);

export function RunsTable({ runs, more, loading, onMore }: { runs: RunSummary[]; more: boolean; loading: boolean; onMore: () => void }) {
  const scroller = useRef<HTMLDivElement>(null);
  const items = itemsOf(runs, more);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (items[index]?.kind === 'group' ? 30 : 37),
    overscan: 12,
    getItemKey: (index) => keyOf(items[index]),
  });
  return (
    <div className="col" role="table" aria-label="Runs" aria-rowcount={runs.length} style={{ minHeight: 0 }}>
      <div className="cells run-cells thead" role="row">
        <span role="columnheader">Status</span><span role="columnheader">Run</span><span role="columnheader">Steps</span><span role="columnheader" aria-label="Error" />
        <span role="columnheader" className="opt">Started by</span><span role="columnheader" className="right">At</span><span role="columnheader" className="right">Time</span><span role="columnheader" aria-label="Actions" />
      </div>
      <div ref={scroller} className="scroll grow" onKeyDown={moveFocus} role="rowgroup">
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map((row) => {
            const item = items[row.index];
            return (
              <div key={row.key} role="presentation" style={{ position: 'absolute', left: 0, right: 0, top: 0, height: row.size, transform: `translateY(${row.start}px)` }}>
                {item?.kind === 'run' ? <RunRow run={item.run} />
                  : item?.kind === 'group' ? <div className="tgroup">{item.live && <i className="live-dot" />}{item.name} <span className="num med">{item.count}</span></div>
                  : <div className="row" style={{ padding: '6px 16px' }}><Button small busy={loading} onClick={onMore}>Show older runs</Button></div>}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function itemsOf(runs: RunSummary[], more: boolean): Item[] {
  const live = runs.filter((run) => !ended.has(run.status));
  const finished = runs.filter((run) => ended.has(run.status));
  const items: Item[] = [];
  if (live.length) items.push({ kind: 'group', name: 'Live', count: live.length, live: true }, ...live.map((run): Item => ({ kind: 'run', run })));
  if (finished.length) items.push({ kind: 'group', name: 'Finished', count: finished.length, live: false }, ...finished.map((run): Item => ({ kind: 'run', run })));
  if (more) items.push({ kind: 'more' });
  return items;
}

function keyOf(item: Item | undefined): string {
  return item?.kind === 'run' ? item.run.id : item?.kind === 'group' ? item.name : 'more';
}

/** `J` and `K`, or the arrows, move from row to row. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === 'j' || event.key === 'ArrowDown' ? 1 : event.key === 'k' || event.key === 'ArrowUp' ? -1 : 0;
  if (!step || event.ctrlKey || event.metaKey) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-run]')];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: 'nearest' });
}
