/** The text of the workflow. Its problems are marked where they are, and what can be mended by a click is. */
import { useEffect, useMemo } from 'react';
import { call, useRuns } from '@/api';
import type { Place } from '@/shared/code/assist';
import { CodeEditor, type Mark } from '@/shared/code/CodeEditor';
import type { Diagnostic } from '@/generated/Diagnostic';
import { plain } from '@/shared/format';
import { applyEdits, offsetAt } from '@/shared/text';
import { now, patch, redo, replace, select, type, undo, useOpen } from './store';

export function applyFix(fix: Diagnostic['fixes'][number]): void {
  const { design, text, layout } = now();
  if (design.text === text) replace({ text: applyEdits(text, fix.edits), layout }, null);
}

export function CodePane() {
  const text = useOpen((state) => state.text);
  const design = useOpen((state) => state.design);
  const reveal = useOpen((state) => state.reveal);
  const selected = useOpen((state) => (state.selected.length === 1 ? state.selected[0] : undefined));

  // Selecting on the canvas moves the cursor here.
  useEffect(() => {
    const { design: latest, text: present } = now();
    const node = latest.nodes.find((each) => each.id === selected);
    const editing = document.activeElement?.closest('.code-pane');
    if (node && !editing && latest.text === present) patch({ reveal: { line: node.line } });
  }, [selected]);

  const marks = useMemo(() => design.diagnostics.map((problem): Mark => ({
    from: offsetAt(design.text, problem.line, problem.column),
    to: offsetAt(design.text, problem.end_line, problem.end_column),
    severity: problem.severity,
    message: plain(problem.message),
    source: problem.code,
    actions: problem.fixes.map((fix) => ({ name: plain(fix.title), apply: () => applyFix(fix) })),
  })), [design]);

  // The values of the latest run stand beside the names.
  const latest = useRuns({ workflow: design.id ?? '', limit: 1 }, design.id !== null).data?.runs[0];
  const run = design.id !== null && latest?.workflow === design.id ? latest.id : undefined;
  const assist = useMemo(() => {
    const at = run === undefined ? {} : { run };
    return {
      complete: (place: Place) => call('complete_text', { ...place, ...at }),
      hover: (place: Place) => call('hover_text', { ...place, ...at }),
    };
  }, [run]);

  const follow = (line: number) => {
    const step = now().design.nodes.find((node) => node.line <= line && line <= node.end_line);
    select(step ? [step.id] : []);
  };
  return (
    <div className="code-pane" data-testid="code">
      <CodeEditor label="Workflow text" language="yaml" value={text} onChange={type} onCursorLine={follow} onUndo={undo} onRedo={redo} marks={marks} assist={assist} reveal={reveal} gutter />
    </div>
  );
}
