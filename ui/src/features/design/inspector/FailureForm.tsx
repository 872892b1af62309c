/** Bounds and retries of a step, and a line that shows what they come to. */
import { Button } from '@/shared/ui';
import { useOpen } from '../store';
import { BareText, Field, SelectField, TextField } from './fields';
import { retryOf, shortDuration, waits, type Retry } from './retry';
import { orNothing, type StepForm } from './step';

export function FailureForm({ form }: { form: StepForm }) {
  const retry = retryOf(form.step.fields['retry']);
  return (
    <>
      <TextField label="Timeout of an attempt" mono value={form.text('timeout')} placeholder="none" hint="A duration such as 30s, 10m or 1h30m." onCommit={(text) => form.set(['timeout'], orNothing(text))} problems={form.problems('timeout')} />
      <label className="cb med">
        <input type="checkbox" checked={retry !== null} onChange={(event) => form.set(['retry'], event.target.checked ? { attempts: 3 } : null)} />
        Try again when it fails
      </label>
      {retry ? <RetryFields form={form} retry={retry} /> : <p className="xs t3">Without retries here, those of the workflow's defaults hold; without defaults there is one attempt.</p>}
      <SelectField label="If the engine stops while it runs" value={form.text('on_restart') || 'rerun'} options={[['rerun', 'Run it again'], ['fail', 'Let it fail']]}
        onCommit={(choice) => form.set(['on_restart'], choice === 'rerun' ? null : choice)} problems={form.problems('on_restart')} />
    </>
  );
}

function RetryFields({ form, retry }: { form: StepForm; retry: Retry }) {
  return (
    <>
      <div className="two">
        <Field label="Attempts" problems={form.problems('retry.attempts')} hint="The first one too.">
          {(id, described, invalid) => (
            <BareText id={id} value={String(retry.attempts)} aria-describedby={described} aria-invalid={invalid || undefined}
              onCommit={(text) => form.set(['retry', 'attempts'], /^\d+$/.test(text) ? Number(text) : text)} />
          )}
        </Field>
        <SelectField label="Wait grows" value={retry.backoff} options={[['constant', 'Not at all'], ['linear', 'Linearly'], ['exponential', 'Exponentially']]}
          onCommit={(backoff) => form.set(['retry', 'backoff'], backoff)} problems={form.problems('retry.backoff')} />
      </div>
      <div className="two">
        <TextField label="First wait" mono value={retry.initial} onCommit={(text) => form.set(['retry', 'initial'], orNothing(text))} problems={form.problems('retry.initial')} />
        <TextField label="Longest wait" mono value={retry.max} onCommit={(text) => form.set(['retry', 'max'], orNothing(text))} problems={form.problems('retry.max')} />
      </div>
      <SelectField label="Waits are spread" value={retry.jitter} options={[['full', 'From nothing to the whole'], ['equal', 'From half to the whole'], ['none', 'Not at all']]}
        onCommit={(jitter) => form.set(['retry', 'jitter'], jitter)} problems={form.problems('retry.jitter')} />
    </>
  );
}

/** The attempts as dots on a line, and where a failure goes. */
export function FailureFoot({ form, onEdit }: { form: StepForm; onEdit?: () => void }) {
  const retry = retryOf(form.step.fields['retry']);
  const handler = useOpen((state) => state.design.edges.find((edge) => edge.from === form.step.id && edge.port === 'failed')?.to);
  const all = retry ? waits(retry) : [];
  const shown = all.slice(0, 4);
  const gap = shown.length ? Math.min(58, 190 / shown.length) : 58;
  const end = 7 + shown.length * gap;
  const timeout = form.text('timeout');
  const summary = retry ? `${retry.attempts} attempts, ${retry.jitter === 'none' ? '' : 'up to '}these waits between them` : 'One attempt, unless the defaults say otherwise';
  return (
    <footer className="retry-foot">
      <div className="row" style={{ marginBottom: 9 }}>
        <h3 className="semi sm">If it fails</h3>
        {onEdit && <span className="end"><Button small look="ghost" onClick={onEdit} style={{ color: 'var(--accent-text)', height: 18 }}>Edit policy</Button></span>}
      </div>
      <svg width="300" height="34" role="img" aria-label={summary} fontSize="11" fontFamily="var(--font-ui)">
        <path d={`M7 8H${end}`} stroke="var(--border-strong)" strokeWidth="1.5" />
        <path d={`M${end} 8H${end + 32}`} stroke="var(--st-failed)" strokeOpacity=".75" strokeWidth="1.5" strokeDasharray="4 3" />
        <circle cx="7" cy="8" r="4.5" fill="var(--accent)" />
        {shown.map((wait, n) => (
          <g key={n}>
            <circle cx={7 + (n + 1) * gap} cy="8" r="4" fill="var(--surface)" stroke="var(--accent)" strokeWidth="1.5" />
            <text x={7 + (n + 0.5) * gap} y="30" textAnchor="middle" fill="var(--text-3)">{shortDuration(wait)}</text>
          </g>
        ))}
        <text x={end + 38} y="12" fill={handler ? 'var(--text-1)' : 'var(--st-failed)'}>{handler ?? 'run fails'}</text>
      </svg>
      <p className="xs t3" style={{ marginTop: 4 }}>{summary}{all.length > shown.length && `, ${all.length - shown.length} more`}{timeout && `, ${timeout} per attempt`}</p>
    </footer>
  );
}
