/** A wire of a run: taken, moving, dead, or not decided. It follows its two ends only. */
import type { Edge as FlowEdge, EdgeProps } from '@xyflow/react';
import { memo } from 'react';
import { Wire, WireLabel, type WireData } from '@/shared/canvas';
import { wireState } from './edges';
import { useRun } from './store';

export type RunWire = FlowEdge<WireData, 'wire'>;

export const RunEdge = memo(function RunEdge({ id, source, target, sourceX, sourceY, targetX, targetY, data }: EdgeProps<RunWire>) {
  const state = useRun(({ gathered }) => (data ? wireState(data, gathered[source], gathered[target]) : 'waiting'));
  if (!data) return null;
  const failed = data.port === 'failed' && state !== 'dead';
  return (
    <g data-testid={`wire-${id}`} data-state={state}>
      <Wire id={id} from={{ x: sourceX, y: sourceY }} to={{ x: targetX, y: targetY }} data={data} interactionWidth={0}
        className={[state, failed ? 'failed' : '', data.implied ? 'implied' : ''].filter(Boolean).join(' ')}>
        {(middle) => (failed && state !== 'waiting' ? <WireLabel at={middle} className="failed">on failure</WireLabel> : null)}
      </Wire>
    </g>
  );
});
