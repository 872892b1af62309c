/** Opens a run: reads it, then goes on with its events from where that reading ends. */
import { call, watchRun } from '@/api';
import { draw, runNodeWidth, type Places } from '@/shared/canvas';
import { complain } from '@/shared/ui';
import { join } from './logs';
import { freshState, now, patch, receiveEvents, receiveLogs, replaceRun, useRunStore } from './store';

const firstPage = 20_000;

/** Opens the run; resolves to what closes it again. */
export async function openRun(id: string, isWanted: () => boolean): Promise<() => void> {
  const run = await call('get_run', { run: id });
  if (!isWanted()) return () => undefined;
  useRunStore.setState(freshState(run), true);
  const close = watchRun({
    run: run.id,
    afterSeq: run.seq,
    onNews: (news) => {
      if (useRunStore.getState().run?.id !== run.id) return;
      if (news.events.length) receiveEvents(news.events);
      if (news.logs.length || news.logs_omitted) receiveLogs(news.logs, news.logs_omitted);
      const amended = news.events.some((event) => event.kind === 'run_amended');
      if (news.reset || amended) void readAnew(run.id);
      // From here on it runs another workflow: other steps, other wires.
      if (amended) void readDesign(run.id).catch(complain);
    },
    onResumed: () => void readAnew(run.id),
  });
  void readDesign(run.id).catch(complain);
  void readEvents(run.id).catch(complain);
  void readLogs().catch(complain);
  return () => {
    close();
    if (useRunStore.getState().run?.id === run.id) useRunStore.setState({ run: null }, true);
  };
}

const stillOpen = (id: string) => useRunStore.getState().run?.id === id;

async function readAnew(id: string): Promise<void> {
  try {
    const run = await call('get_run', { run: id });
    if (stillOpen(id)) replaceRun(run);
    await Promise.all([readEvents(id), readLogs()]);
  } catch (error) {
    complain(error);
  }
}

async function readDesign(id: string): Promise<void> {
  const document = await call('get_run_design', { run: id });
  const shift = (runNodeWidth - 176) / 2;
  const placed: Places = Object.fromEntries(Object.entries(document.layout.nodes as Places).map(([step, at]) => [step, { x: at.x - shift, y: at.y }]));
  const drawing = await draw(document.design, placed, runNodeWidth);
  if (stillOpen(id)) patch({ document, drawing });
}

async function readEvents(id: string): Promise<void> {
  const { events } = await call('get_events', { run: id, from_seq: 0 });
  if (!stillOpen(id)) return;
  const last = events.at(-1)?.seq ?? 0;
  patch({ events: [...events, ...now().events.filter((event) => event.seq > last)] });
  receiveEvents(events);
}

/** Reads the log, the last lines first left in; `all` reads everything there is. */
export async function readLogs(all = false): Promise<void> {
  const { run } = now();
  const page = await call('get_logs', { run: run.id, limit: all ? 1_000_000 : firstPage });
  if (!stillOpen(run.id)) return;
  patch({ logs: join(page.lines, now().logs), omitted: page.omitted, missed: 0 });
}
