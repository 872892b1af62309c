/** A search at the pointer for the step to add. */
import { Command } from 'cmdk';
import { useEffect, useRef } from 'react';
import { ActionIcon } from '@/shared/canvas';
import { add } from './adding';
import { useCanvas } from './canvasState';
import { templates } from './ops';

const close = () => useCanvas.setState({ quick: null });

export function QuickAdd() {
  const quick = useCanvas((state) => state.quick);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!quick) return;
    const outside = (event: PointerEvent) => { if (!box.current?.contains(event.target as Node)) close(); };
    window.addEventListener('pointerdown', outside, true);
    return () => window.removeEventListener('pointerdown', outside, true);
  }, [quick]);
  if (!quick) return null;
  const left = Math.min(quick.screen.x, window.innerWidth - 310);
  const top = Math.min(quick.screen.y, window.innerHeight - 190);
  return (
    <div ref={box} className="pop quick" style={{ left, top }} role="dialog" aria-label="Add a step" onKeyDown={(event) => { event.stopPropagation(); if (event.key === 'Escape') close(); }}>
      <Command label="Steps" loop>
        <Command.Input placeholder={quick.edge ? 'Insert a step' : quick.after ? `After ${quick.after.step}${quick.after.handle === 'succeeded' ? '' : `, port ${quick.after.handle}`}` : 'Add a step'} autoFocus />
        <Command.List>
          <Command.Empty>No step is called so.</Command.Empty>
          {templates.map((template) => (
            <Command.Item key={template.key} value={`${template.name} ${template.about}`} onSelect={() => { close(); void add(template, quick); }}>
              <ActionIcon action={template.key} /><span>{template.name}</span><span className="xs t3 ell end">{template.about}</span>
            </Command.Item>
          ))}
        </Command.List>
      </Command>
    </div>
  );
}
