/** Asks before a new run is started from a moment of this one. */
import { call } from '@/api';
import type { Event } from '@/generated/Event';
import { timeOfDay } from '@/shared/format';
import { BeginDialog } from './BeginDialog';
import { useRun } from './store';

export function ForkDialog({ event, onClose }: { event: Event; onClose: () => void }) {
  const run = useRun((state) => state.run);
  return (
    <BeginDialog title={`Fork ${run.workflow} #${run.number} from here?`} action="Start the fork" from={['fork', run.id, event.seq]}
      ask={(plan) => call('fork_run', { run: run.id, at: event.seq, plan })} onClose={onClose}>
      <p>A new run takes over everything up to event <span className="num mono">{event.seq}</span>, <span className="mono">{event.kind}{event.step && ` ${event.step}`}</span> at {timeOfDay(event.at)}, and goes on from there. This run stays as it is.</p>
    </BeginDialog>
  );
}
