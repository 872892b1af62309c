/** Named values. */
import { Pairs } from './Pairs';
import { pairsOf, type StepForm } from './step';

export function SetForm({ form }: { form: StepForm }) {
  return (
    <>
      <Pairs label="Values" pairs={pairsOf(form.step.fields['set'])} nameOfNew="name" valueOfNew="value" nouns={{ name: 'Name', value: 'Value' }}
        problemsOf={(name) => form.problems(`set.${name}`)} problems={form.problems('set').filter((p) => p.field === 'set')}
        onChange={(pairs) => form.set(['set'], Object.fromEntries(pairs))} />
      <p className="xs t3">A value is text, JSON such as <span className="mono">42</span> or <span className="mono">[1, 2]</span>, or an expression such as <span className="mono">{'${{ inputs.name }}'}</span>.</p>
    </>
  );
}
