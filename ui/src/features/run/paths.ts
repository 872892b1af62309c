/**
 * Paths of step instances: `describe`, `describe.sentence`, its element `describe[3]`, that one's step `describe[3].sentence`,
 * a pass `poll#2`. Without elements and passes a path is the id of a step of the design. Pure.
 */

/** The step of the design that an instance is one of. */
export function designPath(path: string): string {
  return path.replace(/\[\d+\]|#\d+/g, '');
}

/** What contains an instance; null at the top. */
export function parentPath(path: string): string | null {
  const element = /^(.*)(\[\d+\]|#\d+)$/s.exec(path);
  if (element?.[1] !== undefined) return element[1];
  const dot = path.lastIndexOf('.');
  return dot < 0 ? null : path.slice(0, dot);
}

export const isTop = (path: string): boolean => parentPath(path) === null;

/** An element of a for-each, or a pass of a loop. */
export const isPart = (path: string): boolean => /(\[\d+\]|#\d+)$/.test(path);

/** Whether one instance is somewhere inside another. */
export function isInside(path: string, container: string): boolean {
  return path.startsWith(container) && path.length > container.length && '.[#'.includes(path[container.length] ?? ' ');
}

/** How deep an instance lies, for indenting. */
export const depthOf = (path: string): number => path.split(/\.|\[|#/).length - 1;

/** The last piece of a path: `sentence`, `[3]`, `#2`. */
export function ownName(path: string): string {
  const parent = parentPath(path);
  return parent === null ? path : path.slice(parent.length).replace(/^\./, '');
}
