/** A step in the designer. It knows its own problems and nothing of the rest. */
import type { Node, NodeProps } from '@xyflow/react';
import { memo } from 'react';
import { nodeWidth, StepBox } from '@/shared/canvas';
import { plain } from '@/shared/format';
import { SeverityIcon } from './Problems';
import { useOpen } from './store';

export type StepData = { action: string; title: string; summary: string; ports: string[] };
export type DesignStep = Node<StepData, 'step'>;

export const DesignNode = memo(function DesignNode({ id, data }: NodeProps<DesignStep>) {
  const problem = useOpen((state) => {
    const own = state.design.diagnostics.filter((d) => d.step === id && d.severity !== 'hint');
    return own.find((d) => d.severity === 'error') ?? own[0];
  });
  const handled = useOpen((state) => state.design.edges.some((edge) => edge.from === id && edge.port === 'failed'));
  return (
    <StepBox id={id} action={data.action} title={data.title} ports={data.ports} width={nodeWidth} connectable
      line={problem?.severity === 'error' ? <span title={plain(problem.message)}>{plain(problem.message)}</span> : data.summary}
      className={`${problem?.severity === 'error' ? 'bad' : problem ? 'warn' : ''}${handled ? ' handled' : ''}`}
      mark={problem && <span title={plain(problem.message)}><SeverityIcon severity={problem.severity} /></span>} />
  );
});
