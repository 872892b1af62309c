/** Joining the page of a log that was read with the lines that arrived meanwhile: lines are numbered within their attempt. Pure. */
import type { LogLine } from '@/generated/LogLine';

const source = (line: LogLine) => `${line.step}\n${line.attempt}`;

/** The page, and of the live lines those that it does not have yet. */
export function join(page: LogLine[], live: LogLine[]): LogLine[] {
  const last = new Map<string, number>();
  for (const line of page) last.set(source(line), Math.max(line.number, last.get(source(line)) ?? 0));
  const fresh = live.filter((line) => line.number > (last.get(source(line)) ?? 0));
  if (!fresh.length) return page;
  return [...page, ...fresh].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}
