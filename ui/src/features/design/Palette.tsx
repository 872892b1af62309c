/** The steps that can be added: dragged onto the canvas or onto a wire, or added with Enter. */
import { GripVertical, Search } from 'lucide-react';
import { useRef, useState, type PointerEvent } from 'react';
import { createPortal } from 'react-dom';
import { ActionIcon } from '@/shared/canvas';
import { useShortcuts } from '@/shared/keyboard';
import { addTemplate, dropTemplate } from './adding';
import { edgeAt, overCanvas, useCanvas } from './canvasState';
import { templates, type Template } from './ops';

export function Palette() {
  const [text, setText] = useState('');
  const search = useRef<HTMLInputElement>(null);
  useShortcuts({ '/': () => search.current?.focus() });
  const wanted = text.trim().toLowerCase();
  const shown = templates.filter((t) => `${t.name} ${t.about} ${t.action}`.toLowerCase().includes(wanted));
  return (
    <aside className="palette scroll" aria-label="Steps to add">
      <div style={{ padding: '10px 12px 4px' }}>
        <div className="field">
          <Search size={14} className="t3" />
          <input ref={search} value={text} placeholder="Find a step" aria-label="Find a step to add" onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && shown[0]) void addTemplate(shown[0]);
              if (event.key === 'Escape') { setText(''); event.currentTarget.blur(); }
            }} />
          <kbd>/</kbd>
        </div>
      </div>
      <Group name="Actions" items={shown.filter((t) => !t.control)} />
      <Group name="Control" items={shown.filter((t) => t.control)} />
      {shown.length === 0 && <p className="sm t3" style={{ padding: '12px 16px' }}>No step is called “{text}”.</p>}
      <Ghost />
    </aside>
  );
}

function Group({ name, items }: { name: string; items: Template[] }) {
  if (!items.length) return null;
  return (
    <>
      <h2 className="ph">{name}</h2>
      {items.map((template) => <Item key={template.key} template={template} />)}
    </>
  );
}

const threshold = 4;

function Item({ template }: { template: Template }) {
  const start = useRef<{ x: number; y: number } | null>(null);

  const down = (event: PointerEvent<HTMLButtonElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    start.current = { x: event.clientX, y: event.clientY };
  };
  const move = (event: PointerEvent) => {
    const from = start.current;
    if (!from) return;
    const { clientX: x, clientY: y } = event;
    if (!useCanvas.getState().dragged && Math.hypot(x - from.x, y - from.y) < threshold) return;
    useCanvas.setState({ dragged: { template, x, y }, dropTarget: overCanvas(x, y) ? edgeAt(x, y) : null });
  };
  const end = (event: PointerEvent, dropped: boolean) => {
    start.current = null;
    const { dragged, dropTarget } = useCanvas.getState();
    useCanvas.setState({ dragged: null, dropTarget: null });
    if (dropped && dragged && overCanvas(event.clientX, event.clientY)) void dropTemplate(template, { x: event.clientX, y: event.clientY }, dropTarget);
  };
  return (
    <button type="button" className="pi" title={`${template.about}. Drag onto the canvas, or press Enter.`} data-testid={`palette-${template.key}`}
      onPointerDown={down} onPointerMove={move} onPointerUp={(event) => end(event, true)} onPointerCancel={(event) => end(event, false)} onLostPointerCapture={(event) => end(event, false)}
      onDoubleClick={() => void addTemplate(template)} onKeyDown={(event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); void addTemplate(template); } }}>
      <ActionIcon action={template.key} />
      <span className="grow ell">{template.name}</span>
      <GripVertical size={14} className="grip t4" aria-hidden />
    </button>
  );
}

/** What is being dragged, at the pointer. */
function Ghost() {
  const dragged = useCanvas((state) => state.dragged);
  const onWire = useCanvas((state) => state.dropTarget !== null);
  if (!dragged) return null;
  return createPortal(
    <div className={`drag-ghost${onWire ? ' on-wire' : ''}`} style={{ transform: `translate(${dragged.x}px, ${dragged.y}px)` }}>
      <div className="node" style={{ width: 176 }}>
        <div className="b">
          <span className="tile"><ActionIcon action={dragged.template.action} /></span>
          <span className="grow"><span className="n ell block">{dragged.template.name}</span><span className="d ell block">{dragged.template.about}</span></span>
        </div>
      </div>
    </div>,
    document.body,
  );
}
