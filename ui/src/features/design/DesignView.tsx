/** The designer's frame: toolbar, palette, canvas or code, problems, inspector. */
import { ReactFlowProvider } from '@xyflow/react';
import { FileX2 } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { CallError, onWorkflowFiles } from '@/api';
import { useCommands } from '@/shared/commands';
import { navigate } from '@/shared/router';
import { useSetTitle } from '@/shared/title';
import { Button, ErrorState, LoadingRows, State } from '@/shared/ui';
import { Canvas } from './Canvas';
import { CodePane } from './CodePane';
import { anythingUnsaved, leave, lookAgain, open, save } from './document';
import { Elsewhere } from './Elsewhere';
import { Inspector } from './inspector/Inspector';
import { Palette } from './Palette';
import { Problems } from './Problems';
import { askForGroup, group, moveOut, ungroup } from './scopes';
import { ChooseGroup } from './SelectionMenu';
import { runIt, useDesignShortcuts } from './shortcuts';
import { isDirty, layOutAll, patch, redo, undo, useDesign, useOpen } from './store';
import { Toolbar } from './Toolbar';

export function DesignView({ path }: { path: string }) {
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const ready = useDesign((state) => state.path === path);

  useEffect(() => {
    let here = true;
    setError(null);
    open(path).catch((problem: unknown) => here && setError(problem));
    return () => {
      here = false;
      leave(path);
    };
  }, [path, attempt]);

  useEffect(() => onWorkflowFiles((paths) => { if (paths.includes(path)) void lookAgain(); }), [path]);
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => { if (anythingUnsaved()) event.preventDefault(); };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, []);

  if (error instanceof CallError && error.code === 'not_found') {
    return <State icon={<FileX2 size={18} />} title="There is no such workflow" action={<Button onClick={() => navigate({ view: 'workflows' })}>Go to workflows</Button>}>{path} was deleted, renamed or never there.</State>;
  }
  if (error) return <ErrorState title="The workflow could not be opened" error={error} onRetry={() => setAttempt((n) => n + 1)} />;
  if (!ready) return <LoadingRows label="Opening the workflow" />;
  return <ReactFlowProvider><Designer /></ReactFlowProvider>;
}

function Designer() {
  const mode = useOpen((state) => state.mode);
  const name = useOpen((state) => state.design.id ?? state.path);
  const dirty = useOpen(isDirty);
  useSetTitle(name, dirty ? '● ' : '');
  useDesignShortcuts();
  useCommands(useMemo(() => [
    { id: 'design-run', title: 'Run this workflow', keys: 'Ctrl Enter', run: () => void runIt() },
    { id: 'design-save', title: 'Save', keys: 'Ctrl S', run: () => void save() },
    { id: 'design-undo', title: 'Undo', keys: 'Ctrl Z', run: undo },
    { id: 'design-redo', title: 'Redo', keys: 'Ctrl Shift Z', run: redo },
    { id: 'design-layout', title: 'Auto layout of everything', keys: 'Shift L', run: layOutAll },
    { id: 'design-group', title: 'Group selection', keys: 'Ctrl G', run: () => void group() },
    { id: 'design-ungroup', title: 'Ungroup', keys: 'Ctrl Shift G', run: () => void ungroup() },
    { id: 'design-into', title: 'Move selection into a group', keys: 'Shift M', run: askForGroup },
    { id: 'design-out', title: 'Move selection out of its group', keys: 'Alt Shift M', run: () => void moveOut() },
    { id: 'design-canvas', title: 'Show the canvas', keys: 'Ctrl 1', run: () => patch({ mode: 'design' }) },
    { id: 'design-code', title: 'Show the code', keys: 'Ctrl 2', run: () => patch({ mode: 'code' }) },
    { id: 'design-split', title: 'Show canvas and code', keys: 'Ctrl 3', run: () => patch({ mode: 'split' }) },
  ], []));

  return (
    <>
      <Toolbar />
      <Elsewhere />
      <div className={`designer ${mode}`}>
        {mode !== 'code' && <Palette />}
        <section className="work" aria-label="Workflow">
          <div className="work-panes">
            {mode !== 'code' && <Canvas />}
            {mode !== 'design' && <CodePane />}
          </div>
          <Problems />
        </section>
        {mode !== 'split' && <Inspector />}
      </div>
      <ChooseGroup />
    </>
  );
}
