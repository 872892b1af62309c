/** The way to the backend inside the desktop window: Tauri's messages. */
import { Channel, invoke } from '@tauri-apps/api/core';
import type { News } from '@/generated/News';
import { callErrorFrom, type Link } from './types';

export const windowLink: Link = {
  async call(method, params) {
    try {
      return await invoke('call', { request: { method, params } });
    } catch (error) {
      throw callErrorFrom(error, 'The request could not be handed to the engine.');
    }
  },

  async stream(watch, onNews, opened, signal) {
    const channel = new Channel<News>();
    channel.onmessage = (news) => {
      if (!signal.aborted) onNews(news);
    };
    const id = await invoke<number>('watch', { watch, channel });
    const close = () => void invoke('unwatch', { id }).catch(() => undefined);
    if (signal.aborted) return close();
    opened();
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    close();
  },
};
