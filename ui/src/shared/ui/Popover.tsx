/** A word that opens a small panel below it. The browser closes it with Esc or a click elsewhere, and keeps the focus. What is in it lives while it is open. */
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';

const edge = 8;

export function Popover({ label, labelledBy, children }: { label: ReactNode; labelledBy?: string; children: ReactNode }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  // Shown at the top of everything by the browser, so its place is that of the window: below the word, inside the edges.
  const place = () => {
    if (!button.current || !panel.current) return;
    const at = button.current.getBoundingClientRect();
    const left = Math.max(edge, Math.min(at.left, window.innerWidth - panel.current.offsetWidth - edge));
    panel.current.style.left = `${left}px`;
    panel.current.style.top = `${at.bottom + 4}px`;
    panel.current.style.maxHeight = `${window.innerHeight - at.bottom - 4 - edge}px`;
  };
  // What is in it may come later, and be wider.
  useEffect(() => {
    if (!open || !panel.current) return;
    const observer = new ResizeObserver(place);
    observer.observe(panel.current);
    return () => observer.disconnect();
  }, [open]);
  return (
    <>
      <button ref={button} type="button" className="link" popoverTarget={id}>{label}</button>
      <div ref={panel} id={id} popover="auto" role="dialog" aria-labelledby={labelledBy} className="pop popover" onBeforeToggle={(event) => setOpen(event.newState === 'open')}>{open && children}</div>
    </>
  );
}
