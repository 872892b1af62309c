/** What every way to the backend has in common. Not here: how requests travel (`window.ts`, `browser.ts`). */
import type { ApiError } from '@/generated/ApiError';
import type { Contract } from '@/generated/Contract';
import type { Diagnostic } from '@/generated/Diagnostic';
import type { ErrorCode } from '@/generated/ErrorCode';
import type { News } from '@/generated/News';
import type { Watch } from '@/generated/Watch';

export type Method = keyof Contract;
export type Params<M extends Method> = Contract[M]['params'];
export type Response<M extends Method> = Contract[M]['response'];

/** `open`: news arrive. `lost`: the stream broke and is being opened again. */
export type WatchState = 'connecting' | 'open' | 'lost';

/** A refused or failed request, with the code that the caller acts on. */
export class CallError extends Error {
  readonly code: ErrorCode;
  readonly diagnostics: Diagnostic[];
  readonly details: unknown;

  constructor(error: ApiError) {
    super(error.message);
    this.name = 'CallError';
    this.code = error.code;
    this.diagnostics = error.diagnostics ?? [];
    this.details = error.details ?? null;
  }
}

/** Reads an error of the backend, or says that what came was none. */
export function callErrorFrom(body: unknown, otherwise: string): CallError {
  if (body && typeof body === 'object' && 'code' in body && 'message' in body) return new CallError(body as ApiError);
  const text = typeof body === 'string' && body ? body : otherwise;
  return new CallError({ code: 'internal', message: text });
}

/** One way to the backend. */
export interface Link {
  call<M extends Method>(method: M, params: Params<M>): Promise<Response<M>>;
  /** Opens a stream once; rejects or resolves when it ends. `opened` is called when the backend has accepted it. */
  stream(watch: Watch, onNews: (news: News) => void, opened: () => void, signal: AbortSignal): Promise<void>;
}
