/** Somebody else changed or deleted the file while there are unsaved edits: nothing is lost, the person chooses. */
import { FilePen } from 'lucide-react';
import { useState } from 'react';
import type { WorkflowDocument } from '@/generated/WorkflowDocument';
import { CodeEditor } from '@/shared/code/CodeEditor';
import { Button, Dialog } from '@/shared/ui';
import { save, takeTheirs } from './document';
import { useOpen } from './store';

export function Elsewhere() {
  const elsewhere = useOpen((state) => state.elsewhere);
  const [both, setBoth] = useState(false);
  if (!elsewhere) return null;
  if (elsewhere === 'removed') {
    return (
      <div className="banner s-retrying" role="alert" data-testid="removed-elsewhere">
        <FilePen size={15} /><span className="grow">This file was deleted elsewhere. What you see is still here and can be written again.</span>
        <Button small onClick={() => void save(true)}>Write it again</Button>
      </div>
    );
  }
  return (
    <>
      <div className="banner s-retrying" role="alert" data-testid="changed-elsewhere">
        <FilePen size={15} /><span className="grow">This file was changed elsewhere, and there are unsaved edits here.</span>
        <Button small onClick={() => setBoth(true)}>View both</Button>
        <Button small onClick={() => takeTheirs(elsewhere)}>Take theirs</Button>
        <Button small onClick={() => void save(true)}>Keep mine</Button>
      </div>
      {both && <Both theirs={elsewhere} onClose={() => setBoth(false)} />}
    </>
  );
}

function Both({ theirs, onClose }: { theirs: WorkflowDocument; onClose: () => void }) {
  const mine = useOpen((state) => state.text);
  const choose = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <Dialog title="Two versions of this file" wide onClose={onClose} footer={
      <>
        <Button onClick={onClose}>Decide later</Button>
        <Button onClick={choose(() => takeTheirs(theirs))}>Take theirs</Button>
        <Button look="primary" onClick={choose(() => void save(true))}>Keep mine</Button>
      </>
    }>
      <div className="both">
        <section><h3 className="eyebrow">Mine, unsaved</h3><div className="well"><CodeEditor label="My version" language="yaml" value={mine} gutter /></div></section>
        <section><h3 className="eyebrow">Theirs, on disk</h3><div className="well"><CodeEditor label="Their version" language="yaml" value={theirs.design.text} gutter /></div></section>
      </div>
      <p className="sm" style={{ marginTop: 10 }}>Taking theirs can be undone: your version stays in the history.</p>
    </Dialog>
  );
}
