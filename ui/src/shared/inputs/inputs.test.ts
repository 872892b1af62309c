import { describe, expect, it } from 'vitest';
import type { InputField } from '@/generated/InputField';
import { initialTexts, readInputs } from './inputs';

const input = (name: string, type: string, more: Partial<InputField> = {}): InputField => ({ name, type, required: false, default: null, values: null, description: null, ...more });

describe('inputs of a run', () => {
  it('start with their defaults and come back as they were', () => {
    const inputs = [input('s', 'string', { default: 'v1' }), input('n', 'integer', { default: 3 }), input('b', 'boolean', { default: true }), input('l', 'array', { default: [1] })];
    expect(readInputs(inputs, initialTexts(inputs))).toEqual({ values: { s: 'v1', n: 3, b: true, l: [1] }, problems: {} });
  });
  it('are left out when empty, unless needed or emptied on purpose', () => {
    const read = readInputs([input('a', 'string'), input('b', 'string', { required: true }), input('c', 'string', { default: 'x' })], { a: '', b: '', c: '' });
    expect(read.values).toEqual({ c: '' });
    expect(Object.keys(read.problems)).toEqual(['b']);
  });
  it('say what does not fit', () => {
    const read = readInputs([input('i', 'integer'), input('n', 'number'), input('o', 'object'), input('l', 'array')], { i: '1.5', n: 'many', o: '[1]', l: '{' });
    expect(Object.keys(read.problems)).toEqual(['i', 'n', 'o', 'l']);
  });
  it('that are enumerated keep the type of the value chosen', () => {
    expect(readInputs([input('e', 'integer', { values: [1, 2] })], { e: '2' }).values).toEqual({ e: 2 });
  });
});
