/** The fields that the inspector's forms are made of. A field hands over what was typed when it is left, or with Enter. */
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { Diagnostic } from '@/generated/Diagnostic';
import { CodeEditor, type Language } from '@/shared/code/CodeEditor';
import { Prose } from '@/shared/ui';
import { SeverityIcon } from '../Problems';

/** Text that is being typed: it stands until it is handed over and the value has followed. */
export function useDraft(value: string, onCommit: (text: string) => void) {
  const [draft, setDraft] = useState<{ text: string; against: string } | null>(null);
  const tried = useRef<string | null>(null);
  const text = draft && draft.against === value ? draft.text : value;
  const dirty = text !== value;
  const commit = () => {
    if (!dirty) return;
    // A text that was refused once is not asked about again: leaving the field brings the value back.
    if (tried.current === text) {
      setDraft(null);
      tried.current = null;
    } else {
      tried.current = text;
      onCommit(text);
    }
  };
  return {
    text,
    dirty,
    change: (next: string) => { tried.current = null; setDraft({ text: next, against: value }); },
    commit,
    revert: () => setDraft(null),
  };
}

interface FrameProps {
  label: string;
  problems?: Diagnostic[];
  hint?: ReactNode;
  end?: ReactNode;
  children: (id: string, described: string, invalid: boolean) => ReactNode;
}

/** Label above, problems below. */
export function Field({ label, problems = [], hint, end, children }: FrameProps) {
  const id = useId();
  const invalid = problems.some((problem) => problem.severity === 'error');
  return (
    <div>
      <label className="lab" htmlFor={id}>{label}{end && <span className="end">{end}</span>}</label>
      {children(id, `${id}-note`, invalid)}
      <div id={`${id}-note`}>
        {problems.map((problem) => (
          <p key={`${problem.code}${problem.line}${problem.message}`} className={`problem-note ${problem.severity === 'error' ? 's-failed' : 's-retrying'}`}>
            <SeverityIcon severity={problem.severity} size={11} /><span><Prose text={problem.message} /></span>
          </p>
        ))}
        {!problems.length && hint && <p className="xs t3" style={{ marginTop: 4 }}>{hint}</p>}
      </div>
    </div>
  );
}

interface TextFieldProps {
  label: string;
  value: string;
  onCommit: (text: string) => void;
  problems?: Diagnostic[];
  hint?: ReactNode;
  placeholder?: string;
  mono?: boolean;
  lines?: number;
}

export function TextField({ label, value, onCommit, problems, hint, placeholder, mono, lines }: TextFieldProps) {
  return (
    <Field label={label} problems={problems} hint={hint}>
      {(id, described, invalid) => (
        <BareText id={id} value={value} onCommit={onCommit} placeholder={placeholder} mono={mono} lines={lines} aria-describedby={described} aria-invalid={invalid || undefined} />
      )}
    </Field>
  );
}

interface BareTextProps {
  id?: string;
  value: string;
  onCommit: (text: string) => void;
  placeholder?: string;
  mono?: boolean;
  lines?: number;
  'aria-label'?: string;
  'aria-describedby'?: string;
  'aria-invalid'?: boolean;
}

/** A text field without its label. */
export function BareText({ value, onCommit, mono, lines, ...rest }: BareTextProps) {
  const draft = useDraft(value, onCommit);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'Enter' && (!lines || event.ctrlKey || event.metaKey)) draft.commit();
    if (event.key === 'Escape') draft.revert();
  };
  const common = {
    ...rest,
    className: `field${mono ? ' mono' : ''}`,
    value: draft.text,
    spellCheck: false,
    'data-draft': draft.dirty,
    onBlur: draft.commit,
    onKeyDown,
    onChange: (event: { target: { value: string } }) => draft.change(event.target.value),
  };
  return lines ? <textarea rows={lines} {...common} /> : <input {...common} />;
}

interface SelectFieldProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onCommit: (value: T) => void;
  problems?: Diagnostic[];
  hint?: ReactNode;
}

export function SelectField<T extends string>({ label, value, options, onCommit, problems, hint }: SelectFieldProps<T>) {
  return (
    <Field label={label} problems={problems} hint={hint}>
      {(id, described, invalid) => (
        <select id={id} className="field" value={value} aria-describedby={described} aria-invalid={invalid || undefined} onChange={(event) => onCommit(event.target.value as T)}>
          {options.map(([option, name]) => <option key={option} value={option}>{name}</option>)}
        </select>
      )}
    </Field>
  );
}

interface ScriptFieldProps {
  label: string;
  value: string;
  language: Language;
  onCommit: (text: string) => void;
  onUndo: () => void;
  onRedo: () => void;
  problems?: Diagnostic[];
}

/** A script. It is handed over while typing pauses, so that its problems show. */
export function ScriptField({ label, value, language, onCommit, onUndo, onRedo, problems }: ScriptFieldProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const [timer, setTimer] = useState<ReturnType<typeof setTimeout> | null>(null);
  const hand = (text: string) => {
    if (timer) clearTimeout(timer);
    setTimer(null);
    if (text !== value) onCommit(text);
  };
  return (
    <Field label={label} problems={problems}>
      {(_, __, invalid) => (
        <div className={`field code-field${invalid ? ' invalid' : ''}`}>
          <CodeEditor label={label} value={draft ?? value} language={language} onUndo={() => { setDraft(null); onUndo(); }} onRedo={() => { setDraft(null); onRedo(); }}
            onBlur={() => { if (draft !== null) hand(draft); setDraft(null); }}
            onChange={(text) => {
              setDraft(text);
              if (timer) clearTimeout(timer);
              setTimer(setTimeout(() => hand(text), 350));
            }} />
        </div>
      )}
    </Field>
  );
}
