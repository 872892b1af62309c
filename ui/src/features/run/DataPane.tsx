/** What went into the run and its steps, and what came out. */
import { useState } from 'react';
import { StatusIcon } from '@/shared/ui';
import { selectStep, useRun } from './store';
import { ValueView } from './ValueView';

export function DataPane() {
  const run = useRun((state) => state.run);
  const selected = useRun((state) => state.selected);
  const [own, setOwn] = useState('');
  const steps = run.steps.filter((step) => step.input !== null || step.output !== null);
  const path = selected && steps.some((step) => step.path === selected) ? selected : own;
  const step = steps.find((each) => each.path === path);
  const choose = (next: string) => {
    setOwn(next);
    selectStep(next || null);
  };
  return (
    <div className="data">
      <div className="scroll data-list" role="listbox" aria-label="Whose data">
        <button type="button" role="option" className="filter" aria-selected={!step} onClick={() => choose('')}><span className="ell">Run</span></button>
        {steps.map((each) => (
          <button key={each.path} type="button" role="option" className="filter" aria-selected={each === step} onClick={() => choose(each.path)}>
            <StatusIcon status={each.status} size={12} quiet /><span className="ell">{each.path}</span>
          </button>
        ))}
      </div>
      <div className="scroll data-values">
        <section><h3 className="eyebrow">{step ? 'Input' : 'Inputs'}</h3><ValueView run={run.id} value={step ? step.input : Object.keys(run.inputs).length ? run.inputs : null} name="in" empty="None." /></section>
        <section><h3 className="eyebrow">{step ? 'Output' : 'Outputs'}</h3><ValueView run={run.id} value={step ? step.output : run.outputs && Object.keys(run.outputs).length ? run.outputs : null} name="out" empty="None." /></section>
      </div>
    </div>
  );
}
