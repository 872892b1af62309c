/** The cases of a choice, in the order in which they are tried. Each names a port. */
import { Pairs } from './Pairs';
import { TextField } from './fields';
import { pairsOf, type StepForm } from './step';

export function ChooseForm({ form }: { form: StepForm }) {
  const all = pairsOf(form.step.fields['choose']);
  const cases = all.filter(([name]) => name !== 'else');
  const otherwise = all.find(([name]) => name === 'else')?.[1];
  const write = (next: [string, unknown][], last: unknown) =>
    form.set(['choose'], Object.fromEntries(last === undefined || last === '' ? next : [...next, ['else', last]]));
  return (
    <>
      <Pairs label="Cases, first match wins" pairs={cases} ordered nameOfNew="case" valueOfNew="${{ true }}" nouns={{ name: 'Port', value: 'Condition' }}
        problemsOf={(name) => form.problems(`choose.${name}`)} problems={form.problems('choose').filter((p) => p.field === 'choose')}
        onChange={(pairs) => write(pairs, otherwise)} />
      <TextField label="Otherwise, port" mono value={typeof otherwise === 'string' ? otherwise : ''} placeholder="none: the step fails" problems={form.problems('choose.else')}
        onCommit={(text) => write(cases, text.trim())} hint="Taken when no case is true." />
    </>
  );
}
