/** The journal of the run, as it is. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { GitFork } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Event } from '@/generated/Event';
import { timeOfDay } from '@/shared/format';
import { Button } from '@/shared/ui';
import { ForkDialog } from './ForkDialog';
import { selectStep, useRun } from './store';
import { ValueView } from './ValueView';

export function EventsPane() {
  const events = useRun((state) => state.events);
  const [open, setOpen] = useState<number | null>(null);
  const [fork, setFork] = useState<Event | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: events.length, getScrollElement: () => scroller.current, estimateSize: () => 24, overscan: 12, getItemKey: (index) => events[index]?.seq ?? index });
  useEffect(() => {
    if (open === null && events.length) rows.scrollToIndex(events.length - 1);
  }, [events.length, open, rows]);
  return (
    <div ref={scroller} className="scroll events" role="list" aria-label="Events">
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((row) => {
          const event = events[row.index];
          return event && (
            <div key={row.key} ref={rows.measureElement} data-index={row.index} role="listitem" className="event" style={{ transform: `translateY(${row.start}px)` }}>
              <EventLine event={event} open={open === event.seq} onOpen={() => setOpen(open === event.seq ? null : event.seq)} onFork={() => setFork(event)} />
            </div>
          );
        })}
      </div>
      {fork && <ForkDialog event={fork} onClose={() => setFork(null)} />}
    </div>
  );
}

function EventLine({ event, open, onOpen, onFork }: { event: Event; open: boolean; onOpen: () => void; onFork: () => void }) {
  const run = useRun((state) => state.run.id);
  return (
    <>
      <button type="button" className="event-line" aria-expanded={open} onClick={() => { onOpen(); if (event.step) selectStep(event.step); }}>
        <span className="num t3 mono">{event.seq}</span>
        <span className="num t3 mono">{timeOfDay(event.at)}</span>
        <span className="mono ell">{event.kind}{event.attempt !== null && ` ${event.attempt}`}</span>
        <span className="mono ell t2">{event.step}</span>
        <span className="ell t3">{event.actor}</span>
      </button>
      {open && (
        <div style={{ padding: '2px 16px 8px' }}>
          <Button small style={{ margin: '2px 0 6px' }} icon={<GitFork size={13} />} onClick={onFork} data-testid="fork-from-event">Fork from here…</Button>
          <ValueView run={run} value={event.data} name="event" empty="No data." />
        </div>
      )}
    </>
  );
}
