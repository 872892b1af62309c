/** A wire in the designer, with the button that inserts a step into it. */
import type { Edge as FlowEdge, EdgeProps } from '@xyflow/react';
import { Plus } from 'lucide-react';
import { memo } from 'react';
import { Wire, WireLabel, type WireData } from '@/shared/canvas';
import { findEdge } from './adding';
import { hover, useCanvas } from './canvasState';

export type DesignWire = FlowEdge<WireData, 'wire'>;

export const DesignEdge = memo(function DesignEdge({ id, sourceX, sourceY, targetX, targetY, data, selected }: EdgeProps<DesignWire>) {
  const hovered = useCanvas((state) => state.hovered === id || state.dropTarget === id);
  if (!data) return null;
  const kind = [data.port === 'failed' ? 'failed' : '', data.implied ? 'implied' : '', hovered ? 'hover' : ''].filter(Boolean).join(' ');
  return (
    <Wire id={id} from={{ x: sourceX, y: sourceY }} to={{ x: targetX, y: targetY }} data={data} className={kind}>
      {(middle) => {
        if ((hovered || selected) && !data.implied) {
          return (
            <button type="button" className="splice nodrag nopan" data-splice={id} style={{ left: middle.x, top: middle.y }} aria-label="Insert a step here" title="Insert a step"
              onPointerEnter={() => hover(id)} onPointerLeave={() => hover(null)}
              onClick={(event) => useCanvas.setState({ quick: { screen: { x: event.clientX + 14, y: event.clientY - 10 }, at: { x: middle.x - 88, y: middle.y - 21 }, edge: findEdge(id) } })}>
              <Plus size={13} />
            </button>
          );
        }
        return data.port === 'failed' ? <WireLabel at={middle} className="failed">on failure</WireLabel> : null;
      }}
    </Wire>
  );
});
