/** A step in the designer. It takes props; it knows no store. */
import type { Node, NodeProps } from '@xyflow/react';
import { memo } from 'react';
import type { Severity } from '@/generated/Severity';
import { nodeWidth, StepBox } from '@/shared/canvas';
import { plain } from '@/shared/format';
import { SeverityIcon } from './Problems';

export type StepData = {
  action: string;
  title: string;
  summary: string;
  ports: string[];
  /** Its failure leads somewhere. */
  handled: boolean;
  problem: { severity: Severity; message: string } | null;
};
export type DesignStep = Node<StepData, 'step'>;

export const DesignNode = memo(function DesignNode({ id, data }: NodeProps<DesignStep>) {
  const { problem, handled } = data;
  const message = problem ? plain(problem.message) : '';
  const failed = problem?.severity === 'error';
  return (
    <StepBox id={id} action={data.action} title={data.title} ports={data.ports} width={nodeWidth} connectable
      line={failed ? <span title={message}>{message}</span> : data.summary}
      className={`${failed ? 'bad' : problem ? 'warn' : ''}${handled ? ' handled' : ''}`}
      mark={problem && <span title={message}><SeverityIcon severity={problem.severity} /></span>} />
  );
});
