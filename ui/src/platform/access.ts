/** The access token of a browser session: it comes in the address, stays in this tab, and leaves the address at once. */

const key = 'loomwork.token';
let denied = false;
const listeners = new Set<() => void>();

/** Takes the token out of the address. Called once, before anything else reads the address. */
export function takeToken(): void {
  const found = /^#(?:.*&)?token=([^&]+)/.exec(location.hash);
  if (!found?.[1]) return;
  sessionStorage.setItem(key, decodeURIComponent(found[1]));
  history.replaceState(history.state, '', location.pathname + location.search);
}

export function token(): string {
  return sessionStorage.getItem(key) ?? '';
}

/** The backend refused the token. */
export function deny(): void {
  if (denied) return;
  denied = true;
  for (const listener of listeners) listener();
}

export const access = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  isDenied: (): boolean => denied,
};
