import { describe, expect, it } from 'vitest';
import { boxOf, corners, edgeId, handleOf, portOf, portPlaces, roundedPath } from './canvas/geometry';
import { bytes, clock, duration, moment } from './format';
import { chordOf } from './keyboard';
import { href, parseRoute, type Route } from './router';
import { applyEdits, difference, lineAt, offsetAt } from './text';

describe('addresses', () => {
  it('lead back to where they came from', () => {
    const routes: Route[] = [
      { view: 'workflows' }, { view: 'design', path: 'workflows/über ä#1.yaml' }, { view: 'run', id: '0198-x' },
      { view: 'runs', workflow: 'a&b', status: 'failed' }, { view: 'settings' },
    ];
    for (const route of routes) {
      const url = new URL(href(route), 'http://x');
      expect(parseRoute(url.pathname, url.search)).toEqual(route);
    }
  });
  it('that mean nothing are told as such', () => {
    expect(parseRoute('/nope')).toEqual({ view: 'unknown', path: '/nope' });
    expect(parseRoute('/runs/%E0%A4%A').view).toBe('run');
  });
});

describe('places in a text', () => {
  const text = 'a: 1\nb: "😀x"\n';
  it('count characters, not code units', () => {
    expect(text.slice(offsetAt(text, 2, 6))).toBe('x"\n');
    expect(offsetAt(text, 2, 99)).toBe(text.indexOf('\n', 6));
    expect(offsetAt(text, 9, 1)).toBe(text.length);
    expect(lineAt(text, offsetAt(text, 2, 3))).toBe(2);
  });
  it('are where edits go, whatever their order', () => {
    const edit = (line: number, column: number, end: number, inserted: string) => ({ line, column, end_line: line, end_column: end, text: inserted });
    expect(applyEdits(text, [edit(1, 4, 5, '22'), edit(2, 4, 7, '"y"')])).toBe('a: 22\nb: "y"\n'.replace('"y"', '"y""'));
  });
  it('differ by the smallest stretch', () => {
    expect(difference('abcd', 'abXd')).toEqual({ from: 2, to: 3, insert: 'X' });
    expect(difference('aa', 'aaa')).toEqual({ from: 2, to: 2, insert: 'a' });
    expect(difference('a', 'a')).toBeNull();
  });
});

describe('steps and wires', () => {
  const plain = { ports: ['succeeded'] };
  const choice = { ports: ['yes', 'no'] };
  it('have ports above, below and at the side', () => {
    expect(portPlaces(plain, 176).get('succeeded')).toEqual({ x: 88, y: 42 });
    expect(portPlaces(choice, 176).get('no')).toEqual({ x: 132, y: 60 });
    expect(portPlaces(choice, 176).get('failed')).toEqual({ x: 176, y: 21 });
    expect(boxOf(choice, 196)).toMatchObject({ width: 196, height: 60 });
  });
  it('write no port for the plain exit and for any port', () => {
    expect([handleOf(plain, null), handleOf(choice, null), handleOf(choice, 'no')]).toEqual(['succeeded', '*', 'no']);
    expect([portOf(plain, 'succeeded'), portOf(choice, '*'), portOf(choice, 'no'), portOf(plain, 'failed')]).toEqual([null, null, 'no', 'failed']);
    expect(edgeId({ from: 'a', port: null, to: 'b' })).toBe('a.*>b');
  });
  it('turn with round corners', () => {
    const points = corners({ x: 0, y: 0 }, { x: 100, y: 32 }, false, false);
    expect(points).toEqual([{ x: 0, y: 0 }, { x: 0, y: 16 }, { x: 100, y: 16 }, { x: 100, y: 32 }]);
    expect(roundedPath(points)).toBe('M0 0L0 8Q0 16 8 16L92 16Q100 16 100 24L100 32');
    expect(corners({ x: 0, y: 0 }, { x: 0, y: 90 }, false, false)).toHaveLength(2);
    expect(corners({ x: 0, y: 0 }, { x: 90, y: 90 }, true, false)).toEqual([{ x: 0, y: 0 }, { x: 90, y: 0 }, { x: 90, y: 90 }]);
  });
});

describe('figures', () => {
  it('read as people read them', () => {
    expect([duration(7), duration(2_140), duration(59_999), duration(252_000)]).toEqual(['7 ms', '2.1 s', '59.9 s', '4:12']);
    expect([clock(8_200), clock(3_723_000)]).toEqual(['0:08', '1:02:03']);
    expect([bytes(12), bytes(1_234), bytes(5_242_880), bytes(999_999)]).toEqual(['12 B', '1.2 kB', '5.2 MB', '1.0 MB']);
    const now = new Date(2026, 10, 21, 12, 0);
    expect(moment(new Date(2026, 10, 21, 8, 5).toISOString(), now)).toBe('08:05');
    expect(moment(new Date(2026, 10, 20, 23, 59).toISOString(), now)).toBe('Yesterday');
    expect(moment(new Date(2026, 10, 3).toISOString(), now)).toBe('3 Nov');
  });
});

describe('chords', () => {
  it('are named the same on every keyboard', () => {
    const key = (init: KeyboardEventInit) => chordOf(new KeyboardEvent('keydown', init));
    expect(key({ key: 'z', ctrlKey: true })).toBe('Ctrl+Z');
    expect(key({ key: 'Z', metaKey: true, shiftKey: true })).toBe('Ctrl+Shift+Z');
    expect(key({ key: '?', shiftKey: true })).toBe('?');
    expect(key({ key: 'L', shiftKey: true })).toBe('Shift+L');
  });
});
