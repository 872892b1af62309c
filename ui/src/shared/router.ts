/** Where the interface is. Addresses survive a reload in the window and in a browser. */
import { useSyncExternalStore, type MouseEvent } from 'react';

export type Route =
  | { view: 'workflows' }
  | { view: 'design'; path: string }
  | { view: 'runs'; workflow?: string; status?: string; waits?: string }
  | { view: 'run'; id: string }
  | { view: 'letters' }
  | { view: 'breakers' }
  | { view: 'archive' }
  | { view: 'settings' }
  | { view: 'unknown'; path: string };

export function parseRoute(pathname: string, search = ''): Route {
  const parts = pathname.split('/').filter(Boolean).map(decode);
  const query = new URLSearchParams(search);
  if (parts.length === 0 || ['/index.html', '/w', '/workflows'].includes(pathname.replace(/\/$/, ''))) return { view: 'workflows' };
  if (parts[0] === 'w' && parts.length > 1) return { view: 'design', path: parts.slice(1).join('/') };
  if (parts[0] === 'runs' && parts[1]) return { view: 'run', id: parts[1] };
  if (parts[0] === 'runs') return { view: 'runs', workflow: query.get('workflow') ?? undefined, status: query.get('status') ?? undefined, waits: query.get('waits') ?? undefined };
  if (parts[0] === 'dead-letters') return { view: 'letters' };
  if (parts[0] === 'breakers') return { view: 'breakers' };
  if (parts[0] === 'archive') return { view: 'archive' };
  if (parts[0] === 'settings') return { view: 'settings' };
  return { view: 'unknown', path: pathname };
}

export function href(route: Route): string {
  switch (route.view) {
    case 'workflows': return '/';
    case 'design': return `/w/${route.path.split('/').map(encodeURIComponent).join('/')}`;
    case 'run': return `/runs/${encodeURIComponent(route.id)}`;
    case 'letters': return '/dead-letters';
    case 'breakers': return '/breakers';
    case 'archive': return '/archive';
    case 'settings': return '/settings';
    case 'unknown': return route.path;
    case 'runs': {
      const query = new URLSearchParams();
      if (route.workflow) query.set('workflow', route.workflow);
      if (route.status) query.set('status', route.status);
      if (route.waits) query.set('waits', route.waits);
      const text = query.toString();
      return text ? `/runs?${text}` : '/runs';
    }
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const listeners = new Set<() => void>();
let current: Route = typeof location === 'undefined' ? { view: 'workflows' } : parseRoute(location.pathname, location.search);

function arrive(): void {
  current = parseRoute(location.pathname, location.search);
  for (const listener of listeners) listener();
}
if (typeof window !== 'undefined') window.addEventListener('popstate', arrive);

export function navigate(route: Route, replace = false): void {
  const to = href(route);
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  arrive();
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, () => current);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Properties of a link that stays inside the interface but can be opened in a new tab. */
export function linkTo(route: Route) {
  return {
    href: href(route),
    onClick: (event: MouseEvent) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      event.stopPropagation();
      navigate(route);
    },
  };
}
