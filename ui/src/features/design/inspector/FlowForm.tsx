/** What a step waits for. */
import { X } from 'lucide-react';
import type { Edge } from '@/generated/Edge';
import type { StepNode } from '@/generated/StepNode';
import { Button, complain } from '@/shared/ui';
import { whyNot } from '../ops';
import { apply, now, useOpen } from '../store';
import { handleOf, hasNamedPorts } from '@/shared/canvas';
import { BareText, Field, SelectField, TextField } from './fields';
import { orNothing, type StepForm } from './step';

type JoinKind = 'all' | 'any' | 'first' | 'at_least';

export function FlowForm({ form }: { form: StepForm }) {
  const { step } = form;
  const design = useOpen((state) => state.design);
  const incoming = design.edges.filter((edge) => edge.to === step.id);
  const needs = incoming.filter((edge) => !edge.implied);
  const implied = incoming.filter((edge) => edge.implied);
  const candidates = design.nodes.filter((node) => node.id !== step.id && node.parent === step.parent && !needs.some((edge) => edge.from === node.id && edge.port === null));
  const connect = (from: string) => {
    const source = design.nodes.find((node) => node.id === from);
    if (!source) return;
    const port = hasNamedPorts(source) ? (source.ports[0] ?? null) : null;
    const reason = whyNot(now().design, { step: from, handle: handleOf(source, port) }, step.id);
    if (reason) complain(reason);
    else void apply([{ op: 'connect', from, port, to: step.id }]);
  };
  return (
    <>
      <Field label="Starts after" problems={form.problems('needs')} hint={needs.length === 0 ? 'Nothing: it starts with the run.' : undefined}>
        {(id) => (
          <>
            {needs.map((edge) => <Need key={`${edge.from}.${edge.port}`} edge={edge} source={design.nodes.find((node) => node.id === edge.from)} />)}
            <select id={id} className="field" value="" onChange={(event) => connect(event.target.value)} disabled={candidates.length === 0}>
              <option value="">{candidates.length ? 'Add a step to wait for…' : 'No other step'}</option>
              {candidates.map((node) => <option key={node.id} value={node.id}>{node.title ? `${node.title} (${node.id})` : node.id}</option>)}
            </select>
          </>
        )}
      </Field>
      {implied.length > 0 && (
        <p className="xs t3">Also waits for {implied.map((edge) => edge.from).join(', ')}, because an expression reads {implied.length === 1 ? 'it' : 'them'}.</p>
      )}
      {needs.length > 1 && <Join form={form} />}
      <TextField label="Only when" mono value={form.text('when')} placeholder="${{ inputs.publish }}" hint="Asked once everything above is there. When false, the step is skipped."
        onCommit={(text) => form.set(['when'], orNothing(text))} problems={form.problems('when')} />
    </>
  );
}

function Need({ edge, source }: { edge: Edge; source: StepNode | undefined }) {
  const ports = source && hasNamedPorts(source) ? source.ports : [];
  const change = (port: string | null) =>
    void apply([{ op: 'disconnect', from: edge.from, port: edge.port, to: edge.to }, { op: 'connect', from: edge.from, port, to: edge.to }]);
  return (
    <div className="need">
      <span className="grow sm ell" title={edge.from}>{source?.title ?? edge.from}</span>
      <select className="field" style={{ width: 132 }} value={edge.port ?? ''} aria-label={`Port of ${edge.from}`} onChange={(event) => change(event.target.value || null)}>
        <option value="">any but failed</option>
        {[...new Set([...ports, 'failed', ...(edge.port ? [edge.port] : [])])].map((port) => <option key={port} value={port}>{port}</option>)}
      </select>
      <Button small look="ghost" icon={<X size={12} />} aria-label={`Do not wait for ${edge.from}`}
        onClick={() => void apply([{ op: 'disconnect', from: edge.from, port: edge.port, to: edge.to }])} />
    </div>
  );
}

function Join({ form }: { form: StepForm }) {
  const join = form.step.fields['join'];
  const atLeast = join && typeof join === 'object' && 'at_least' in join ? Number(join.at_least) : null;
  const kind: JoinKind = atLeast !== null ? 'at_least' : join === 'any' || join === 'first' ? join : 'all';
  const hints: Record<JoinKind, string> = {
    all: 'Every one of them. As soon as one cannot come, the step is skipped.',
    any: 'When all have ended and at least one was taken.',
    first: 'As soon as the first one is taken; later ones are ignored.',
    at_least: 'When that many are taken.',
  };
  const choose = (next: JoinKind) => form.set(['join'], next === 'all' ? null : next === 'at_least' ? { at_least: 2 } : next);
  return (
    <>
      <SelectField<JoinKind> label="Waits for" value={kind} hint={hints[kind]} onCommit={choose} problems={form.problems('join')}
        options={[['all', 'All of them'], ['any', 'Any, once all have ended'], ['first', 'The first'], ['at_least', 'At least…']]} />
      {kind === 'at_least' && (
        <div className="row g4"><span className="sm t2">At least</span><span style={{ width: 64 }}>
          <BareText value={String(atLeast ?? 2)} aria-label="At least so many" onCommit={(text) => { if (/^[1-9]\d*$/.test(text)) form.set(['join'], { at_least: Number(text) }); }} />
        </span></div>
      )}
    </>
  );
}
