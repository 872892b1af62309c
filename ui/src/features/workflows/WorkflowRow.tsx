/** One workflow. The whole row opens it; its buttons act. */
import { Copy, Ellipsis, PenLine, Play, ListVideo, Trash2, TriangleAlert } from 'lucide-react';
import type { WorkflowSummary } from '@/generated/WorkflowSummary';
import { requestRun } from '@/shared/commands';
import { count, fullTime, moment, plain } from '@/shared/format';
import { linkTo, navigate } from '@/shared/router';
import { Button, Menu, Prose, StatusIcon, Strip, Tip, toast } from '@/shared/ui';

export function WorkflowRow({ workflow, onDelete }: { workflow: WorkflowSummary; onDelete: () => void }) {
  const open = () => navigate({ view: 'design', path: workflow.path });
  const last = workflow.recent[0];
  const name = workflow.id ?? workflow.path.split('/').at(-1) ?? workflow.path;
  const states = [...workflow.recent].reverse().map((run) => ({ key: run.id, status: run.status }));
  return (
    <div className="cells workflow-cells trow" role="row" tabIndex={0} aria-label={name} data-testid={`workflow-${name}`} onClick={open}
      onKeyDown={(event) => { if (event.key === 'Enter' && event.target === event.currentTarget) open(); }}>
      <span role="cell">
        <a className="med block ell" {...linkTo({ view: 'design', path: workflow.path })} tabIndex={-1}>{name}</a>
        <span className="mono xs t3 block ell" style={{ lineHeight: '14px' }}>{workflow.path}</span>
      </span>
      <span role="cell" className="t2" title={workflow.description === null ? undefined : plain(workflow.description)}>{workflow.description !== null ? <Prose text={workflow.description} /> : <span className="t3">No description</span>}</span>
      <span role="cell" className="num right">{workflow.steps}</span>
      <span role="cell"><Problems errors={workflow.errors} warnings={workflow.warnings} /></span>
      <span role="cell">{states.length ? <Strip states={states} label="Last runs, oldest first" /> : <span className="t3">Never ran</span>}</span>
      <span role="cell" className="t2 num">
        {last && <a {...linkTo({ view: 'run', id: last.id })} title={fullTime(last.created_at)} className="row g3"><StatusIcon status={last.status} size={13} />{moment(last.created_at)}</a>}
      </span>
      <span role="cell" className="right over row g2" onClick={(event) => event.stopPropagation()}>
        <Tip text={workflow.errors > 0 ? `${count(workflow.errors, 'error')} to mend before it can run` : 'Start a run'}>
          <span><Button small icon={<Play size={11} fill="currentColor" />} disabled={workflow.errors > 0} aria-label={`Run ${name}`} onClick={() => requestRun(workflow.path)}>Run</Button></span>
        </Tip>
        <Menu trigger={<Button small look="ghost" icon={<Ellipsis size={14} />} aria-label={`More about ${name}`} />} items={[
          { label: 'Open', icon: <PenLine size={14} />, onSelect: open },
          { label: 'Show its runs', icon: <ListVideo size={14} />, disabled: !workflow.id, onSelect: () => navigate({ view: 'runs', workflow: workflow.id ?? undefined }) },
          { label: 'Copy path', icon: <Copy size={14} />, onSelect: () => void navigator.clipboard.writeText(workflow.path).then(() => toast('Path copied.')) },
          { label: 'Delete…', icon: <Trash2 size={14} />, danger: true, onSelect: onDelete },
        ]} />
      </span>
    </div>
  );
}

function Problems({ errors, warnings }: { errors: number; warnings: number }) {
  if (errors === 0 && warnings === 0) return <span className="t3">None</span>;
  return (
    <span className="row g4">
      {errors > 0 && <span className="row g2"><StatusIcon status="failed" size={13} quiet /><span className="num">{count(errors, 'error')}</span></span>}
      {warnings > 0 && <span className="row g2 st s-retrying"><TriangleAlert size={13} aria-hidden /><span className="num" style={{ color: 'var(--text-1)' }}>{errors > 0 ? warnings : count(warnings, 'warning')}</span></span>}
    </span>
  );
}
