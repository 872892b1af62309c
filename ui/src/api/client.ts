/** The one query client, and the keys of what it holds. */
import { QueryClient } from '@tanstack/react-query';
import { CallError } from '@/platform';

export { call, CallError, inWindow, type Method, type Params, type Response, type WatchState } from '@/platform';

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      networkMode: 'always',
      retry: (count, error) => count < 3 && error instanceof CallError && error.code === 'unavailable',
    },
    mutations: { networkMode: 'always' },
  },
});

export const keys = {
  workspace: ['workspace'] as const,
  workflows: ['workflows'] as const,
  runs: ['runs'] as const,
  letters: ['letters'] as const,
  breakers: ['breakers'] as const,
  archive: ['archive'] as const,
};

/** What went wrong, for a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
