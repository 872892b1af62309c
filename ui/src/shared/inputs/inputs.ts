/** From what a person typed to the values of a run's inputs. The backend checks again; this only says it sooner. Pure. */
import type { InputField } from '@/generated/InputField';

export interface ReadInputs {
  values: Record<string, unknown>;
  problems: Record<string, string>;
}

export function initialTexts(inputs: InputField[]): Record<string, string> {
  return Object.fromEntries(inputs.map((input) => [input.name, textOf(input, input.default)]));
}

export function textOf(input: InputField, value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' && !isStructured(input) ? value : JSON.stringify(value, null, isStructured(input) ? 2 : 0);
}

export function isStructured(input: InputField): boolean {
  return input.type === 'array' || input.type === 'object';
}

export function readInputs(inputs: InputField[], texts: Record<string, string>): ReadInputs {
  const read: ReadInputs = { values: {}, problems: {} };
  for (const input of inputs) {
    const text = texts[input.name] ?? '';
    const textual = input.type === 'string' || input.type === 'file';
    if (text === '' && !(textual && input.default === '')) {
      const hasDefault = input.default !== null && input.default !== undefined;
      if (input.required && !hasDefault) read.problems[input.name] = 'This is needed.';
      else if (textual && hasDefault) read.values[input.name] = '';
      continue;
    }
    const outcome = readValue(input, text);
    if ('problem' in outcome) read.problems[input.name] = outcome.problem;
    else read.values[input.name] = outcome.value;
  }
  return read;
}

function readValue(input: InputField, text: string): { value: unknown } | { problem: string } {
  if (input.values) {
    const value = input.values.find((allowed) => textOf(input, allowed) === text);
    return value === undefined ? { problem: 'Choose one of the values.' } : { value };
  }
  switch (input.type) {
    case 'integer': return /^[+-]?\d+$/.test(text.trim()) ? { value: Number(text) } : { problem: 'A whole number is needed, such as 42.' };
    case 'number': return text.trim() !== '' && Number.isFinite(Number(text)) ? { value: Number(text) } : { problem: 'A number is needed, such as 1.5.' };
    case 'boolean': return { value: text === 'true' };
    case 'array':
    case 'object': return readJson(input.type, text);
    default: return { value: text };
  }
}

function readJson(type: 'array' | 'object', text: string): { value: unknown } | { problem: string } {
  try {
    const value: unknown = JSON.parse(text);
    const fits = type === 'array' ? Array.isArray(value) : value !== null && typeof value === 'object' && !Array.isArray(value);
    return fits ? { value } : { problem: type === 'array' ? 'A list is needed, such as ["a", "b"].' : 'An object is needed, such as {"key": "value"}.' };
  } catch (error) {
    return { problem: `Not valid JSON: ${(error as Error).message}` };
  }
}
