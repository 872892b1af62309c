import { expect, test } from 'vitest';
import { atFirst, problemOf, selectionOf } from './selection';

test('a form means only what is said in it', () => {
  expect(selectionOf(atFirst)).toEqual({ statuses: ['succeeded', 'cancelled'], older_than: '30d', workflow: undefined, keep: undefined });
  expect(selectionOf({ endings: ['failed'], age: '', workflow: 'w', keep: ' 5' })).toEqual({ statuses: ['failed'], older_than: undefined, workflow: 'w', keep: 5 });
});

test('a form without endings means no run instead of every run', () => {
  expect(selectionOf({ ...atFirst, endings: [] })).toBeNull();
  expect(problemOf({ ...atFirst, endings: [] })).toMatch(/how the runs ended/);
});

test('how many stay is a whole number', () => {
  expect(problemOf({ ...atFirst, keep: '0' })).toBeNull();
  for (const keep of ['-1', '1.5', 'many']) expect(problemOf({ ...atFirst, keep })).toMatch(/whole number/);
});
