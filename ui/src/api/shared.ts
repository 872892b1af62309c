/** What the runs of a workspace share, as hooks: circuit breakers and dead letters. Answers stay fresh through the stream of news (`live.ts`). */
import { useMutation, useQuery } from '@tanstack/react-query';
import { call, client, keys } from './client';

export function useBreakers() {
  return useQuery({ queryKey: keys.breakers, queryFn: () => call('list_breakers', {}) });
}

export function useResetBreaker() {
  return useMutation({
    mutationFn: (key: string) => call('reset_breaker', { key }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.breakers }),
  });
}

export function useLetters() {
  return useQuery({ queryKey: keys.letters, queryFn: () => call('list_dead_letters', {}) });
}

export function useResend() {
  return useMutation({
    mutationFn: (wanted: { run: string; original: boolean }) => call('resend_run', wanted),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.letters }),
  });
}

export function useDiscardLetter() {
  return useMutation({
    mutationFn: (wanted: { run: string; reason?: string }) => call('discard_dead_letter', wanted),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.letters }),
  });
}
