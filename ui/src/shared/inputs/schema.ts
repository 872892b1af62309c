/** From the JSON Schema of a form to the fields that ask for it. Pure. What fits is decided by the backend; this only asks. */
import type { InputField } from '@/generated/InputField';

type Schema = Record<string, unknown>;

const isMap = (value: unknown): value is Schema => value !== null && typeof value === 'object' && !Array.isArray(value);

const KNOWN = ['string', 'integer', 'number', 'boolean', 'array', 'object'];

/** One field for each property; null for a schema that is not a plain object, which is asked for as JSON. */
export function fieldsOf(schema: unknown): InputField[] | null {
  if (!isMap(schema) || !isMap(schema['properties'])) return null;
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(schema['properties']).map(([name, property]) => fieldOf(name, isMap(property) ? property : {}, required.includes(name)));
}

function fieldOf(name: string, property: Schema, required: boolean): InputField {
  const values = Array.isArray(property['enum']) ? (property['enum'] as unknown[]) : null;
  const word = typeof property['type'] === 'string' && KNOWN.includes(property['type']) ? property['type'] : values ? 'string' : 'object';
  const words = property['description'] ?? property['title'];
  return { name, type: word, required, default: property['default'] ?? null, values, description: typeof words === 'string' ? words : null };
}
