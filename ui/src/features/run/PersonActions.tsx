/** What a person can say about a step: skip it, mark it succeeded, do it again, send what it waits for. */
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, History, Send, SkipForward } from 'lucide-react';
import { useState } from 'react';
import { call, messageOf } from '@/api';
import type { RunStep } from '@/generated/RunStep';
import { clock, fullTime } from '@/shared/format';
import { Button, Prose, Tip } from '@/shared/ui';
import { useNow } from '@/shared/useNow';
import { act, canJudge, canRerun, planText, rerun } from './retry';
import { patch, useRun, waitsOf } from './store';

/** Until when a step waits, or for what. */
export function WaitCard({ step }: { step: RunStep }) {
  const events = useRun((state) => state.events);
  const waits = waitsOf(events, step.path);
  const now = useNow(true);
  return (
    <div className="err s-waiting" role="group" aria-label="Waits" data-testid="wait-card">
      {waits.map((wait, index) => (
        <p key={index} className="sm" style={{ lineHeight: 1.6 }}>
          {wait.branch && <><span className="mono">{wait.branch}</span>: </>}
          {wait.event !== undefined ? <>waits for the event <span className="mono">{wait.event}</span></> : 'waits'}
          {wait.due_at_ms !== undefined && <> until <span className="num">{fullTime(new Date(wait.due_at_ms).toISOString())}</span> <span className="t3 num">({clock(Math.max(0, wait.due_at_ms - now) + 999)})</span></>}
        </p>
      ))}
      {waits.length === 0 && <p className="sm">It waits.</p>}
      {waits.some((wait) => wait.event !== undefined) && (
        <div className="acts"><Button className="full" icon={<Send size={13} />} onClick={() => patch({ asking: 'event' })}>Send event</Button></div>
      )}
    </div>
  );
}

/** Skip, mark as succeeded, run again from here; what the last would do is said before. */
export function JudgeActions({ step }: { step: RunStep }) {
  const run = useRun((state) => state.run);
  const [busy, setBusy] = useState(false);
  const judge = canJudge(run, step);
  const again = canRerun(run, step);
  const plan = useQuery({
    queryKey: ['rerun', run.id, step.path, step.attempts.length, `${run.status} ${run.progress.done}`],
    queryFn: () => call('rerun_run', { run: run.id, from: step.path, plan: true }),
    enabled: again,
    gcTime: 0,
    retry: false,
  });
  if (!judge && !again) return null;
  const during = (work: Promise<unknown>) => {
    setBusy(true);
    void work.finally(() => setBusy(false));
  };
  return (
    <>
      <div className="acts" role="group" aria-label="Decide by hand">
        {judge && <Tip text="What needs it is skipped too" keys="S"><Button icon={<SkipForward size={13} />} disabled={busy} onClick={() => during(act(call('judge_step', { run: run.id, step: step.path }), 'Skipped.'))} data-testid="skip-step">Skip</Button></Tip>}
        {judge && <Tip text="Give the output with which it counts as succeeded" keys="M"><Button icon={<CircleCheck size={13} />} disabled={busy} onClick={() => patch({ asking: 'mark' })} data-testid="mark-step">Mark as succeeded</Button></Tip>}
        {again && <Button className="full" icon={<History size={13} />} busy={busy} disabled={plan.isError} onClick={() => during(rerun(step.path))} data-testid="rerun-step">Re-run from here</Button>}
      </div>
      {again && <p className="xs t2" style={{ marginTop: 8, lineHeight: '16px' }} role="status">{plan.data ? planText(plan.data.plan) : plan.isError ? <Prose text={messageOf(plan.error)} /> : 'Looking at what would run again…'}</p>}
    </>
  );
}
