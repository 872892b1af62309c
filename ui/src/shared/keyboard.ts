/** Shortcuts. A shortcut does not fire while somebody types, unless it holds Ctrl. */
import { useEffect, useRef } from 'react';

export type Shortcuts = Record<string, (event: KeyboardEvent) => void | boolean>;

/** `Ctrl+Shift+Z`, `Shift+L`, `/`, `Delete`; letters in upper case. */
export function chordOf(event: KeyboardEvent): string {
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) parts.push('Ctrl');
  if (event.altKey) parts.push('Alt');
  const letter = /^[a-z]$/i.test(event.key);
  if (event.shiftKey && (letter || event.key.length > 1)) parts.push('Shift');
  parts.push(letter ? event.key.toUpperCase() : event.key);
  return parts.join('+');
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Listens at the window. A handler that returns false lets the key go on. */
export function useShortcuts(shortcuts: Shortcuts, active = true): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    if (!active) return;
    const onKey = (event: KeyboardEvent) => {
      const chord = chordOf(event);
      const handler = latest.current[chord];
      if (!handler || event.defaultPrevented) return;
      const plain = !event.ctrlKey && !event.metaKey;
      if (plain && (isTyping(event.target) || document.querySelector('[role=dialog]'))) return;
      if (handler(event) !== false) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [active]);
}
