/** All problems of the workflow. A click shows the place; most can be mended from here. */
import { ChevronDown, ChevronUp, Info, TriangleAlert, WandSparkles } from 'lucide-react';
import { useState } from 'react';
import type { Diagnostic } from '@/generated/Diagnostic';
import { plain } from '@/shared/format';
import { Button, Prose, StatusIcon } from '@/shared/ui';
import { applyFix } from './CodePane';
import { show, useOpen } from './store';

export function Problems() {
  const problems = useOpen((state) => state.design.diagnostics);
  const [open, setOpen] = useState(true);
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
      {expanded && <ul className="scroll">{problems.map((problem, index) => <Problem key={`${problem.code}${problem.line}:${problem.column}:${index}`} problem={problem} />)}</ul>}
    </section>
  );
}

export function SeverityIcon({ severity, size = 15 }: { severity: Diagnostic['severity']; size?: number }) {
  if (severity === 'error') return <StatusIcon status="failed" size={size} quiet />;
  return <span className={`st ${severity === 'warning' ? 's-retrying' : 's-running'}`}>{severity === 'warning' ? <TriangleAlert size={size} aria-label="Warning" /> : <Info size={size} aria-label="Hint" />}</span>;
}

function Problem({ problem }: { problem: Diagnostic }) {
  return (
    <li className="prob">
      <span style={{ paddingTop: 1 }}><SeverityIcon severity={problem.severity} /></span>
      <button type="button" className="grow what" onClick={() => show(problem.line, problem.step)}>
        <span className="sm med block"><Prose text={problem.message} /></span>
        <span className="xs t3 block">
          {problem.step && <>{problem.step} <span className="t4">·</span> </>}line {problem.line}
          {problem.field && <>, <span className="mono">{problem.field}</span></>} <span className="t4">·</span> <span className="mono">{problem.code}</span>
        </span>
      </button>
      {problem.fixes.slice(0, 2).map((fix) => <Button key={fix.title} small icon={<WandSparkles size={12} />} onClick={() => applyFix(fix)}>{plain(fix.title)}</Button>)}
    </li>
  );
}
