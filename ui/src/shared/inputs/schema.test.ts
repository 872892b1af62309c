import { describe, expect, it } from 'vitest';
import { fieldsOf } from './schema';

describe('the form of a schema', () => {
  it('asks for each property by its type', () => {
    const schema = { type: 'object', required: ['colour'], properties: { colour: { enum: ['red', 'blue'] }, chairs: { type: 'integer', default: 3, description: 'How many.' }, rest: { anyOf: [] } } };
    expect(fieldsOf(schema)?.map(({ name, type, required, default: first, values }) => [name, type, required, first, values])).toEqual([
      ['colour', 'string', true, null, ['red', 'blue']],
      ['chairs', 'integer', false, 3, null],
      ['rest', 'object', false, null, null],
    ]);
  });
  it('is asked for as a whole when it has no properties', () => {
    expect(fieldsOf({ type: 'array' })).toBeNull();
    expect(fieldsOf(true)).toBeNull();
  });
});
