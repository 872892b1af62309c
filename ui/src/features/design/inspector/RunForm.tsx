/** A script and how it is run. */
import type { Language } from '@/shared/code/CodeEditor';
import { redo, undo } from '../store';
import { ScriptField, SelectField, TextField } from './fields';
import { Pairs } from './Pairs';
import { orNothing, pairsOf, type StepForm } from './step';

const shells = ['bash', 'sh', 'python', 'node'] as const;

export function RunForm({ form }: { form: StepForm }) {
  const { fields } = form.step;
  const shell = typeof fields['shell'] === 'string' ? fields['shell'] : Array.isArray(fields['shell']) ? fields['shell'].join(' ') : 'bash';
  const options = ([...new Set([...shells, shell])] as string[]).map((name) => [name, name] as const);
  return (
    <>
      <ScriptField label="Script" value={form.text('run')} language={languageOf(shell)} onUndo={undo} onRedo={redo} onCommit={(text) => form.set(['run'], text)} problems={form.problems('run')} />
      <div className="two">
        <SelectField label="Shell" value={shell} options={options} onCommit={(name) => form.set(['shell'], name === 'bash' ? null : name)} problems={form.problems('shell')} />
        <SelectField label="Output as" value={outputOf(fields['output'])} problems={form.problems('output')}
          options={[['', 'Exit code and text'], ['text', 'Text'], ['lines', 'Lines'], ['json', 'JSON']]}
          onCommit={(as) => form.set(['output'], as ? { from: 'stdout', as } : null)} />
      </div>
      <Pairs label="Environment" pairs={pairsOf(fields['env'])} textual nameOfNew="NAME" valueOfNew="" nouns={{ name: 'Variable', value: 'Value' }}
        problemsOf={(name) => form.problems(`env.${name}`)} problems={form.problems('env').filter((p) => p.field === 'env')}
        onChange={(pairs) => form.set(['env'], pairs.length ? Object.fromEntries(pairs) : null)} />
      <TextField label="Working folder" mono value={form.text('workdir')} placeholder="." hint="Relative to the workspace." onCommit={(text) => form.set(['workdir'], orNothing(text))} problems={form.problems('workdir')} />
      <TextField label="Standard input" mono lines={2} value={form.text('stdin')} onCommit={(text) => form.set(['stdin'], text === '' ? null : text)} problems={form.problems('stdin')} />
    </>
  );
}

function languageOf(shell: string): Language {
  if (shell === 'python' || shell.startsWith('python')) return 'python';
  return shell === 'node' ? 'javascript' : 'shell';
}

function outputOf(output: unknown): string {
  return output && typeof output === 'object' && 'as' in output ? String(output.as) : '';
}
