/** The inputs of the workflow. */
import { Plus, X } from 'lucide-react';
import type { Diagnostic } from '@/generated/Diagnostic';
import type { InputField } from '@/generated/InputField';
import { Button } from '@/shared/ui';
import { apply } from '../store';
import { SelectField, TextField } from './fields';
import { readValue, showValue } from './Pairs';
import { freshId } from '../ops';

const types = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'file'].map((type) => [type, type] as const);
type Problems = (field: string) => Diagnostic[];

const set = (path: string[], value: unknown) =>
  void apply([{ op: 'set_workflow_field', path: ['inputs', ...path], value }], { tag: `inputs.${path.join('.')}` });

export function InputsForm({ inputs, problems }: { inputs: InputField[]; problems: Problems }) {
  const add = () => set([freshId('input', inputs.map((input) => input.name))], { type: 'string' });
  const remove = (name: string) =>
    void apply([{ op: 'set_workflow_field', path: inputs.length > 1 ? ['inputs', name] : ['inputs'], value: null }]);
  return (
    <section aria-label="Inputs" style={{ display: 'grid', gap: 8 }}>
      <div className="lab" style={{ margin: 0 }}>Inputs<span className="end"><Button small look="ghost" icon={<Plus size={12} />} onClick={add}>Add</Button></span></div>
      {inputs.map((input) => <InputCard key={input.name} input={input} all={inputs} problems={problems} onRemove={() => remove(input.name)} />)}
      {inputs.length === 0 && <p className="xs t3">None: a run starts without asking.</p>}
    </section>
  );
}

function InputCard({ input, all, problems, onRemove }: { input: InputField; all: InputField[]; problems: Problems; onRemove: () => void }) {
  const { name } = input;
  const own = (field: string) => problems(`inputs.${name}.${field}`);
  const textual = input.type === 'string' || input.type === 'file';
  return (
    <div className="input-card" role="group" aria-label={`Input ${name}`}>
      <div className="two">
        <TextField label="Name" mono value={name} onCommit={(text) => rename(all, name, text.trim())} problems={problems(`inputs.${name}`).filter((p) => p.field === `inputs.${name}`)} />
        <SelectField label="Type" value={input.type} options={types} onCommit={(type) => set([name, 'type'], type)} problems={own('type')} />
      </div>
      <div className="two">
        <TextField label="Default" mono value={input.default === null ? '' : showValue(input.default, textual)} placeholder="none" problems={own('default')}
          onCommit={(text) => set([name, 'default'], text === '' ? null : readValue(text, textual))} />
        <TextField label="Allowed values" mono value={input.values?.map((value) => showValue(value, textual)).join(', ') ?? ''} placeholder="any" problems={own('enum')}
          onCommit={(text) => set([name, 'enum'], text.trim() === '' ? null : text.split(',').map((part) => readValue(part.trim(), textual)))} />
      </div>
      <TextField label="Description" value={input.description ?? ''} onCommit={(text) => set([name, 'description'], text.trim() || null)} problems={own('description')} />
      <div className="row">
        <label className="cb"><input type="checkbox" checked={input.required} onChange={(event) => set([name, 'required'], event.target.checked || null)} />Required</label>
        <span className="end"><Button small look="ghost" icon={<X size={12} />} onClick={onRemove} aria-label={`Remove the input ${name}`}>Remove</Button></span>
      </div>
    </div>
  );
}

/** A renamed input keeps its place among the others. Expressions that read it show as problems. */
function rename(all: InputField[], from: string, to: string): void {
  if (!to || to === from || all.some((input) => input.name === to)) return;
  const inputs = Object.fromEntries(all.map((input) => {
    const fields: [string, unknown][] = [
      ['type', input.type],
      ...(input.required ? [['required', true] as [string, unknown]] : []),
      ...(input.default !== null ? [['default', input.default] as [string, unknown]] : []),
      ...(input.values ? [['enum', input.values] as [string, unknown]] : []),
      ...(input.description ? [['description', input.description] as [string, unknown]] : []),
    ];
    return [input.name === from ? to : input.name, Object.fromEntries(fields)];
  }));
  void apply([{ op: 'set_workflow_field', path: ['inputs'], value: inputs }]);
}
