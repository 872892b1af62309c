/** The waits between attempts, as the inspector draws them. Pure. */

export interface Retry {
  attempts: number;
  backoff: 'constant' | 'linear' | 'exponential';
  initial: string;
  max: string;
  jitter: 'none' | 'full' | 'equal';
  factor: number;
}

/** A step's `retry` with the language's defaults for what it leaves out; null when there is none. */
export function retryOf(value: unknown): Retry | null {
  if (!value || typeof value !== 'object') return null;
  const given = value as Record<string, unknown>;
  return {
    attempts: typeof given['attempts'] === 'number' ? given['attempts'] : 3,
    backoff: given['backoff'] === 'constant' || given['backoff'] === 'linear' ? given['backoff'] : 'exponential',
    initial: typeof given['initial'] === 'string' ? given['initial'] : '1s',
    max: typeof given['max'] === 'string' ? given['max'] : '30s',
    jitter: given['jitter'] === 'none' || given['jitter'] === 'equal' ? given['jitter'] : 'full',
    factor: typeof given['factor'] === 'number' ? given['factor'] : 2,
  };
}

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1h30m`, `250ms`; null when it is no duration. */
export function parseDuration(text: string): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (!parts.length || parts.map(([all]) => all).join('') !== text.trim()) return null;
  return parts.reduce((sum, [, n, unit]) => sum + Number(n) * (units[unit ?? ''] ?? 0), 0);
}

/** The longest wait before each further attempt, in milliseconds. */
export function waits(retry: Retry): number[] {
  const initial = parseDuration(retry.initial) ?? 0;
  const max = parseDuration(retry.max) ?? Infinity;
  return Array.from({ length: Math.max(0, Math.min(retry.attempts, 100) - 1) }, (_, n) => {
    const wait = retry.backoff === 'constant' ? initial : retry.backoff === 'linear' ? initial * (n + 1) : initial * retry.factor ** n;
    return Math.min(wait, max);
  });
}

export function shortDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  return ms < 3_600_000 ? `${Number((ms / 60_000).toFixed(1))} min` : `${Number((ms / 3_600_000).toFixed(1))} h`;
}
