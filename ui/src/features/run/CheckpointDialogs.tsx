/** The three questions about checkpoints: what to keep, whether to start a new run from one, whether to delete one. */
import { useState } from 'react';
import { call, client } from '@/api';
import type { Checkpoint } from '@/generated/Checkpoint';
import type { CheckpointLevel } from '@/generated/CheckpointLevel';
import { fullTime } from '@/shared/format';
import { Button, complain, Confirm, Dialog, Segments, toast, type Choice } from '@/shared/ui';
import { BeginDialog } from './BeginDialog';
import { patch, useRun } from './store';

export const checkpointsOf = (run: string) => ['checkpoints', run] as const;
const readAgain = (run: string) => void client.invalidateQueries({ queryKey: checkpointsOf(run) });

const levels: Choice<CheckpointLevel>[] = [
  { id: 'minimal', label: 'Minimal' },
  { id: 'standard', label: 'Standard' },
  { id: 'comprehensive', label: 'Comprehensive' },
  { id: 'debug', label: 'Debug' },
];
const holds: Record<CheckpointLevel, string> = {
  minimal: 'The state of the run and of each step. Large values stay in the journal alone.',
  standard: 'The state, and variables and outputs with it.',
  comprehensive: 'All that, and an index of the logs and what the attempts used.',
  debug: 'All that, and the version, system and slots of the engine. Never a secret.',
};

export function CreateCheckpoint() {
  const run = useRun((state) => state.run);
  const [name, setName] = useState('');
  const [level, setLevel] = useState<CheckpointLevel>('standard');
  const [busy, setBusy] = useState(false);
  const close = () => patch({ asking: null });
  const create = () => {
    setBusy(true);
    call('create_checkpoint', { run: run.id, name: name.trim() || undefined, level }).then(
      () => {
        readAgain(run.id);
        patch({ asking: null, lower: 'checkpoints' });
        toast('The state of the run was kept.');
      },
      (error: unknown) => {
        complain(error);
        setBusy(false);
      },
    );
  };
  return (
    <Dialog title={`Keep the state of ${run.workflow} #${run.number}`} onClose={close} testId="checkpoint-dialog" footer={
      <>
        <Button onClick={close}>Cancel</Button>
        <Button look="primary" busy={busy} onClick={create}>Keep it</Button>
      </>
    }>
      <p className="sm">The run goes on as it would. From its state as it is now, a new run can be started at any time.</p>
      <label className="lab" htmlFor="checkpoint-name" style={{ marginTop: 12 }}>Name <span className="t3 xs">optional</span></label>
      <input id="checkpoint-name" className="field" autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} onKeyDown={(event) => { if (event.key === 'Enter' && !busy) create(); }} />
      <div className="lab" style={{ marginTop: 12 }}>What it holds</div>
      <Segments label="What it holds" choices={levels} value={level} onChange={setLevel} />
      <p className="xs t2" style={{ marginTop: 8, minHeight: 32 }}>{holds[level]}</p>
    </Dialog>
  );
}

export function RestoreCheckpoint({ checkpoint, onClose }: { checkpoint: Checkpoint; onClose: () => void }) {
  const run = useRun((state) => state.run);
  const { id, facts } = checkpoint;
  return (
    <BeginDialog title={`Start a new run from ${facts?.name ?? id}?`} action="Start the run" from={['restore', run.id, id]}
      ask={(plan) => call('restore_checkpoint', { run: run.id, checkpoint: id, plan })} onClose={onClose}>
      <p>A new run begins with the state of {run.workflow} #{run.number} {facts && <>after event <span className="num mono">{facts.seq}</span>, kept {fullTime(facts.at)},</>} and goes on from there. This run and the checkpoint stay as they are.</p>
    </BeginDialog>
  );
}

export function DeleteCheckpoint({ checkpoint, onClose }: { checkpoint: Checkpoint; onClose: () => void }) {
  const run = useRun((state) => state.run);
  const [busy, setBusy] = useState(false);
  const { id, facts } = checkpoint;
  const confirm = () => {
    setBusy(true);
    call('delete_checkpoint', { run: run.id, checkpoint: id }).then(() => toast('The checkpoint was deleted.'), complain).finally(() => {
      readAgain(run.id);
      onClose();
    });
  };
  return (
    <Confirm title={`Delete ${facts?.name ?? id}?`} action="Delete checkpoint" keepLabel="Keep it" dangerous busy={busy} onConfirm={confirm} onClose={onClose}>
      <p>The run stays as it is, and can still be forked from every event.</p>
    </Confirm>
  );
}
