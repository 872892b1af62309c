/** The name of what is on screen, told by the view to the frame (breadcrumb, window title). */
import { useEffect } from 'react';
import { create } from 'zustand';

const useStore = create<{ title: string | null }>(() => ({ title: null }));

export const useTitle = (): string | null => useStore((state) => state.title);

/** Names the view while it is mounted. */
export function useSetTitle(title: string | null, prefix = ''): void {
  useEffect(() => {
    useStore.setState({ title });
    document.title = title ? `${prefix}${title} · Loomwork` : 'Loomwork';
    return () => useStore.setState({ title: null });
  }, [title, prefix]);
}
