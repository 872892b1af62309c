/** Dialogs: one frame, one question of yes or no, both closed with Esc. */
import * as Radix from '@radix-ui/react-dialog';
import type { ReactNode } from 'react';
import { Button } from './Button';

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
  wide?: boolean;
  testId?: string;
}

export function Dialog({ title, onClose, children, footer, wide, testId }: DialogProps) {
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content className={`pop dialog${wide ? ' wide' : ''}`} aria-describedby={undefined} data-testid={testId}>
          <header><Radix.Title asChild><span>{title}</span></Radix.Title></header>
          <div className="body scroll">{children}</div>
          {footer && <footer>{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ConfirmProps {
  title: string;
  children: ReactNode;
  action: string;
  dangerous?: boolean;
  busy?: boolean;
  disabled?: boolean;
  onConfirm: () => void;
  onClose: () => void;
  keepLabel?: string;
}

export function Confirm({ title, children, action, dangerous, busy, disabled, onConfirm, onClose, keepLabel = 'Cancel' }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose} footer={
      <>
        <Button onClick={onClose}>{keepLabel}</Button>
        <Button look={dangerous ? 'solid-danger' : 'primary'} busy={busy} disabled={disabled} onClick={onConfirm} autoFocus>{action}</Button>
      </>
    }>
      {children}
    </Dialog>
  );
}
