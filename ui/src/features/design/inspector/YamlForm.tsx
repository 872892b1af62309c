/** The fields of a step that no form of its own shows, each as JSON, which is YAML too. */
import { BareText, Field } from './fields';
import { readField, showField, withoutForm } from './plainFields';
import type { StepForm } from './step';

export function YamlForm({ form }: { form: StepForm }) {
  return withoutForm(form.step).map((name) => (
    <Field key={name} label={name} problems={form.problems(name)} hint={name === form.step.action ? 'As in the file, written as JSON; plain text stays text.' : undefined}>
      {(id, described, invalid) => (
        <BareText id={id} mono value={showField(form.step.fields[name])} lines={linesOf(form.step.fields[name])} aria-describedby={described} aria-invalid={invalid || undefined}
          onCommit={(text) => form.set([name], readField(text))} />
      )}
    </Field>
  ));
}

const linesOf = (value: unknown): number => Math.min(12, Math.max(2, showField(value).split('\n').length));
