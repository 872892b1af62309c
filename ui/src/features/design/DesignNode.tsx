/** A step in the designer. It takes props; of the stores it knows only whether something is dragged over it. */
import type { Node, NodeProps } from '@xyflow/react';
import { memo } from 'react';
import type { Severity } from '@/generated/Severity';
import { GroupBox, nodeWidth, StepBox } from '@/shared/canvas';
import { plain } from '@/shared/format';
import { useCanvas } from './canvasState';
import { SeverityIcon } from './Problems';

export type StepData = {
  repeat: string | undefined;
  /** Of a container: what its header says; its steps stand in it. */
  kind: string;
  action: string;
  title: string;
  summary: string;
  ports: string[];
  /** Its failure leads somewhere. */
  handled: boolean;
  problem: { severity: Severity; message: string } | null;
};
export type DesignStep = Node<StepData, 'step' | 'frame'>;

export const DesignNode = memo(function DesignNode({ id, data }: NodeProps<DesignStep>) {
  const { problem, handled } = data;
  const message = problem ? plain(problem.message) : '';
  const failed = problem?.severity === 'error';
  return (
    <StepBox id={id} repeat={data.repeat} action={data.action} title={data.title} ports={data.ports} width={nodeWidth} connectable
      line={failed ? <span title={message}>{message}</span> : data.summary}
      className={`${failed ? 'bad' : problem ? 'warn' : ''}${handled ? ' handled' : ''}`}
      mark={problem && <span title={message}><SeverityIcon severity={problem.severity} /></span>} />
  );
});

/** A container in the designer. */
export const DesignGroup = memo(function DesignGroup({ id, data, width = 0, height = 0 }: NodeProps<DesignStep>) {
  const { problem } = data;
  const dropTarget = useCanvas((state) => state.dropGroup === id);
  return (
    <GroupBox id={id} title={data.title} kind={data.kind} repeat={data.repeat} ports={data.ports} width={width} height={height} connectable
      className={`${problem?.severity === 'error' ? 'bad' : ''}${data.handled ? ' handled' : ''}${dropTarget ? ' drop' : ''}`}>
      {problem && <span title={plain(problem.message)}><SeverityIcon severity={problem.severity} /></span>}
    </GroupBox>
  );
});
