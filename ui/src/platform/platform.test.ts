import { describe, expect, it } from 'vitest';
import type { News } from '@/generated/News';
import type { Watch } from '@/generated/Watch';
import { watchOver } from './index';
import { eventParser } from './sse';
import { callErrorFrom, type Link, type WatchState } from './types';

describe('server-sent events', () => {
  it('are read whatever the pieces in which they come', () => {
    const text = ': hello\n\ndata: {"a":1}\n\nevent: x\r\ndata: two\r\ndata: lines\r\n\r\n';
    for (const size of [1, 2, 5, 1_000]) {
      const seen: string[] = [];
      const parse = eventParser((data) => seen.push(data));
      for (let at = 0; at < text.length; at += size) parse(text.slice(at, at + size));
      expect(seen).toEqual(['{"a":1}', 'two\nlines']);
    }
  });
});

describe('errors', () => {
  it('keep their code, or say that the answer was none', () => {
    expect(callErrorFrom({ code: 'conflict', message: 'changed' }, 'x')).toMatchObject({ code: 'conflict', message: 'changed', diagnostics: [] });
    expect(callErrorFrom('Bad gateway', 'x')).toMatchObject({ code: 'internal', message: 'Bad gateway' });
    expect(callErrorFrom(null, 'fallback')).toMatchObject({ message: 'fallback' });
  });
});

describe('watching', () => {
  const news = (seq: number): News => ({ events: [{ seq } as News['events'][number]], logs: [], logs_omitted: 0, runs: [], workflows: [], shared: false, reset: false });

  it('opens a broken stream again from the last event seen', async () => {
    const asked: Watch[] = [];
    const states: WatchState[] = [];
    const seen: number[] = [];
    let finish = () => undefined as void;
    const finished = new Promise<void>((resolve) => { finish = resolve; });
    const link = {
      async stream(watch: Watch, onNews: (news: News) => void, opened: () => void, signal: AbortSignal) {
        asked.push(watch);
        opened();
        onNews(news(asked.length * 10));
        if (asked.length === 1) throw new Error('broken');
        finish();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    } as unknown as Link;
    const stop = watchOver(link, { run: 'r', after_seq: 3, logs: true }, (batch) => seen.push(...batch.events.map((event) => event.seq)), (state) => states.push(state));
    await finished;
    stop();
    expect(asked.map((watch) => watch.after_seq)).toEqual([3, 10]);
    expect(seen).toEqual([10, 20]);
    expect(states).toEqual(['connecting', 'open', 'lost', 'open']);
  });
});
