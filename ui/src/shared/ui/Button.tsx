/** The one button. A busy button keeps its width and shows a ring in place of its icon. */
import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { StatusIcon } from './StatusIcon';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: 'default' | 'primary' | 'ghost' | 'danger' | 'solid-danger';
  small?: boolean;
  icon?: ReactNode;
  busy?: boolean;
}

export function Button({ look = 'default', small, icon, busy, children, className = '', disabled, ...rest }: ButtonProps) {
  const classes = ['btn', look === 'default' ? '' : look, small ? 'sm' : '', children ? '' : 'icon', className].filter(Boolean).join(' ');
  return (
    <button type="button" className={classes} disabled={disabled || busy} aria-busy={busy || undefined} {...rest}>
      {busy ? <Ring /> : icon}
      {children}
    </button>
  );
}

function Ring() {
  return <span style={{ color: 'inherit' }}><StatusIcon status="running" size={13} quiet /></span>;
}
