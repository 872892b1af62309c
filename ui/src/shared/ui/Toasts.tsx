/** Short messages at the corner, for what happened away from where the person looks. Errors stay until closed. */
import { X } from 'lucide-react';
import { create } from 'zustand';
import { Button } from './Button';
import { Prose } from './Prose';
import { StatusIcon, type Status } from './StatusIcon';

interface Toast {
  id: number;
  text: string;
  status: Status;
}

const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }));
let last = 0;

export function toast(text: string, status: Status = 'succeeded'): void {
  const id = ++last;
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts.filter((t) => t.text !== text).slice(-3), { id, text, status }] }));
  setTimeout(() => dismiss(id), status === 'failed' ? 8_000 : 4_000);
}

/** Shows an error. */
export function complain(error: unknown): void {
  toast(error instanceof Error ? error.message : String(error), 'failed');
}

function dismiss(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((t) => t.id !== id) }));
}

export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <div className="toasts" role="region" aria-label="Messages" aria-live="polite">
      {toasts.map(({ id, text, status }) => (
        <div key={id} className="pop toast" role={status === 'failed' ? 'alert' : 'status'}>
          <span style={{ paddingTop: 1 }}><StatusIcon status={status} size={15} quiet /></span>
          <span className="grow" style={{ overflowWrap: 'anywhere' }}><Prose text={text} /></span>
          <Button look="ghost" small aria-label="Close message" icon={<X size={12} />} onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
