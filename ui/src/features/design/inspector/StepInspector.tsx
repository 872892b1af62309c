/** One step: what it does, what it waits for, what happens when it fails. */
import { Ellipsis, Trash2, Code } from 'lucide-react';
import { useState } from 'react';
import type { StepNode } from '@/generated/StepNode';
import { ActionIcon, kindOf, nameOf } from '@/shared/canvas';
import { Button, Menu, Tabs } from '@/shared/ui';
import { removeSelected } from '../shortcuts';
import { apply, patch, renamedTo, show } from '../store';
import { ChooseForm } from './ChooseForm';
import { FailureForm, FailureFoot } from './FailureForm';
import { TextField } from './fields';
import { FlowForm } from './FlowForm';
import { RunForm } from './RunForm';
import { SetForm } from './SetForm';
import { orNothing, useStepForm, type StepForm } from './step';
import { YamlForm } from './YamlForm';

type Tab = 'configure' | 'flow' | 'failure';

export function StepInspector({ step }: { step: StepNode }) {
  const form = useStepForm(step);
  const [tab, setTab] = useState<Tab>('configure');
  return (
    <>
      <header className="insp-head">
        <span className="tile"><ActionIcon action={step.action === 'steps' ? (step.repeat ?? step.action) : step.action} size={17} /></span>
        <span className="grow">
          <h2 className="semi ell" style={{ lineHeight: '17px' }}>{nameOf(step)}</h2>
          <span className="xs t3">{kindOf(step)}, id <span className="mono">{step.id}</span></span>
        </span>
        <Menu trigger={<Button small look="ghost" icon={<Ellipsis size={15} />} aria-label="More about this step" />} items={[
          { label: 'Show in code', icon: <Code size={14} />, onSelect: () => { patch({ mode: 'code' }); show(step.line, step.id); } },
          { label: 'Delete step', icon: <Trash2 size={14} />, danger: true, onSelect: () => void removeSelected() },
        ]} />
      </header>
      <Tabs<Tab> label="Parts of the step" value={tab} onChange={setTab} choices={[
        { id: 'configure', label: 'Configure' }, { id: 'flow', label: 'Connections' }, { id: 'failure', label: 'Errors & retries' },
      ]} />
      <div className="insp-body scroll">
        {tab === 'configure' && <Configure form={form} />}
        {tab === 'flow' && <FlowForm form={form} />}
        {tab === 'failure' && <FailureForm form={form} />}
      </div>
      <FailureFoot form={form} onEdit={tab === 'failure' ? undefined : () => setTab('failure')} />
    </>
  );
}

function Configure({ form }: { form: StepForm }) {
  const { step } = form;
  return (
    <>
      <div className="two">
        <TextField label="Title" value={step.title ?? ''} placeholder={nameOf({ ...step, title: null })} onCommit={(text) => form.set(['title'], orNothing(text))} problems={form.problems('title')} />
        <TextField label="Id" mono value={nameOf({ ...step, title: null })} problems={form.problems('id')} onCommit={(text) => void rename(step.id, text.trim())} />
      </div>
      {step.action === 'run' && <RunForm form={form} />}
      {step.action === 'set' && <SetForm form={form} />}
      {step.action === 'choose' && <ChooseForm form={form} />}
      {step.action === 'unknown' && <p className="sm t2">This step has no action that is known here. Add one in the code, for example <span className="mono">run</span>.</p>}
      {step.action === 'steps' && <p className="xs t3">Drop steps into the frame to add them to it.</p>}
      <YamlForm form={form} />
      <TextField label="Description" value={form.text('description')} lines={2} onCommit={(text) => form.set(['description'], orNothing(text))} problems={form.problems('description')} />
    </>
  );
}

/** The step keeps its references everywhere, and stays selected. */
async function rename(id: string, to: string): Promise<void> {
  const whole = renamedTo(id, to);
  if (to && whole !== id) await apply([{ op: 'rename_step', id, to }], { select: [whole] });
}
