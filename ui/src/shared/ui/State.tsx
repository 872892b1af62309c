/** A view that has nothing to show yet: empty, loading or failed. One sentence and one action. */
import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './Button';
import { Prose } from './Prose';

export function State({ icon, title, children, action }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="state">
      {icon && <span className="tile">{icon}</span>}
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action && <div className="row">{action}</div>}
    </div>
  );
}

export function ErrorState({ title, error, onRetry }: { title: string; error: unknown; onRetry?: () => void }) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div role="alert" style={{ display: 'contents' }}>
      <State icon={<CircleAlert size={18} />} title={title} action={onRetry && <Button onClick={onRetry}>Try again</Button>}><Prose text={message} /></State>
    </div>
  );
}

export function LoadingRows({ rows = 6, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div role="status" aria-label={label} style={{ padding: 16, display: 'grid', gap: 24 }}>
      {Array.from({ length: rows }, (_, row) => <div key={row} className="skeleton" style={{ width: `${72 - ((row * 17) % 40)}%` }} />)}
    </div>
  );
}
