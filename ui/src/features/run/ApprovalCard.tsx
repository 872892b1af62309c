/** The approval that a step waits for: its message, its form, and the decision. */
import { Check, X } from 'lucide-react';
import { useMemo, useState } from 'react';
import { call } from '@/api';
import type { InputField } from '@/generated/InputField';
import type { RunStep } from '@/generated/RunStep';
import { fullTime } from '@/shared/format';
import { InputRow } from '@/shared/inputs/InputRow';
import { initialTexts, readInputs } from '@/shared/inputs/inputs';
import { fieldsOf } from '@/shared/inputs/schema';
import { Button, Prose } from '@/shared/ui';
import { designPath } from './paths';
import { act } from './retry';
import { useRun } from './store';

/** The field of a form that is no plain object. */
const WHOLE: InputField = { name: 'form', type: 'object', required: false, default: null, values: null, description: 'The answer as JSON.' };

/** What the approval asks to be filled in. */
function useForm(step: RunStep) {
  const nodes = useRun((state) => state.document?.design.nodes);
  return useMemo(() => {
    const approve = nodes?.find((node) => node.id === designPath(step.path))?.fields['approve'];
    const schema = approve !== null && typeof approve === 'object' ? (approve as Record<string, unknown>)['form'] : undefined;
    const properties = fieldsOf(schema);
    return { fields: properties ?? (schema === undefined ? [] : [WHOLE]), whole: properties === null };
  }, [nodes, step.path]);
}

export function ApprovalCard({ step }: { step: RunStep }) {
  const run = useRun((state) => state.run.id);
  const message = useRun((state) => state.events.findLast((event) => event.kind === 'step_approval_requested' && event.step === step.path)?.data['message']);
  const { fields, whole } = useForm(step);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [comment, setComment] = useState('');
  const [busy, setBusy] = useState(false);
  const texts = { ...initialTexts(fields), ...typed };

  const decide = (approved: boolean) => () => {
    const read = readInputs(fields, texts);
    // Who rejects need not fill anything in.
    setProblems(approved ? read.problems : {});
    if (approved && Object.keys(read.problems).length) return;
    setBusy(true);
    const form = !approved || !fields.length ? undefined : whole ? read.values['form'] : read.values;
    const asked = call('decide_step', { run, step: step.path, approved, comment: comment.trim() || undefined, form });
    void act(asked, approved ? 'Approved.' : 'Rejected.').finally(() => setBusy(false));
  };

  return (
    <div className="err s-approval" role="group" aria-label="Approval" data-testid="approval-card">
      <p className="sm med" style={{ lineHeight: 1.45, overflowWrap: 'anywhere' }}>{typeof message === 'string' ? <Prose text={message} /> : 'This step waits for a decision.'}</p>
      {step.due_at && <p className="xs t2" style={{ marginTop: 4 }}>Until {fullTime(step.due_at)}.</p>}
      {fields.length > 0 && (
        <div style={{ display: 'grid', gap: 10, marginTop: 10 }}>
          {fields.map((field) => (
            <InputRow key={field.name} input={field} text={texts[field.name] ?? ''} problem={problems[field.name]} autoFocus={false}
              onChange={(text) => setTyped((all) => ({ ...all, [field.name]: text }))} />
          ))}
        </div>
      )}
      <label className="lab" htmlFor="decision-comment" style={{ marginTop: 10 }}>Comment <span className="t3 xs">optional</span></label>
      <textarea id="decision-comment" className="field" rows={2} value={comment} onChange={(event) => setComment(event.target.value)} />
      <div className="acts">
        <Button look="primary" icon={<Check size={13} />} busy={busy} onClick={decide(true)}>Approve</Button>
        <Button look="danger" icon={<X size={13} />} disabled={busy} onClick={decide(false)}>Reject</Button>
      </div>
    </div>
  );
}
