/** What is selected, as a form; the workflow itself when nothing is. */
import { MousePointer2 } from 'lucide-react';
import { count } from '@/shared/format';
import { Button, State } from '@/shared/ui';
import { removeSelected } from '../shortcuts';
import { useOpen } from '../store';
import { StepInspector } from './StepInspector';
import { WorkflowInspector } from './WorkflowInspector';

export function Inspector() {
  const selected = useOpen((state) => state.selected);
  const edge = useOpen((state) => state.design.edges.find((each) => `${each.from}.${each.port ?? '*'}>${each.to}` === state.selectedEdge));
  const step = useOpen((state) => state.design.nodes.find((node) => selected.length === 1 && node.id === selected[0]));
  return (
    <aside className="insp" aria-label="Inspector" data-form>
      {step ? <StepInspector key={step.id} step={step} />
        : selected.length > 1 ? (
          <State icon={<MousePointer2 size={18} />} title={count(selected.length, 'step')} action={<Button look="danger" onClick={() => void removeSelected()}>Delete steps</Button>}>
            Move them together, copy them as YAML with Ctrl C, or delete them.
          </State>
        )
        : edge ? (
          <State title={`${edge.from} → ${edge.to}`} action={!edge.implied && <Button look="danger" onClick={() => void removeSelected()}>Remove wire</Button>}>
            {edge.implied ? `An expression of ${edge.to} reads ${edge.from}, so it waits for it.` : edge.port ? `Taken when ${edge.from} ends on its port ${edge.port}.` : `Taken when ${edge.from} ends on any port but failed.`}
          </State>
        )
        : <WorkflowInspector />}
    </aside>
  );
}
