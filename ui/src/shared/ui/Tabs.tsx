/** Tabs and segmented choices, moved through with the arrow keys. */
import type { KeyboardEvent, ReactNode } from 'react';

export interface Choice<T extends string> {
  id: T;
  label: string;
  icon?: ReactNode;
  extra?: ReactNode;
}

interface ChoiceProps<T extends string> {
  label: string;
  choices: Choice<T>[];
  value: T;
  onChange: (value: T) => void;
}

function arrows<T extends string>({ choices, value, onChange }: ChoiceProps<T>) {
  return (event: KeyboardEvent<HTMLElement>) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const at = choices.findIndex((choice) => choice.id === value);
    const next = (at + step + choices.length) % choices.length;
    const chosen = choices[next];
    if (chosen) onChange(chosen.id);
    (event.currentTarget.querySelectorAll('button[data-choice]')[next] as HTMLElement | undefined)?.focus();
  };
}

export function Tabs<T extends string>(props: ChoiceProps<T> & { end?: ReactNode; height?: number }) {
  return (
    <div className="tabs" style={props.height ? { height: props.height } : undefined}>
      <div role="tablist" aria-label={props.label} onKeyDown={arrows(props)} style={{ display: 'contents' }}>
        {props.choices.map((choice) => (
          <button key={choice.id} type="button" role="tab" data-choice aria-selected={choice.id === props.value}
            tabIndex={choice.id === props.value ? 0 : -1} onClick={() => props.onChange(choice.id)}>
            {choice.icon}{choice.label}{choice.extra}
          </button>
        ))}
      </div>
      {props.end && <span className="end row g2">{props.end}</span>}
    </div>
  );
}

export function Segments<T extends string>(props: ChoiceProps<T>) {
  return (
    <div className="seg" role="radiogroup" aria-label={props.label} onKeyDown={arrows(props)}>
      {props.choices.map((choice) => (
        <button key={choice.id} type="button" role="radio" data-choice aria-checked={choice.id === props.value}
          tabIndex={choice.id === props.value ? 0 : -1} onClick={() => props.onChange(choice.id)}>
          {choice.icon}{choice.label}
        </button>
      ))}
    </div>
  );
}
