/** The box of a step, in the designer and in a run alike. It takes what to show; it knows no store. */
import { Handle } from '@xyflow/react';
import { Ban, Box, Bot, Braces, CircleHelp, Clock, Flag, Globe, Group, ListChecks, Radio, Repeat, Split, SquareStack, SquareTerminal, Terminal, UserCheck, Users, Variable, Workflow, Wrench, type LucideIcon } from 'lucide-react';
import { memo, type ReactNode } from 'react';
import { anyPort, hasNamedPorts, inPort, portPlaces, sideOf } from './geometry';

/** Places inside the box count from within its border. */
const border = 1;

const icons: Record<string, LucideIcon> = {
  run: Terminal, set: Variable, choose: Split, command: SquareTerminal, http: Globe, jq: Braces, workflow: Workflow, wait: Clock, first_of: ListChecks, approve: UserCheck,
  emit: Radio, cancel: Ban, end: Flag, steps: Group, for_each: SquareStack, loop: Repeat, tool: Wrench, container: Box, agent: Bot, team: Users,
};
export const actionName: Record<string, string> = {
  run: 'Run script', set: 'Set values', choose: 'Choose', command: 'Run command', http: 'HTTP request', jq: 'jq program', workflow: 'Workflow', wait: 'Wait', first_of: 'First of',
  approve: 'Approval', emit: 'Send event', cancel: 'Cancel steps', end: 'End the run', steps: 'Group', tool: 'Tool', container: 'Container', agent: 'Agent', team: 'Team', unknown: 'No action',
};

export const repeatName: Record<string, string> = { for_each: 'For each', loop: 'Loop' };

/** What a step is, in a word or two: how it is repeated comes first. */
export function kindOf(step: { action: string; repeat?: string }): string {
  const name = actionName[step.action] ?? step.action;
  if (!step.repeat) return name;
  return step.action === 'steps' ? (repeatName[step.repeat] ?? step.repeat) : `${repeatName[step.repeat] ?? step.repeat}: ${name.toLowerCase()}`;
}

export function ActionIcon({ action, size = 15 }: { action: string; size?: number }) {
  const Icon = icons[action] ?? CircleHelp;
  return <Icon size={size} aria-hidden />;
}

interface StepBoxProps {
  id: string;
  action: string;
  title: string;
  line: ReactNode;
  ports: string[];
  width: number;
  connectable: boolean;
  className?: string;
  status?: string;
  repeat?: string;
  tile?: ReactNode;
  mark?: ReactNode;
}

export const StepBox = memo(function StepBox(props: StepBoxProps) {
  const { id, action, title, line, ports, width, connectable, className = '', status, repeat, tile, mark } = props;
  const named = hasNamedPorts({ ports });
  return (
    <div className={`node ${className}${repeat ? ' many' : ''}`} style={{ width }} data-testid={`step-${id}`} data-status={status}>
      <div className="b">
        <span className="tile">{tile ?? <ActionIcon action={action} />}</span>
        <span className="grow">
          <span className="n ell block">{title}</span>
          <span className="d num ell block">{line}</span>
        </span>
        {mark}
      </div>
      {named && <div className="ports">{ports.map((port) => <span key={port} className="ell" title={port}>{port}</span>)}</div>}
      <StepPorts id={id} ports={ports} width={width} connectable={connectable} />
    </div>
  );
});

interface PortsProps {
  id: string;
  ports: string[];
  width: number;
  height?: number;
  connectable: boolean;
}

export const StepPorts = memo(function StepPorts({ id, ports, width, height, connectable }: PortsProps) {
  return [...portPlaces({ ports }, width, height)].map(([port, at]) => {
    const entry = port === inPort;
    const what = entry ? `Entry of ${id}` : port === anyPort ? `Any port of ${id}` : `Port ${port} of ${id}`;
    return (
      <Handle key={port} id={port} type={entry ? 'target' : 'source'} isConnectable={connectable && port !== anyPort}
        position={sideOf(port)}
        className={`port${port === 'failed' ? ' fail' : ''}${port === anyPort ? ' any' : ''}`}
        style={{ left: at.x - border, top: at.y - border }} aria-label={connectable ? what : undefined} role={connectable ? 'button' : undefined}
        data-testid={`port-${id}-${port}`} />
    );
  });
});
