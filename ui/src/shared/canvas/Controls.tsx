/** Zoom, fit and the map in the corners of the canvas. */
import { MiniMap, useReactFlow, useStore, type Node } from '@xyflow/react';
import { Map as MapIcon, Maximize, Minus, Plus } from 'lucide-react';
import { Tip } from '../ui';
import { fitOptions, useDistance, useFirstFit, useReveal } from './view';

interface ControlsProps {
  map: boolean;
  /** A new key draws the map anew. */
  mapKey?: string;
  onMap: (shown: boolean) => void;
  colour: (node: Node) => string;
  /** The selected step: it is kept in view. */
  selected: string | null | undefined;
}

export function CanvasControls({ map, mapKey, onMap, colour, selected }: ControlsProps) {
  const { zoomIn, zoomOut, fitView, zoomTo } = useReactFlow();
  useFirstFit();
  useReveal(selected);
  useDistance();
  const zoom = useStore((state) => Math.round(state.transform[2] * 100));
  return (
    <>
      <div className="zoom pop" role="group" aria-label="Zoom">
        <Tip text="Zoom out" keys="-" side="top"><button type="button" aria-label="Zoom out" onClick={() => void zoomOut()}><Minus size={14} /></button></Tip>
        <Tip text="Back to 100%" side="top">
          <button type="button" className="num value" aria-label={`Zoom ${zoom}%, back to 100%`} onClick={() => void zoomTo(1, { duration: 160 })}>{zoom}%</button>
        </Tip>
        <Tip text="Zoom in" keys="+" side="top"><button type="button" aria-label="Zoom in" onClick={() => void zoomIn()}><Plus size={14} /></button></Tip>
        <i className="vr" />
        <Tip text="Fit" keys="0" side="top"><button type="button" aria-label="Fit" onClick={() => void fitView(fitOptions)}><Maximize size={14} /></button></Tip>
        <Tip text={map ? 'Hide map' : 'Show map'} side="top">
          <button type="button" aria-label="Map" aria-pressed={map} onClick={() => onMap(!map)}><MapIcon size={14} /></button>
        </Tip>
      </div>
      {map && (
        <MiniMap key={mapKey} className="minimap pop" nodeColor={colour} nodeStrokeWidth={0} nodeBorderRadius={6} pannable zoomable
          style={{ width: 136, height: 96 }} offsetScale={4} ariaLabel="Map of the canvas" maskStrokeWidth={1.2} />
      )}
    </>
  );
}
