/**
 * The run on screen: its fold, its events, its log lines, and what is selected. Components subscribe to their own part.
 * Not here: how the events come (`session.ts`).
 */
import { create } from 'zustand';
import type { Event } from '@/generated/Event';
import type { LogLine } from '@/generated/LogLine';
import type { Run } from '@/generated/Run';
import type { RunStep } from '@/generated/RunStep';
import type { WorkflowDocument } from '@/generated/WorkflowDocument';
import { noDrawing, type Drawing } from '@/shared/canvas';
import { gather, type Gathered } from './aggregate';
import { foldAll, type WaitingFor } from './fold';

export type LowerTab = 'logs' | 'data' | 'events' | 'checkpoints';
export type StepTab = 'attempts' | 'input' | 'output' | 'definition';
export type Asking = 'cancel' | 'edit-input' | 'mark' | 'event' | 'checkpoint' | 'amend' | null;

export interface RunState {
  run: Run;
  byPath: Record<string, RunStep>;
  /** The instances of each step of the design, as one. */
  gathered: Record<string, Gathered>;
  document: WorkflowDocument | null;
  drawing: Drawing;
  events: Event[];
  logs: LogLine[];
  /** Lines before the first that were left out. */
  omitted: number;
  /** Lines left out while they came, because there were too many. */
  missed: number;
  selected: string | null;
  lower: LowerTab;
  stepTab: StepTab;
  asking: Asking;
}

export const useRunStore = create<RunState | { run: null }>(() => ({ run: null }));

/** The state of the open run. Components below the run's frame exist only while one is open. */
export function useRun<T>(select: (state: RunState) => T): T {
  return useRunStore((state) => select(state as RunState));
}
export const now = (): RunState => useRunStore.getState() as RunState;
export const patch = (change: Partial<RunState>): void => useRunStore.setState(change as RunState);
/** What a step waits for, after its latest word about it. */
export function waitsOf(events: Event[], path: string): WaitingFor[] {
  return (events.findLast((event) => event.kind === 'step_waiting' && event.step === path)?.data['waits'] as WaitingFor[] | undefined) ?? [];
}
export const useStep = (path: string): RunStep | undefined => useRun((state) => state.byPath[path]);

export function freshState(run: Run): RunState {
  return {
    run,
    ...index(run),
    document: null,
    drawing: noDrawing,
    events: [],
    logs: [],
    omitted: 0,
    missed: 0,
    selected: firstFailure(run),
    lower: 'logs',
    stepTab: 'attempts',
    asking: null,
  };
}

function index(run: Run, before: Record<string, Gathered> = {}): Pick<RunState, 'byPath' | 'gathered'> {
  return { byPath: Object.fromEntries(run.steps.map((step) => [step.path, step])), gathered: gather(run.steps, before) };
}

/** The failure that matters: the one that the run names, else the first. */
function firstFailure(run: Run): string | null {
  const named = run.status === 'failed' ? run.error?.step : undefined;
  return run.steps.find((step) => step.path === named)?.path ?? run.steps.find((step) => step.status === 'needs_attention' || step.status === 'needs_approval')?.path ?? run.steps.find((step) => step.status === 'failed')?.path ?? null;
}

const callsForPerson = new Set(['step_failed', 'step_needs_attention', 'step_approval_requested']);

/** Takes events in: those that are known already change nothing. A step that fails is shown. */
export function receiveEvents(events: Event[]): void {
  const { run, events: known, selected } = now();
  const next = foldAll(run, events);
  const last = known.at(-1)?.seq ?? 0;
  const fresh = events.filter((event) => event.seq > last);
  const failed = events.findLast((event) => event.seq > run.seq && callsForPerson.has(event.kind))?.step;
  patch({
    ...(next === run ? {} : { run: next, ...index(next, now().gathered) }),
    ...(fresh.length ? { events: [...known, ...fresh] } : {}),
    ...(failed && failed !== selected ? { selected: failed, stepTab: 'attempts' } : {}),
  });
}

/** The run as it was read anew. */
export function replaceRun(run: Run): void {
  if (run.seq >= now().run.seq) patch({ run, ...index(run, now().gathered) });
}

const mostLines = 1_000_000;

export function receiveLogs(lines: LogLine[], omitted: number): void {
  const { logs, missed } = now();
  const all = logs.concat(lines);
  patch({ logs: all.length > mostLines ? all.slice(-mostLines) : all, missed: missed + omitted });
}

export function selectStep(path: string | null): void {
  patch({ selected: path });
}

/** Selects the step after or before the selected one. */
export function selectNext(by: number): void {
  const { run, selected } = now();
  const at = run.steps.findIndex((step) => step.path === selected);
  const next = run.steps[at < 0 ? (by > 0 ? 0 : run.steps.length - 1) : at + by];
  if (next) selectStep(next.path);
}
