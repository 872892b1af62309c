/** Actions that the view on screen offers to the command palette, and requests that one view makes of the frame. */
import { useEffect } from 'react';
import { create } from 'zustand';

export interface Command {
  id: string;
  title: string;
  keys?: string;
  run: () => void;
}

export const useCommandList = create<{ commands: Command[] }>(() => ({ commands: [] }));

/** Offers actions while the component is mounted. Pass a stable (memoised) list. */
export function useCommands(commands: Command[]): void {
  useEffect(() => {
    useCommandList.setState(({ commands: all }) => ({ commands: [...all, ...commands] }));
    return () => useCommandList.setState(({ commands: all }) => ({ commands: all.filter((c) => !commands.includes(c)) }));
  }, [commands]);
}

/** A workflow that somebody wants to run: its inputs are asked for when it has any. */
export const useRunRequest = create<{ path: string | null }>(() => ({ path: null }));

export function requestRun(path: string): void {
  useRunRequest.setState({ path });
}
