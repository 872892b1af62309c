/** The way to the backend inside a browser: HTTP requests, and server-sent events read with fetch (to send the token). */
import type { News } from '@/generated/News';
import type { Watch } from '@/generated/Watch';
import { deny, token } from './access';
import { readServerSentEvents } from './sse';
import { callErrorFrom, CallError, type Link } from './types';

const unreachable = 'Loomwork cannot be reached. Check that `loomwork serve` is still running.';

export const browserLink: Link = {
  async call(method, params) {
    const answer = await send('/api/call', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ method, params }),
    });
    return answer.json();
  },

  async stream(watch, onNews, opened, signal) {
    const answer = await send(`/api/watch?${query(watch)}`, { headers: { Accept: 'text/event-stream' }, signal });
    if (!answer.body) throw new CallError({ code: 'unavailable', message: unreachable });
    opened();
    await readServerSentEvents(answer.body, (data) => onNews(JSON.parse(data) as News));
  },
};

function query(watch: Watch): string {
  const parts = new URLSearchParams();
  if (watch.run) parts.set('run', watch.run);
  if (watch.after_seq) parts.set('after_seq', String(watch.after_seq));
  if (watch.logs) parts.set('logs', 'true');
  return parts.toString();
}

async function send(path: string, init: RequestInit): Promise<globalThis.Response> {
  let answer: globalThis.Response;
  try {
    answer = await fetch(path, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token()}` } });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new CallError({ code: 'unavailable', message: unreachable });
  }
  if (answer.ok) return answer;
  if (answer.status === 401) deny();
  const text = await answer.text();
  throw callErrorFrom(parse(text), `Loomwork answered ${answer.status} ${answer.statusText}.`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
