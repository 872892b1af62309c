/** The frame around the steps of a group, in the designer and in a run alike. It takes what to show; it knows no store. */
import { Layers, Repeat, SquareStack } from 'lucide-react';
import { memo, type ReactNode } from 'react';
import { StepPorts } from './StepBox';

interface GroupBoxProps {
  id: string;
  title: string;
  /** `Group`, `For each`, `Loop`. */
  kind: string;
  repeat: string | undefined;
  ports: string[];
  width: number;
  height: number;
  connectable: boolean;
  className?: string;
  status?: string;
  /** At the right of the header: how far it is, what is wrong. */
  children?: ReactNode;
}

export const GroupBox = memo(function GroupBox(props: GroupBoxProps) {
  const { id, title, kind, repeat, ports, width, height, connectable, className = '', status, children } = props;
  const Icon = repeat === 'for_each' ? SquareStack : repeat === 'loop' ? Repeat : Layers;
  return (
    <div className={`group ${className}`} style={{ width, height }} data-testid={`step-${id}`} data-status={status}>
      <div className="group-head">
        <Icon size={14} aria-hidden />
        <span className="n ell">{title}</span>
        <span className="d nowrap">{kind}</span>
        <span className="end row g3">{children}</span>
      </div>
      <StepPorts id={id} ports={ports} width={width} height={height} connectable={connectable} />
    </div>
  );
});
