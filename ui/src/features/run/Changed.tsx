/** Says that the workflow is not any more what this run ran, and what is different. Silent while it is the same. */
import { useQuery } from '@tanstack/react-query';
import { CornerDownRight } from 'lucide-react';
import { useEffect, useId } from 'react';
import { call, client, onWorkflowFiles } from '@/api';
import { Button, Popover } from '@/shared/ui';
import { changeLines, changesText, isSame } from './changes';
import { canAmend } from './retry';
import { patch, useRun } from './store';

export function useChanges() {
  const path = useRun((state) => state.run.path);
  const ran = useRun((state) => state.document?.revision);
  useEffect(() => onWorkflowFiles((paths) => {
    if (paths.includes(path)) void client.invalidateQueries({ queryKey: ['changes', path] });
  }), [path]);
  return useQuery({
    queryKey: ['changes', path, ran],
    queryFn: () => call('compare_versions', { from: { named: ran ?? '' }, to: { named: path } }),
    enabled: ran !== undefined,
    retry: false,
  });
}

export function Changed() {
  const { data } = useChanges();
  const amendable = useRun((state) => canAmend(state.run));
  const heading = useId();
  if (!data || isSame(data)) return null;
  return (
    <div className="row g3 sm t2 rh-changed" data-testid="workflow-changed">
      <span>The workflow has changed since:</span>
      <Popover label={changesText(data)} labelledBy={heading}>
        <h2 className="semi sm" id={heading}>Changes since this run</h2>
        <ul className="changes scroll">
          {changeLines(data).map(({ sign, step, what }) => (
            <li key={`${sign}${step}`}><span className="mono t3" aria-hidden>{sign}</span><span className="mono ell">{step}</span><span className="t3 ell">{what}</span></li>
          ))}
        </ul>
      </Popover>
      {amendable && <Button small icon={<CornerDownRight size={12} />} onClick={() => patch({ asking: 'amend' })}>Continue with the corrected workflow</Button>}
    </div>
  );
}
