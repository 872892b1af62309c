/** One input of a run, as a field of its type. */
import { useId } from 'react';
import type { InputField } from '@/generated/InputField';
import { isStructured, textOf } from './inputs';

interface InputRowProps {
  input: InputField;
  text: string;
  problem?: string;
  autoFocus: boolean;
  onChange: (text: string) => void;
}

export function InputRow({ input, text, problem, autoFocus, onChange }: InputRowProps) {
  const id = useId();
  const common = {
    id,
    autoFocus,
    'aria-invalid': problem ? true : undefined,
    'aria-describedby': `${id}-note`,
    'aria-required': input.required || undefined,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  return (
    <div>
      {input.type === 'boolean' && !input.values ? (
        <label className="cb">
          <input id={id} type="checkbox" checked={text === 'true'} onChange={(event) => onChange(String(event.target.checked))} autoFocus={autoFocus} />
          <span className="med">{input.name}</span>
        </label>
      ) : (
        <>
          <label className="lab" htmlFor={id}>
            {input.name}
            {input.required && <span className="st s-failed" aria-hidden>*</span>}
            <span className="end xs t3 mono">{input.type}</span>
          </label>
          {input.values ? (
            <select className="field" value={text} {...common}>
              {(text === '' || !input.required) && <option value="">{input.required ? 'Choose…' : 'None'}</option>}
              {input.values.map((value) => <option key={textOf(input, value)} value={textOf(input, value)}>{textOf(input, value)}</option>)}
            </select>
          ) : isStructured(input) ? (
            <textarea className="field mono" rows={4} value={text} spellCheck={false} {...common} />
          ) : (
            <input className="field" value={text} inputMode={input.type === 'integer' || input.type === 'number' ? 'decimal' : undefined} spellCheck={false}
              placeholder={input.type === 'file' ? 'Path in the workspace' : undefined} {...common} />
          )}
        </>
      )}
      <div id={`${id}-note`}>
        {input.description && <p className="xs t3" style={{ marginTop: 4 }}>{input.description}</p>}
        {problem && <p className="problem-note s-failed" role="alert">{problem}</p>}
      </div>
    </div>
  );
}
