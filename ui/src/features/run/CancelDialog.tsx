/** Asks before a run is cancelled. */
import { useState } from 'react';
import { useCancel } from '@/api';
import { complain, Confirm } from '@/shared/ui';
import { patch, replaceRun, useRun } from './store';

export function CancelDialog() {
  const run = useRun((state) => state.run);
  const running = run.steps.filter((step) => step.status === 'running').length;
  const cancel = useCancel();
  const [reason, setReason] = useState('');
  const close = () => patch({ asking: null });
  const confirm = () => cancel.mutate({ run: run.id, reason: reason.trim() || undefined }, {
    onSuccess: (after) => { replaceRun(after); close(); },
    onError: (error) => { complain(error); close(); },
  });
  return (
    <Confirm title={`Cancel ${run.workflow} #${run.number}?`} action="Cancel run" keepLabel="Keep it running" dangerous busy={cancel.isPending} onConfirm={confirm} onClose={close}>
      <p>{running > 0 ? `${running === 1 ? 'One step is' : `${running} steps are`} running and will be stopped.` : 'No step is running.'} What has finished is kept: the run can be taken up again.</p>
      <label className="lab" htmlFor="cancel-reason" style={{ marginTop: 12 }}>Reason <span className="t3 xs">optional</span></label>
      <input id="cancel-reason" className="field" value={reason} onChange={(event) => setReason(event.target.value)} onKeyDown={(event) => { if (event.key === 'Enter') confirm(); }} />
    </Confirm>
  );
}
