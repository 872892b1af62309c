/** All problems of the workflow. A click shows the place; most can be mended from here. */
import { ChevronDown, ChevronUp, Info, TriangleAlert, WandSparkles } from 'lucide-react';
import { useState } from 'react';
import type { Diagnostic } from '@/generated/Diagnostic';
import { plain } from '@/shared/format';
import { Button, Prose, StatusIcon } from '@/shared/ui';
import { applyFix } from './CodePane';
import { Explain } from './Explain';
import { show, useOpen } from './store';

export function Problems() {
  const problems = useOpen((state) => state.design.diagnostics);
  const [open, setOpen] = useState(true);
  const [explained, setExplained] = useState<string | null>(null);
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const expanded = open && problems.length > 0;
  return (
    <section className={`drawer${expanded ? ' open' : ''}`} aria-label="Problems">
      <button type="button" className="drawer-head" aria-expanded={expanded} disabled={problems.length === 0} onClick={() => setOpen(!open)}>
        <span className="sm med">Problems</span>
        {problems.length > 0
          ? <span className="count num">{problems.length}</span>
          : <span className="xs t3 row g2"><StatusIcon status="succeeded" size={12} quiet />None found</span>}
        {!expanded && errors > 0 && <StatusIcon status="failed" size={13} />}
        {problems.length > 0 && <span className="end t3">{expanded ? <ChevronDown size={14} /> : <ChevronUp size={14} />}</span>}
      </button>
      {expanded && <ul className="scroll">{problems.map((problem, index) => <Problem key={`${problem.code}${problem.line}:${problem.column}:${index}`} problem={problem} onExplain={setExplained} />)}</ul>}
      {explained && <Explain code={explained} onClose={() => setExplained(null)} />}
    </section>
  );
}

export function SeverityIcon({ severity, size = 15 }: { severity: Diagnostic['severity']; size?: number }) {
  if (severity === 'error') return <StatusIcon status="failed" size={size} quiet />;
  return <span className={`st ${severity === 'warning' ? 's-retrying' : 's-running'}`}>{severity === 'warning' ? <TriangleAlert size={size} aria-label="Warning" /> : <Info size={size} aria-label="Hint" />}</span>;
}

function Problem({ problem, onExplain }: { problem: Diagnostic; onExplain: (code: string) => void }) {
  return (
    <li className="prob">
      <span style={{ paddingTop: 1 }}><SeverityIcon severity={problem.severity} /></span>
      <div className="grow">
        <button type="button" className="what" onClick={() => show(problem.line, problem.step)}>
          <span className="sm med block"><Prose text={problem.message} /></span>
          <span className="xs t3 block">
            {problem.step && <>{problem.step} <span className="t4">·</span> </>}line {problem.line}
            {problem.field && <>, <span className="mono">{problem.field}</span></>}
          </span>
        </button>
        {problem.related.map((related, index) => (
          <button key={index} type="button" className="what related xs t3 block" onClick={() => show(related.line)}>
            <Prose text={related.message} /> <span className="t4">·</span> line {related.line}
          </button>
        ))}
      </div>
      <Button small title="What this means" onClick={() => onExplain(problem.code)}><span className="mono">{problem.code}</span></Button>
      {problem.fixes.slice(0, 2).map((fix) => <Button key={fix.title} small icon={<WandSparkles size={12} />} onClick={() => applyFix(fix)}>{plain(fix.title)}</Button>)}
    </li>
  );
}
