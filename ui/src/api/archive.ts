/** Runs that leave the journal, and the archive, as hooks. Answers stay fresh through the stream of news (`live.ts`). */
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import type { ArchiveRuns } from '@/generated/ArchiveRuns';
import { call, client, keys } from './client';

export type Way = 'archive' | 'purge';

export function useArchive() {
  return useQuery({ queryKey: keys.archive, queryFn: () => call('list_archive', {}) });
}

/** Which runs are meant, and nothing else. */
export type RunSelection = Omit<ArchiveRuns, 'plan'>;

/**
 * Which of the runs that are meant would go, and which stay; nothing is asked while none are meant. Finding out reads much of the
 * journal, so that it is not done anew with every piece of news.
 */
export function useRemovalPlan(which: RunSelection | null) {
  return useQuery({
    queryKey: ['removal', which],
    queryFn: () => call('archive_runs', { ...which, plan: true }),
    enabled: which !== null,
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
  });
}

/** Takes runs out of the journal: these and no others. */
export function useRemove() {
  return useMutation({
    mutationFn: ({ way, runs }: { way: Way; runs: string[] }) => call(way === 'archive' ? 'archive_runs' : 'purge_runs', { runs, plan: false }),
    onSettled: changed,
  });
}

export function useRestoreArchived() {
  return useMutation({ mutationFn: (run: string) => call('restore_archived', { run }), onSettled: changed });
}

export function useDeleteArchived() {
  return useMutation({ mutationFn: (run: string) => call('delete_archived', { run }), onSettled: changed });
}

function changed(): void {
  void client.invalidateQueries({ queryKey: keys.archive });
  void client.invalidateQueries({ queryKey: keys.runs });
  void client.invalidateQueries({ queryKey: keys.letters });
}
