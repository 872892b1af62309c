/** A table of names and values, in order. */
import { ArrowDown, ArrowUp, Plus, X } from 'lucide-react';
import type { Diagnostic } from '@/generated/Diagnostic';
import { Button } from '@/shared/ui';
import { BareText, Field } from './fields';

export type Pair = [string, unknown];

interface PairsProps {
  label: string;
  pairs: Pair[];
  onChange: (pairs: Pair[]) => void;
  /** Values are always text, as in an environment. */
  textual?: boolean;
  ordered?: boolean;
  nameOfNew: string;
  valueOfNew: string;
  problemsOf: (name: string) => Diagnostic[];
  problems?: Diagnostic[];
  nouns: { name: string; value: string };
}

/** What a value looks like in its field: text as it is, unless it would read as something else. */
export function showValue(value: unknown, textual: boolean): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return !textual && readValue(value, false) !== value ? JSON.stringify(value) : value;
}

/** The value that a text means. */
export function readValue(text: string, textual: boolean): unknown {
  if (textual) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export function Pairs({ label, pairs, onChange, textual = false, ordered = false, nameOfNew, valueOfNew, problemsOf, problems, nouns }: PairsProps) {
  const set = (index: number, pair: Pair) => onChange(pairs.map((each, at) => (at === index ? pair : each)));
  const move = (index: number, by: number) => {
    const next = [...pairs];
    const [taken] = next.splice(index, 1);
    if (taken) next.splice(index + by, 0, taken);
    onChange(next);
  };
  const add = () => {
    const names = new Set(pairs.map(([name]) => name));
    let name = nameOfNew;
    for (let n = 2; names.has(name); n += 1) name = `${nameOfNew}_${n}`;
    onChange([...pairs, [name, valueOfNew]]);
  };
  const own = pairs.flatMap(([name]) => problemsOf(name));
  return (
    <Field label={label} problems={[...(problems ?? []), ...own]} end={<Button small look="ghost" icon={<Plus size={12} />} onClick={add}>Add</Button>}>
      {() => (
        <div className={`pairs${ordered ? ' ordered' : ''}`} role="group" aria-label={label}>
          {pairs.map(([name, value], index) => (
            <Row key={index} name={name} value={value} textual={textual} nouns={nouns} invalid={problemsOf(name).some((p) => p.severity === 'error')}
              onName={(next) => set(index, [next, value])} onValue={(next) => set(index, [name, next])} onRemove={() => onChange(pairs.filter((_, at) => at !== index))}
              order={ordered ? { up: index > 0 ? () => move(index, -1) : null, down: index < pairs.length - 1 ? () => move(index, 1) : null } : undefined} />
          ))}
          {pairs.length === 0 && <span className="sm t3">None</span>}
        </div>
      )}
    </Field>
  );
}

interface RowProps {
  name: string;
  value: unknown;
  textual: boolean;
  invalid: boolean;
  nouns: { name: string; value: string };
  onName: (name: string) => void;
  onValue: (value: unknown) => void;
  onRemove: () => void;
  order?: { up: (() => void) | null; down: (() => void) | null };
}

function Row({ name, value, textual, invalid, nouns, onName, onValue, onRemove, order }: RowProps) {
  const valueField = (
    <BareText value={showValue(value, textual)} onCommit={(text) => onValue(readValue(text, textual))} aria-label={`${nouns.value} of ${name}`} aria-invalid={invalid || undefined} />
  );
  return (
    <>
      <BareText value={name} onCommit={(text) => onName(text.trim())} aria-label={`${nouns.name} ${name}`} />
      {!order && valueField}
      {order && (
        <span className="row">
          <Button small look="ghost" icon={<ArrowUp size={12} />} aria-label={`Move ${name} up`} disabled={!order.up} onClick={() => order.up?.()} style={{ width: 18 }} />
          <Button small look="ghost" icon={<ArrowDown size={12} />} aria-label={`Move ${name} down`} disabled={!order.down} onClick={() => order.down?.()} style={{ width: 18 }} />
        </span>
      )}
      <Button small look="ghost" icon={<X size={12} />} aria-label={`Remove ${name}`} onClick={onRemove} />
      {order && <span className="pair-value">{valueField}</span>}
    </>
  );
}
