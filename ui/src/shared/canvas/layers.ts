/**
 * A quick layered drawing for graphs that are too large for the careful one: rows by the longest way from a start,
 * within a row by where the steps before stand. Pure, and linear but for sorting.
 */
import type { Point } from '@/generated/Point';

interface Shape {
  id: string;
  height: number;
}
interface Gaps {
  width: number;
  column: number;
  row: number;
}

export function drawInLayers(steps: Shape[], edges: { from: string; to: string }[], gaps: Gaps): Record<string, Point> {
  const before = neighbours(steps, edges.map(({ from, to }) => [to, from] as const));
  const after = neighbours(steps, edges.map(({ from, to }) => [from, to] as const));
  const places: Record<string, Point> = {};
  let y = 0;
  let widest = 1;
  for (const layer of layersOf(steps, before, after)) {
    const pitch = gaps.width + gaps.column;
    const wish = (step: Shape) => mean((before.get(step.id) ?? []).flatMap((id) => places[id]?.x ?? []));
    const sorted = layer.map((step, at) => ({ step, at, wish: wish(step) ?? at * pitch })).sort((a, b) => a.wish - b.wish || a.at - b.at);
    let x = -Infinity;
    const row = sorted.map(({ step, wish: wanted }) => {
      x = Math.max(wanted, x + pitch);
      return { step, x };
    });
    // Pushing apart moves to the right only. A row over much of the width goes back to the middle, a narrow one under what it follows.
    const middle = mean(row.map(({ x: placed }) => placed)) ?? 0;
    widest = Math.max(widest, row.length);
    const drift = row.length * 2 >= widest ? middle : (mean(row.map(({ x: placed }, at) => placed - (sorted[at]?.wish ?? placed))) ?? 0);
    for (const { step, x: placed } of row) places[step.id] = { x: Math.round(placed - drift), y };
    y += Math.max(...layer.map((step) => step.height)) + gaps.row;
  }
  return places;
}

function neighbours(steps: Shape[], pairs: (readonly [string, string])[]): Map<string, string[]> {
  const map = new Map<string, string[]>(steps.map((step) => [step.id, []]));
  for (const [key, value] of pairs) if (map.has(value)) map.get(key)?.push(value);
  return map;
}

/** Rows from top to bottom. Steps on a cycle come as soon as nothing else is left. */
function layersOf(steps: Shape[], before: Map<string, string[]>, after: Map<string, string[]>): Shape[][] {
  const missing = new Map(steps.map((step) => [step.id, before.get(step.id)?.length ?? 0]));
  const shapes = new Map(steps.map((step) => [step.id, step]));
  const done = new Set<string>();
  const layers: Shape[][] = [];
  let next = steps.filter((step) => missing.get(step.id) === 0);
  while (done.size < steps.length) {
    if (!next.length) next = steps.filter((step) => !done.has(step.id)).slice(0, 1);
    layers.push(next);
    for (const step of next) done.add(step.id);
    const found: Shape[] = [];
    for (const step of next) {
      for (const id of after.get(step.id) ?? []) {
        const left = (missing.get(id) ?? 0) - 1;
        missing.set(id, left);
        const shape = shapes.get(id);
        if (left === 0 && shape && !done.has(id)) found.push(shape);
      }
    }
    next = found;
  }
  return layers;
}

function mean(values: number[]): number | null {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}
