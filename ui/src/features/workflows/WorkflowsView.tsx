/** The workflows of the workspace: what each is, what is wrong with it, how its last runs ended. */
import { FileInput, Plus, Search, Workflow } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { useWorkflows } from '@/api';
import type { WorkflowSummary } from '@/generated/WorkflowSummary';
import { useCommands } from '@/shared/commands';
import { count } from '@/shared/format';
import { useShortcuts } from '@/shared/keyboard';
import { useSetTitle } from '@/shared/title';
import { Button, ErrorState, Keys, LoadingRows, State } from '@/shared/ui';
import { DeleteDialog } from './DeleteDialog';
import { ImportDialog } from './ImportDialog';
import { NewDialog } from './NewDialog';
import { WorkflowRow } from './WorkflowRow';

export function WorkflowsView() {
  const { data, error, isPending, refetch } = useWorkflows();
  const [text, setText] = useState('');
  const [creating, setCreating] = useState(false);
  const [importing, setImporting] = useState(false);
  const [deleting, setDeleting] = useState<WorkflowSummary | null>(null);
  const search = useRef<HTMLInputElement>(null);
  useSetTitle(null);
  useCommands(useMemo(() => [
    { id: 'new-workflow', title: 'New workflow', run: () => setCreating(true) },
    { id: 'import-workflow', title: 'Import a workflow of another tool', run: () => setImporting(true) },
  ], []));
  useShortcuts({ '/': () => search.current?.focus(), N: () => setCreating(true) });

  const all = data?.workflows ?? [];
  const wanted = text.trim().toLowerCase();
  const shown = wanted ? all.filter((w) => `${w.id ?? ''} ${w.path} ${w.description ?? ''}`.toLowerCase().includes(wanted)) : all;

  return (
    <>
      <div className="toolbar">
        <h1>Workflows</h1>
        <div className="field" style={{ width: 250, marginLeft: 12 }}>
          <Search size={14} className="t3" />
          <input ref={search} value={text} onChange={(event) => setText(event.target.value)} placeholder="Name or description" aria-label="Find a workflow" />
          <kbd>/</kbd>
        </div>
        {data && <span className="sm t3 num">{wanted ? `${shown.length} of ${all.length}` : count(all.length, 'workflow')}</span>}
        <span className="end row" style={{ gap: 8 }}><Button icon={<FileInput size={14} />} onClick={() => setImporting(true)}>Import…</Button><Button look="primary" icon={<Plus size={14} />} onClick={() => setCreating(true)}>New workflow</Button></span>
      </div>
      {isPending ? <LoadingRows label="Loading workflows" />
        : error && !data ? <ErrorState title="The workflows could not be read" error={error} onRetry={() => void refetch()} />
        : all.length === 0 ? <Welcome onNew={() => setCreating(true)} />
        : shown.length === 0 ? <State icon={<Search size={18} />} title="No workflow matches" action={<Button onClick={() => setText('')}>Show all</Button>}>Nothing here has “{text}” in its name, path or description.</State>
        : <Table workflows={shown} onDelete={setDeleting} />}
      {creating && <NewDialog taken={all} onClose={() => setCreating(false)} />}
      {importing && <ImportDialog onClose={() => setImporting(false)} />}
      {deleting && <DeleteDialog workflow={deleting} onClose={() => setDeleting(null)} />}
    </>
  );
}

function Table({ workflows, onDelete }: { workflows: WorkflowSummary[]; onDelete: (workflow: WorkflowSummary) => void }) {
  return (
    <div className="scroll grow" role="table" aria-label="Workflows">
      <div role="rowgroup">
        <div className="cells workflow-cells thead" role="row">
          {['Workflow', 'Description', 'Steps', 'Problems', 'Last runs', 'Last run', ''].map((name) => (
            <span key={name} role="columnheader" className={name === 'Steps' ? 'right' : ''}>{name}</span>
          ))}
        </div>
      </div>
      <div role="rowgroup">
        {workflows.map((workflow) => <WorkflowRow key={workflow.path} workflow={workflow} onDelete={() => onDelete(workflow)} />)}
      </div>
    </div>
  );
}

function Welcome({ onNew }: { onNew: () => void }) {
  return (
    <State icon={<Workflow size={18} />} title="What should run for you?"
      action={<Button look="primary" icon={<Plus size={14} />} onClick={onNew}>New workflow</Button>}>
      Workflows are plain files in this workspace's <span className="mono">workflows</span> folder. Draw the first one here, or put a file there and it appears at once.
      <span className="row" style={{ justifyContent: 'center' }}><Keys keys="N" /></span>
    </State>
  );
}
