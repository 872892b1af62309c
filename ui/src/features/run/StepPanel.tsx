/** The selected step: its attempts and what to do about them, what went in, what came out, how it is defined. */
import { useMemo } from 'react';
import type { RunStep } from '@/generated/RunStep';
import { ActionIcon, actionName } from '@/shared/canvas';
import { CodeEditor } from '@/shared/code/CodeEditor';
import { linkTo } from '@/shared/router';
import { StatusChip, statusName, Tabs } from '@/shared/ui';
import { Attempts } from './Attempts';
import { RunPanel } from './RunPanel';
import { designPath } from './paths';
import { patch, selectStep, useRun, type StepTab } from './store';
import { ValueView } from './ValueView';

export function StepPanel() {
  const step = useRun((state) => (state.selected ? state.byPath[state.selected] : undefined));
  return (
    <aside className="insp run-insp" aria-label="Selected step">
      {step ? <Selected step={step} /> : <RunPanel />}
    </aside>
  );
}

function Selected({ step }: { step: RunStep }) {
  const tab = useRun((state) => state.stepTab);
  const runId = useRun((state) => state.run.id);
  return (
    <>
      <header className="insp-head" style={{ paddingBottom: 10 }}>
        <span className="tile"><ActionIcon action={step.action} size={16} /></span>
        <span className="grow">
          <h2 className="semi ell" style={{ lineHeight: '17px' }}>{step.title ?? step.id}</h2>
          <span className="xs t3">{actionName[step.action] ?? step.action}, id <span className="mono">{step.path}</span></span>
          <Instances step={step} />
        </span>
        <StatusChip status={step.status} />
      </header>
      <Tabs<StepTab> label="Parts of the step" height={32} value={tab} onChange={(next) => patch({ stepTab: next })} choices={[
        { id: 'attempts', label: 'Attempts' }, { id: 'input', label: 'Input' }, { id: 'output', label: 'Output' }, { id: 'definition', label: 'Definition' },
      ]} />
      <div className="run-insp-body scroll">
        {tab === 'attempts' && step.cached && <p className="xs t2" style={{ marginBottom: 8 }}>Cached: it used the output of <a className="link mono" {...linkTo({ view: 'run', id: step.cached.run })}>{step.cached.step}</a> of an earlier success.</p>}
        {tab === 'attempts' && <Attempts step={step} />}
        {tab === 'input' && <ValueView run={runId} value={step.input} name="input" empty="The input is resolved when the step starts." />}
        {tab === 'output' && <ValueView run={runId} value={step.output} name="output" empty={step.status === 'succeeded' ? 'The output is null.' : 'No output yet.'} />}
        {tab === 'definition' && <Definition step={step} />}
      </div>
    </>
  );
}

/** The other instances of the same step: elements, passes, and the steps in them. */
function Instances({ step }: { step: RunStep }) {
  const steps = useRun((state) => state.run.steps);
  const all = useMemo(() => steps.filter((each) => designPath(each.path) === designPath(step.path)), [steps, step.path]);
  if (all.length < 2) return null;
  return (
    <select className="field" style={{ marginTop: 4, height: 24 }} value={step.path} aria-label="Instance" onChange={(event) => selectStep(event.target.value)}>
      {all.map((each) => <option key={each.path} value={each.path}>{each.path}: {statusName[each.status].toLowerCase()}</option>)}
    </select>
  );
}

function Definition({ step }: { step: RunStep }) {
  const document = useRun((state) => state.document);
  const path = useRun((state) => state.run.path);
  const text = useMemo(() => {
    const node = document?.design.nodes.find((each) => each.id === designPath(step.path));
    return node && document ? document.design.text.split('\n').slice(node.line - 1, node.end_line).join('\n').trimEnd() : '';
  }, [document, step.path]);
  return (
    <>
      <p className="xs t3" style={{ marginBottom: 8 }}>As this run runs it. The file may have changed since: <a className="link" {...linkTo({ view: 'design', path })}>open the workflow</a>.</p>
      <div className="well" style={{ padding: 0, minHeight: 60 }}><CodeEditor key={step.path} label="Definition of the step" language="yaml" value={text} /></div>
    </>
  );
}
