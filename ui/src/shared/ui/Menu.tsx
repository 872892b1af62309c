/** A menu behind a button. */
import * as Radix from '@radix-ui/react-dropdown-menu';
import type { ReactNode } from 'react';

export interface MenuItem {
  label: string;
  icon?: ReactNode;
  keys?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

export function Menu({ trigger, items, align = 'end' }: { trigger: ReactNode; items: MenuItem[]; align?: 'start' | 'end' }) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="pop menu" align={align} sideOffset={4} collisionPadding={8} onClick={(event) => event.stopPropagation()}>
          {items.map((item) => (
            <Radix.Item key={item.label} className={item.danger ? 'danger' : ''} disabled={item.disabled} onSelect={item.onSelect}>
              {item.icon}
              <span className="grow">{item.label}</span>
              {item.keys}
            </Radix.Item>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
