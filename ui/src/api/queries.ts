/** What the interface reads, as hooks. Answers stay fresh through the stream of news (`live.ts`). */
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import type { ListRuns } from '@/generated/ListRuns';
import { call, client, keys } from './client';

export function useWorkspace() {
  return useQuery({ queryKey: keys.workspace, queryFn: () => call('get_workspace', {}), refetchInterval: 15_000 });
}

export function useTrust() {
  return useMutation({
    mutationFn: () => call('trust_workspace', {}),
    onSuccess: (facts) => client.setQueryData(keys.workspace, facts),
  });
}

export function useWorkflows() {
  return useQuery({ queryKey: keys.workflows, queryFn: () => call('list_workflows', {}) });
}

export function useRuns(filter: ListRuns, enabled = true) {
  return useQuery({
    queryKey: [...keys.runs, filter],
    queryFn: () => call('list_runs', filter),
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** What waits to be started, of one run or of all, looked at anew every two seconds for as long as somebody looks. */
export function useQueue(run?: string) {
  return useQuery({ queryKey: ['queue', run ?? null], queryFn: () => call('get_queue', { run, limit: 200 }), refetchInterval: 2_000, staleTime: 0 });
}

/** A value that was left out for its size. It never changes: its name is its hash. */
export function useValue(run: string, hash: string, wanted: boolean) {
  return useQuery({
    queryKey: ['value', run, hash],
    queryFn: async () => JSON.parse((await call('get_value', { run, hash })).json) as unknown,
    enabled: wanted,
    staleTime: Infinity,
  });
}

export function useRetry() {
  return useMutation({ mutationFn: (wanted: { run: string; step?: string; set?: unknown }) => call('retry_run', { ...wanted, plan: false }) });
}

export function useCancel() {
  return useMutation({ mutationFn: (wanted: { run: string; reason?: string }) => call('cancel_run', wanted) });
}
