/** The kept states of the run: those that people named, and those that the engine made. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Bookmark, CircleAlert, Cog, Play, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { call } from '@/api';
import type { Checkpoint } from '@/generated/Checkpoint';
import { bytes, fullTime, timeOfDay } from '@/shared/format';
import { Button, ErrorState, LoadingRows, Prose, State, Tip } from '@/shared/ui';
import { checkpointsOf, DeleteCheckpoint, RestoreCheckpoint } from './CheckpointDialogs';
import { patch, useRun } from './store';

type Asked = { what: 'restore' | 'delete'; checkpoint: Checkpoint } | null;

export function CheckpointsPane() {
  const run = useRun((state) => state.run.id);
  const ended = useRun((state) => state.run.ended_at !== null);
  const latest = useRun((state) => state.events.findLast((event) => event.kind === 'checkpoint_created')?.seq ?? 0);
  const [asked, setAsked] = useState<Asked>(null);
  const kept = useQuery({
    queryKey: [...checkpointsOf(run), latest],
    queryFn: () => call('list_checkpoints', { run }),
    placeholderData: keepPreviousData,
    staleTime: 0,
    // The engine says nothing of those that it makes by itself.
    refetchInterval: ended ? false : 15_000,
  });
  if (kept.isError) return <ErrorState title="The checkpoints could not be read" error={kept.error} onRetry={() => void kept.refetch()} />;
  if (!kept.data) return <LoadingRows rows={3} label="Reading the checkpoints" />;
  if (!kept.data.checkpoints.length) {
    return (
      <State icon={<Bookmark size={18} />} title="No state was kept yet" action={<KeepState />}>
        A checkpoint keeps the state of the run as it is now, so that a new run can begin there. Of long runs the engine keeps some by itself.
      </State>
    );
  }
  return (
    <div className="scroll events" role="list" aria-label="Checkpoints">
      {kept.data.checkpoints.map((checkpoint) => (
        <CheckpointLine key={checkpoint.id} checkpoint={checkpoint} onAsk={(what) => setAsked({ what, checkpoint })} />
      ))}
      {asked?.what === 'restore' && <RestoreCheckpoint checkpoint={asked.checkpoint} onClose={() => setAsked(null)} />}
      {asked?.what === 'delete' && <DeleteCheckpoint checkpoint={asked.checkpoint} onClose={() => setAsked(null)} />}
    </div>
  );
}

export function KeepState() {
  return <Button small icon={<Bookmark size={12} />} onClick={() => patch({ asking: 'checkpoint' })}>Keep the state…</Button>;
}

function CheckpointLine({ checkpoint, onAsk }: { checkpoint: Checkpoint; onAsk: (what: 'restore' | 'delete') => void }) {
  const { id, problem, facts } = checkpoint;
  const name = facts?.name ?? id;
  return (
    <div role="listitem" className="checkpoint" data-testid={`checkpoint-${id}`}>
      <span className={problem ? 'problem-note s-failed' : 't3'} style={{ margin: '2px 0 0' }}>{problem ? <CircleAlert size={14} /> : facts?.automatic ? <Cog size={14} /> : <Bookmark size={14} />}</span>
      <span className="grow" style={{ minWidth: 0 }}>
        <span className="row g3"><b className="med ell">{name}</b>{facts && <span className="chip line">{facts.level}</span>}</span>
        {facts && (
          <span className="xs t3 ell" style={{ display: 'block' }}>
            event <span className="num mono">{facts.seq}</span>, <span title={fullTime(facts.at)}>{timeOfDay(facts.at)}</span> by {facts.automatic ? 'the engine' : facts.actor}, {bytes(facts.bytes)}<Smaller whole={facts.content_bytes} packed={facts.bytes} />
          </span>
        )}
        {problem && <span className="problem-note s-failed" style={{ marginTop: 0 }} role="alert"><Prose text={problem} /></span>}
      </span>
      {!problem && <Tip text="Start a new run from this state"><Button small look="ghost" icon={<Play size={12} />} aria-label={`Start a new run from ${name}`} onClick={() => onAsk('restore')} /></Tip>}
      <Tip text="Delete"><Button small look="ghost" icon={<Trash2 size={12} />} aria-label={`Delete ${name}`} onClick={() => onAsk('delete')} /></Tip>
    </div>
  );
}

/** How much was saved by compressing. */
function Smaller({ whole, packed }: { whole: number; packed: number }) {
  const saved = Math.floor(100 - (100 * packed) / Math.max(1, whole));
  return saved > 0 && <> ({saved} % saved)</>;
}
