/** Light, dark, or as the system says. */
import { create } from 'zustand';

export type Theme = 'system' | 'light' | 'dark';
const key = 'loomwork.theme';
const dark = typeof matchMedia === 'undefined' ? null : matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  const value = typeof localStorage === 'undefined' ? null : localStorage.getItem(key);
  return value === 'light' || value === 'dark' ? value : 'system';
}

export const useTheme = create<{ theme: Theme; shown: 'light' | 'dark'; choose: (theme: Theme) => void }>((set) => ({
  theme: stored(),
  shown: resolve(stored()),
  choose: (theme) => {
    localStorage.setItem(key, theme);
    set({ theme, shown: resolve(theme) });
    paint();
  },
}));

function resolve(theme: Theme): 'light' | 'dark' {
  return theme === 'system' ? (dark?.matches ? 'dark' : 'light') : theme;
}

function paint(): void {
  document.documentElement.dataset.theme = useTheme.getState().shown;
}

/** Paints the chosen theme and follows the system. */
export function startTheme(): void {
  paint();
  dark?.addEventListener('change', () => {
    useTheme.setState(({ theme }) => ({ shown: resolve(theme) }));
    paint();
  });
  document.addEventListener('visibilitychange', () => {
    document.documentElement.dataset.hidden = String(document.hidden);
  });
}
