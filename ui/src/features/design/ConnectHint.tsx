/** While a wire is being drawn over a port that it cannot join: why not. */
import { useConnection } from '@xyflow/react';
import { useEffect, useState } from 'react';
import { whyNot } from './ops';
import { now } from './store';

export function ConnectHint() {
  const wire = useConnection((connection) => {
    if (!connection.inProgress || connection.isValid !== false || !connection.toHandle || connection.fromHandle.type !== 'source') return null;
    return `${connection.fromNode.id}\n${connection.fromHandle.id ?? ''}\n${connection.toHandle.nodeId}`;
  });
  const [pointer, setPointer] = useState({ x: 0, y: 0 });
  useEffect(() => {
    if (!wire) return;
    const follow = (event: PointerEvent) => setPointer({ x: event.clientX, y: event.clientY });
    window.addEventListener('pointermove', follow);
    return () => window.removeEventListener('pointermove', follow);
  }, [wire]);
  if (!wire) return null;
  const [step = '', handle = '', to = ''] = wire.split('\n');
  const reason = whyNot(now().design, { step, handle }, to);
  return reason && <div className="pop hint-bubble" role="status" style={{ left: pointer.x + 14, top: pointer.y + 10 }}>{reason}</div>;
}
