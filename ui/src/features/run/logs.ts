/** Joining the page of a log that was read with the lines that arrived meanwhile. Pure. */
import type { LogLine } from '@/generated/LogLine';

const source = (line: LogLine) => `${line.step}\n${line.attempt}`;
const same = (a: LogLine, b: LogLine) => a.text === b.text && a.stream === b.stream && a.at === b.at;

/**
 * The page, and of the live lines those that it does not have. Within one attempt lines keep their order, so what the
 * two have in common is the longest end of the page's lines that is also a stretch of the live ones.
 */
export function join(page: LogLine[], live: LogLine[]): LogLine[] {
  if (!live.length || !page.length) return page.length ? page : live;
  const read = group(page);
  const fresh = [...group(live)].flatMap(([key, lines]) => lines.slice(overlap(read.get(key) ?? [], lines)));
  return fresh.length ? [...page, ...fresh].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)) : page;
}

function group(lines: LogLine[]): Map<string, LogLine[]> {
  const groups = new Map<string, LogLine[]>();
  for (const line of lines) {
    const key = source(line);
    const own = groups.get(key);
    if (own) own.push(line);
    else groups.set(key, [line]);
  }
  return groups;
}

/** How many of the first `live` lines the end of `page` has. */
function overlap(page: LogLine[], live: LogLine[]): number {
  const last = page.at(-1);
  if (!last) return 0;
  for (let end = Math.min(live.length, page.length); end > 0; end -= 1) {
    let equal = true;
    for (let k = 0; k < end && equal; k += 1) equal = same(page[page.length - end + k] as LogLine, live[k] as LogLine);
    if (equal) return end;
  }
  // The page may reach beyond what is live so far.
  return live.every((line) => line.at < last.at) ? live.length : 0;
}
