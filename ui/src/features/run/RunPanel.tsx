/** The run itself, when no step is selected: why it failed, what went in, what came out. */
import { CirclePlay } from 'lucide-react';
import { fullTime } from '@/shared/format';
import { linkTo } from '@/shared/router';
import { Button, Prose } from '@/shared/ui';
import { QueueLine } from './QueueLine';
import { selectStep, useRun } from './store';
import { ValueView } from './ValueView';

export function RunPanel() {
  const run = useRun((state) => state.run);
  const facts: [string, string | null][] = [['Id', run.id], ['Created', fullTime(run.created_at)], ['Ended', run.ended_at && fullTime(run.ended_at)], ['Started by', `${run.trigger.actor} (${run.trigger.kind})`], ['File', run.path]];
  return (
    <>
      <header className="insp-head" style={{ paddingBottom: 10, borderBottom: '1px solid var(--border)' }}>
        <span className="tile"><CirclePlay size={16} /></span>
        <span className="grow"><h2 className="semi ell" style={{ lineHeight: '17px' }}>{run.workflow} #{run.number}</h2><span className="xs t3">Select a step to look into it</span></span>
      </header>
      <div className="run-insp-body scroll col" style={{ gap: 14 }}>
        {run.status === 'queued' && <QueueLine step={null} />}
        {run.error && (
          <div className="err s-failed">
            <p className="sm med"><Prose text={run.error.message} /></p>
            {run.error.step && <Button small style={{ marginTop: 8 }} onClick={() => selectStep(run.error?.step ?? null)}>Show {run.error.step}</Button>}
          </div>
        )}
        <section><h3 className="eyebrow">Inputs</h3><ValueView run={run.id} value={Object.keys(run.inputs).length ? run.inputs : null} name="inputs" empty="None." /></section>
        <section><h3 className="eyebrow">Outputs</h3><ValueView run={run.id} value={run.outputs && Object.keys(run.outputs).length ? run.outputs : null} name="outputs" empty={run.ended_at ? 'None.' : 'Known when the run has succeeded.'} /></section>
        <dl className="facts sm">
          {facts.map(([name, value]) => value && <div key={name}><dt className="t3">{name}</dt><dd className="mono">{value}</dd></div>)}
          {run.forked_from && <div><dt className="t3">Forked from</dt><dd className="mono"><a className="link" {...linkTo({ view: 'run', id: run.forked_from.run })}>{run.forked_from.run}</a> at event {run.forked_from.seq}</dd></div>}
        </dl>
      </div>
    </>
  );
}
