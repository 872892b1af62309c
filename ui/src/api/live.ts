/**
 * The one stream of news. It watches the workspace, and also the run that is open, over a single connection;
 * changing the run opens the new stream before it closes the old one, so nothing falls between.
 *
 * Not here: folding events (`features/run`).
 */
import { create } from 'zustand';
import type { News } from '@/generated/News';
import type { RunList } from '@/generated/RunList';
import type { RunSummary } from '@/generated/RunSummary';
import { watch, type WatchState } from '@/platform';
import { client, keys } from './client';

export interface RunListener {
  run: string;
  afterSeq: number;
  onNews: (news: News) => void;
  /** The stream was interrupted and is back: lines of logs may be missing. */
  onResumed: () => void;
}

/** State of the stream, for the banner. */
export const useConnection = create<{ state: WatchState }>(() => ({ state: 'connecting' }));

const fileListeners = new Set<(paths: string[]) => void>();
let close: (() => void) | null = null;

/** Tells about workflow files that changed, by anyone. */
export function onWorkflowFiles(listener: (paths: string[]) => void): () => void {
  fileListeners.add(listener);
  return () => fileListeners.delete(listener);
}

/** Listens to the workspace until the returned function is called. */
export function goLive(): () => void {
  connect(null);
  return () => {
    close?.();
    close = null;
  };
}

/** Listens to one run as well, until the returned function is called. */
export function watchRun(listener: RunListener): () => void {
  connect(listener);
  let open = true;
  return () => {
    if (open) connect(null);
    open = false;
  };
}

function connect(listener: RunListener | null): void {
  let before = close;
  let interrupted = false;
  close = watch(
    { run: listener?.run ?? null, after_seq: listener?.afterSeq ?? 0, logs: listener !== null },
    (news) => {
      spread(news);
      listener?.onNews(news);
    },
    (state) => {
      if (state === 'lost') interrupted = true;
      if (state === 'open') {
        before?.();
        before = null;
        if (interrupted) {
          refreshAll();
          refreshShared();
          listener?.onResumed();
        }
        interrupted = false;
      }
      useConnection.setState({ state: state === 'connecting' && useConnection.getState().state === 'open' ? 'open' : state });
    },
  );
  const closeThis = close;
  close = () => {
    before?.();
    closeThis();
  };
}

function spread(news: News): void {
  if (news.reset) {
    refreshAll();
    refreshShared();
    // What left the list is there, and the other way round.
    void client.invalidateQueries({ queryKey: keys.archive });
  }
  if (news.runs.length) {
    patchRuns(news.runs);
    refreshSoon();
  }
  if (news.shared) refreshShared();
  if (news.workflows.length) {
    void client.invalidateQueries({ queryKey: keys.workflows });
    for (const listener of fileListeners) listener(news.workflows);
  }
}

function refreshAll(): void {
  void client.invalidateQueries({ queryKey: keys.workspace });
  void client.invalidateQueries({ queryKey: keys.workflows });
  void client.invalidateQueries({ queryKey: keys.runs });
}

function refreshShared(): void {
  void client.invalidateQueries({ queryKey: keys.letters });
  void client.invalidateQueries({ queryKey: keys.breakers });
}

/** Rows that are on screen change at once; what counts and orders them follows. */
function patchRuns(changed: RunSummary[]): void {
  const byId = new Map(changed.map((run) => [run.id, run]));
  client.setQueriesData<RunList>({ queryKey: keys.runs }, (list) =>
    list && { ...list, runs: list.runs.map((run) => byId.get(run.id) ?? run) });
}

let timer: ReturnType<typeof setTimeout> | null = null;
function refreshSoon(): void {
  timer ??= setTimeout(() => {
    timer = null;
    refreshAll();
  }, 400);
}
