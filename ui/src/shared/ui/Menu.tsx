/** A menu behind a button. */
import * as Radix from '@radix-ui/react-dropdown-menu';
import { Fragment, type ReactNode } from 'react';

export interface MenuItem {
  label: string;
  icon?: ReactNode;
  keys?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  /** A line stands above it. */
  apart?: boolean;
  onSelect: () => void;
}

export function Menu({ trigger, items, align = 'end' }: { trigger: ReactNode; items: MenuItem[]; align?: 'start' | 'end' }) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="pop menu" align={align} sideOffset={4} collisionPadding={8} onClick={(event) => event.stopPropagation()}>
          <Items items={items} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A menu that is open at a place of the screen. */
export function MenuAt({ x, y, label, items, onClose }: { x: number; y: number; label: string; items: MenuItem[]; onClose: () => void }) {
  return (
    <Radix.Root open modal={false} onOpenChange={(open) => !open && onClose()}>
      <Radix.Trigger asChild><span aria-hidden style={{ position: 'fixed', left: x, top: y }} /></Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="pop menu" aria-label={label} align="start" sideOffset={2} collisionPadding={8} onCloseAutoFocus={(event) => event.preventDefault()} onKeyDown={(event) => event.stopPropagation()}>
          <Items items={items} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Items({ items }: { items: MenuItem[] }) {
  return items.map((item) => (
    <Fragment key={item.label}>
      {item.apart && <Radix.Separator className="menu-gap" />}
      <Radix.Item className={item.danger ? 'danger' : ''} disabled={item.disabled} onSelect={item.onSelect}>
        {item.icon}
        <span className="grow">{item.label}</span>
        {item.keys}
      </Radix.Item>
    </Fragment>
  ));
}
