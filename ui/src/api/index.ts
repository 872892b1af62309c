/** The door to the backend's data for features. */
export { useArchive, useDeleteArchived, useRemovalPlan, useRemove, useRestoreArchived, type RunSelection, type Way } from './archive';
export { call, CallError, client, inWindow, keys, messageOf, type Params, type Response, type WatchState } from './client';
export { goLive, onWorkflowFiles, useConnection, watchRun } from './live';
export { useCancel, useQueue, useRetry, useRuns, useTrust, useValue, useWorkflows, useWorkspace } from './queries';
export { useBreakers, useDiscardLetter, useLetters, useResend, useResetBreaker } from './shared';
