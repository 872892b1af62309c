/**
 * All instances of one step of the design as the canvas shows them: the state that most calls for attention, and how many are in which.
 * What has not changed keeps its identity. Pure.
 */
import type { RunStep } from '@/generated/RunStep';
import type { StepStatus } from '@/generated/StepStatus';
import { designPath, isPart, parentPath } from './paths';

export interface Gathered {
  status: StepStatus;
  /** The instance to show when the step is selected. */
  path: string;
  /** The instance's port; null when they differ or there is none. */
  port: string | null;
  count: number;
  counts: Partial<Record<StepStatus, number>>;
  /** Of a for-each or loop: the states of its elements or passes, in order. */
  parts: { path: string; status: StepStatus }[];
}

/** What calls for attention first. */
const order: StepStatus[] = [
  'needs_attention', 'needs_approval', 'failed', 'running', 'retrying', 'waiting', 'compensating', 'queued', 'pending', 'succeeded', 'compensated', 'cancelled', 'skipped',
];

export function gather(steps: RunStep[], before: Record<string, Gathered> = {}): Record<string, Gathered> {
  const byDesign = new Map<string, { own: RunStep[]; parts: RunStep[] }>();
  for (const step of steps) {
    const id = designPath(step.path);
    const group = byDesign.get(id) ?? { own: [], parts: [] };
    (isPart(step.path) ? group.parts : group.own).push(step);
    byDesign.set(id, group);
  }
  return Object.fromEntries([...byDesign].map(([id, { own, parts }]) => {
    const next = gatherOne(id, own.length ? own : parts, parts);
    const old = before[id];
    return [id, old && JSON.stringify(old) === JSON.stringify(next) ? old : next];
  }));
}

function gatherOne(id: string, instances: RunStep[], parts: RunStep[]): Gathered {
  const counts: Gathered['counts'] = {};
  for (const { status } of instances) counts[status] = (counts[status] ?? 0) + 1;
  const status = order.find((each) => counts[each]) ?? 'pending';
  const shown = instances.find((step) => step.status === status);
  const ports = new Set(instances.map((step) => step.port));
  return { status, path: shown?.path ?? id, port: ports.size === 1 ? (instances[0]?.port ?? null) : null, count: instances.length, counts, parts: parts.map((part) => ({ path: part.path, status: part.status })) };
}

/** The instances beside which one stands: the elements or passes that its container has. */
export function siblingsOf(steps: RunStep[], path: string): RunStep[] {
  const id = designPath(path);
  return steps.filter((step) => designPath(step.path) === id && (isPart(step.path) ? isPart(path) && parentPath(step.path) === parentPath(path) : !isPart(path)));
}
