/** Name, state of the file, undo, layout, views, Run. */
import { Code, Columns2, Network, Play, Redo2, Save, Undo2, Workflow } from 'lucide-react';
import { Button, Segments, StatusIcon, Tip } from '@/shared/ui';
import { save } from './document';
import { runIt } from './shortcuts';
import { isDirty, layOutAll, patch, redo, undo, useOpen, type Mode } from './store';

export function Toolbar() {
  const name = useOpen((state) => state.design.id ?? state.path.split('/').at(-1) ?? state.path);
  const version = useOpen((state) => state.design.version);
  const mode = useOpen((state) => state.mode);
  const past = useOpen((state) => state.history.past.length > 0);
  const future = useOpen((state) => state.history.future.length > 0);
  const errors = useOpen((state) => state.design.diagnostics.filter((d) => d.severity === 'error').length);
  return (
    <div className="toolbar" role="toolbar" aria-label="Workflow">
      <Workflow size={16} className="t3" aria-hidden />
      <h1 className="ell">{name}</h1>
      {version && <span className="chip num">v{version}</span>}
      <FileState />
      <span className="end row g2">
        <Tip text="Undo" keys="Ctrl Z"><Button look="ghost" aria-label="Undo" disabled={!past} icon={<Undo2 size={16} />} onClick={undo} /></Tip>
        <Tip text="Redo" keys="Ctrl Shift Z"><Button look="ghost" aria-label="Redo" disabled={!future} icon={<Redo2 size={16} />} onClick={redo} /></Tip>
        <i className="vr" />
        <Tip text="Lay out everything anew" keys="Shift L"><Button look="ghost" icon={<Network size={15} />} onClick={layOutAll}>Auto layout</Button></Tip>
        <i className="vr" />
        <Segments<Mode> label="View" value={mode} onChange={(next) => patch({ mode: next })} choices={[
          { id: 'design', label: 'Design', icon: <Workflow size={13} /> },
          { id: 'split', label: 'Split', icon: <Columns2 size={13} /> },
          { id: 'code', label: 'Code', icon: <Code size={13} /> },
        ]} />
        <i className="vr" />
        <Tip text={errors ? 'Mend the errors below first' : 'Save and run'} keys="Ctrl Enter">
          <Button look="primary" icon={<Play size={13} fill="currentColor" />} onClick={() => void runIt()}>Run</Button>
        </Tip>
      </span>
    </div>
  );
}

function FileState() {
  const dirty = useOpen(isDirty);
  const saving = useOpen((state) => state.saving);
  const path = useOpen((state) => state.path);
  if (saving) return <span className="xs t3 row g2" role="status"><StatusIcon status="running" size={11} quiet />Saving</span>;
  if (!dirty) return <span className="xs t3 ell" role="status" title={path}>Saved</span>;
  return (
    <span className="row g4">
      <span className="xs t2 row g3" role="status"><i className="unsaved-dot" aria-hidden />Unsaved</span>
      <Tip text="Save" keys="Ctrl S"><Button small icon={<Save size={12} />} onClick={() => void save()}>Save</Button></Tip>
    </span>
  );
}
