/** A run that the workspace does not have, or not any more: what was archived can be brought back from here. */
import { Archive, CirclePlay, Undo2 } from 'lucide-react';
import { useArchive, useRestoreArchived } from '@/api';
import { fullTime } from '@/shared/format';
import { navigate } from '@/shared/router';
import { Button, complain, LoadingRows, State } from '@/shared/ui';

export function AbsentRun({ id, message, onBack }: { id: string; message: string; onBack: () => void }) {
  const archive = useArchive();
  const restore = useRestoreArchived();
  if (archive.isPending) return <LoadingRows label="Looking for the run" />;
  const archived = archive.data?.runs.filter((run) => run.id.startsWith(id)) ?? [];
  const facts = archived.length === 1 ? archived[0]?.facts : undefined;
  if (facts) {
    const bringBack = () => restore.mutate(facts.run.id, { onSuccess: onBack, onError: complain });
    const actions = (
      <>
        <Button look="primary" icon={<Undo2 size={14} />} busy={restore.isPending} onClick={bringBack}>Bring back</Button>
        <Button onClick={() => navigate({ view: 'archive' })}>Open the archive</Button>
      </>
    );
    return <State icon={<Archive size={18} />} title={`${facts.run.workflow} #${facts.run.number} is in the archive`} action={actions}>{`Archived by ${facts.actor}, ${fullTime(facts.archived_at)}. Brought back, it is what it was.`}</State>;
  }
  return <State icon={<CirclePlay size={18} />} title="There is no such run" action={<Button onClick={() => navigate({ view: 'runs' })}>Go to runs</Button>}>{message}</State>;
}
