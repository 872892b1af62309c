/** What has become of a wire in a run. Pure. */
import type { Edge } from '@/generated/Edge';
import type { RunStep } from '@/generated/RunStep';
import { hasEnded } from './fold';

type End = Pick<RunStep, 'status' | 'port'>;
export type WireState = 'waiting' | 'taken' | 'moving' | 'dead';

export function wireState(edge: Pick<Edge, 'port' | 'implied'>, from: End | undefined, to: End | undefined): WireState {
  if (!from || !hasEnded(from.status)) return 'waiting';
  const taken = edge.port === null ? from.port !== null && from.port !== 'failed' : from.port === edge.port;
  // An expression may only want to know that the source has settled: then the target went on all the same.
  const settled = edge.implied && to !== undefined && to.status !== 'skipped' && to.status !== 'pending';
  if (!taken && !settled) return 'dead';
  if (to?.status === 'skipped') return 'dead';
  return to?.status === 'running' ? 'moving' : 'taken';
}
