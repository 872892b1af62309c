/** Below the canvas: when things happened, and what was said. */
import { Tabs } from '@/shared/ui';
import { useState } from 'react';
import { CheckpointsPane, KeepState } from './CheckpointsPane';
import { DataPane } from './DataPane';
import { EventsPane } from './EventsPane';
import { LogPane, LogTools, type LogFilter } from './LogPane';
import { patch, useRun, type LowerTab } from './store';
import { Timeline } from './Timeline';

export function Lower() {
  const tab = useRun((state) => state.lower);
  const [filter, setFilter] = useState<LogFilter>({ text: '', ownStep: false, stream: 'all', follow: true, wrap: false });
  return (
    <section className="low" aria-label="Timeline and logs">
      <Timeline />
      <div className="low-right">
        <Tabs<LowerTab> label="Logs, data, events and checkpoints" height={30} value={tab} onChange={(next) => patch({ lower: next })}
          choices={[{ id: 'logs', label: 'Logs' }, { id: 'data', label: 'Data' }, { id: 'events', label: 'Events' }, { id: 'checkpoints', label: 'Checkpoints' }]}
          end={tab === 'logs' ? <LogTools filter={filter} onChange={setFilter} /> : tab === 'checkpoints' && <KeepState />} />
        {tab === 'logs' && <LogPane filter={filter} onFollow={(follow) => setFilter((f) => (f.follow === follow ? f : { ...f, follow }))} />}
        {tab === 'data' && <DataPane />}
        {tab === 'events' && <EventsPane />}
        {tab === 'checkpoints' && <CheckpointsPane />}
      </div>
    </section>
  );
}
