/** The workflow itself: what it is for and what a run asks for. */
import { Workflow } from 'lucide-react';
import { count } from '@/shared/format';
import { apply, useOpen } from '../store';
import { TextField } from './fields';
import { InputsForm } from './InputsForm';
import { orNothing } from './step';

export function WorkflowInspector() {
  const design = useOpen((state) => state.design);
  const path = useOpen((state) => state.path);
  const problems = (field: string) => design.diagnostics.filter((d) => !d.step && (d.field === field || d.field?.startsWith(`${field}.`)));
  const set = (field: string) => (text: string) => void apply([{ op: 'set_workflow_field', path: [field], value: orNothing(text) }], { tag: `workflow.${field}` });
  return (
    <>
      <header className="insp-head">
        <span className="tile"><Workflow size={17} /></span>
        <span className="grow">
          <h2 className="semi ell" style={{ lineHeight: '17px' }}>{design.id ?? 'Workflow'}</h2>
          <span className="xs t3 mono ell block">{path}</span>
        </span>
      </header>
      <div className="insp-body scroll" style={{ borderTop: '1px solid var(--border)' }}>
        <div className="two">
          <TextField label="Id" mono value={design.id ?? ''} onCommit={(text) => { if (text.trim()) set('id')(text.trim()); }} problems={problems('id')} />
          <TextField label="Version" mono value={design.version ?? ''} placeholder="none" onCommit={set('version')} problems={problems('version')} />
        </div>
        <TextField label="Description" lines={3} value={design.description ?? ''} placeholder="What it is for" onCommit={set('description')} problems={problems('description')} />
        <InputsForm inputs={design.inputs} problems={problems} />
        <p className="xs t3">{count(design.nodes.length, 'step')}, {count(design.edges.filter((edge) => !edge.implied).length, 'wire')}. Select a step to change it.</p>
      </div>
    </>
  );
}
