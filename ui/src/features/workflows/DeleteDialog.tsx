/** Asks before a workflow's file is deleted. */
import { useState } from 'react';
import { call, client, keys } from '@/api';
import type { WorkflowSummary } from '@/generated/WorkflowSummary';
import { complain, Confirm, toast } from '@/shared/ui';

export function DeleteDialog({ workflow, onClose }: { workflow: WorkflowSummary; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const name = workflow.id ?? workflow.path;
  const remove = async () => {
    setBusy(true);
    try {
      await call('delete_workflow', { path: workflow.path });
      toast(`Deleted ${workflow.path}.`);
      void client.invalidateQueries({ queryKey: keys.workflows });
    } catch (error) {
      complain(error);
    }
    onClose();
  };
  return (
    <Confirm title={`Delete ${name}?`} action="Delete" dangerous busy={busy} onConfirm={() => void remove()} onClose={onClose}>
      <p>The file <span className="mono">{workflow.path}</span> and its layout are deleted from this computer. Its runs stay, with the definition that each of them ran.</p>
    </Confirm>
  );
}
