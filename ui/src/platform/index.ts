/**
 * The only place that knows how the backend is reached. The rest of the interface cannot tell the window from a browser.
 * Not here: caching of answers (`src/api`).
 */
import type { News } from '@/generated/News';
import type { Watch } from '@/generated/Watch';
import { takeToken } from './access';
import { browserLink } from './browser';
import type { Link, Method, Params, Response, WatchState } from './types';
import { windowLink } from './window';

export { access } from './access';
export { CallError, type Method, type Params, type Response, type WatchState } from './types';

/** True in the desktop window. */
export const inWindow = typeof window !== 'undefined' && '__TAURI_INTERNALS__' in window;
const link: Link = inWindow ? windowLink : browserLink;
if (!inWindow && typeof location !== 'undefined') takeToken();

/** Sends a request. Rejects with a `CallError`. */
export function call<M extends Method>(method: M, params: Params<M>): Promise<Response<M>> {
  return link.call(method, params);
}

const firstDelay = 250;
const largestDelay = 8_000;

/** Listens to news until the returned function is called. A broken stream is opened again from the last event seen. */
export function watch(wanted: Watch, onNews: (news: News) => void, onState: (state: WatchState) => void): () => void {
  return watchOver(link, wanted, onNews, onState);
}

/** As `watch`, over a given link. */
export function watchOver(over: Link, wanted: Watch, onNews: (news: News) => void, onState: (state: WatchState) => void): () => void {
  const ended = new AbortController();
  let seen = wanted.after_seq;
  let delay = firstDelay;

  const receive = (news: News) => {
    const last = news.events.at(-1);
    if (last) seen = Math.max(seen, last.seq);
    onNews(news);
  };
  const opened = () => {
    delay = firstDelay;
    onState('open');
  };

  void (async () => {
    onState('connecting');
    while (!ended.signal.aborted) {
      try {
        await over.stream({ ...wanted, after_seq: seen }, receive, opened, ended.signal);
      } catch {
        // The reason does not matter here: whatever broke the stream, it is opened again; requests show their own errors.
      }
      if (ended.signal.aborted) return;
      onState('lost');
      await pause(delay, ended.signal);
      delay = Math.min(delay * 2, largestDelay);
    }
  })();
  return () => ended.abort();
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
