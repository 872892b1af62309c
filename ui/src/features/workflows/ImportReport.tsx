/** What became of a file of another tool: the workflows that would be made, and every part that a person should know about. */
import type { ImportedWorkflows } from '@/generated/ImportedWorkflows';
import type { ImportOutcome } from '@/generated/ImportOutcome';
import { count } from '@/shared/format';
import { Prose } from '@/shared/ui';

/** The worst first, each with its colour. */
const OUTCOMES: [ImportOutcome, string, string][] = [
  ['placeholder', 'To be replaced by you', 's-failed'],
  ['dropped', 'Left out', 's-waiting'],
  ['approximated', 'Nearly the same', 's-running'],
  ['translated', 'The same, written otherwise', 's-succeeded'],
];

export function ImportReport({ imported }: { imported: ImportedWorkflows }) {
  return (
    <>
      <ul aria-label="Workflows" style={{ listStyle: 'none', padding: 0, marginBottom: 12 }}>
        {imported.files.map((file) => {
          const errors = file.diagnostics.filter((found) => found.severity === 'error').length;
          return (
            <li key={file.path}>
              <span className="mono">{file.path}</span> <span className="sm t3">{errors ? `${count(errors, 'error')} to mend` : 'valid'}</span>
              {file.taken_by && <p className="problem-note s-failed" role="alert">{file.taken_by} is there already, under this name or id. Rename or delete it first.</p>}
            </li>
          );
        })}
      </ul>
      {imported.report.length === 0 && <p>Everything was translated as it is.</p>}
      {OUTCOMES.map(([outcome, title, colour]) => {
        const found = imported.report.filter((finding) => finding.outcome === outcome);
        return found.length > 0 && (
          <section key={outcome} aria-label={title} style={{ marginBottom: 12 }}>
            <h3 className={`sm ${colour}`}>{title} <span className="t3 num">{found.length}</span></h3>
            <ul style={{ paddingLeft: 16 }}>
              {found.map((finding, index) => (
                <li key={index} className="sm"><span className="mono t3">{finding.line === null ? finding.path : `line ${finding.line}`}</span> <Prose text={finding.message} /></li>
              ))}
            </ul>
          </section>
        );
      })}
    </>
  );
}
