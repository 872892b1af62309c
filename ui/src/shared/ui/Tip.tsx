/** A short explanation at the pointer or the focus, with the shortcut of the action. */
import * as Tooltip from '@radix-ui/react-tooltip';
import type { ReactNode } from 'react';

export const TipProvider = ({ children }: { children: ReactNode }) => <Tooltip.Provider delayDuration={350}>{children}</Tooltip.Provider>;

export function Tip({ text, keys, children, side = 'bottom' }: { text: ReactNode; keys?: string; children: ReactNode; side?: 'top' | 'right' | 'bottom' | 'left' }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="pop tip" side={side} sideOffset={6} collisionPadding={8}>
          {text}
          {keys && <Keys keys={keys} />}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

const isMac = typeof navigator !== 'undefined' && /Mac/.test(navigator.platform);

/** `Ctrl Z` as keys; `Ctrl` is `⌘` on a Mac. */
export function Keys({ keys }: { keys: string }) {
  return <span className="row g2">{keys.split(' ').map((key) => <kbd key={key}>{isMac && key === 'Ctrl' ? '⌘' : key}</kbd>)}</span>;
}
