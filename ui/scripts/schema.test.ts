// @vitest-environment node
/** The published schema of workflow files, used by a validator as editors have it: the one of the Rust tests is another. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const validator = new Ajv2020({ allErrors: true, strict: false });
const fits = validator.compile(JSON.parse(readFileSync(join(root, 'docs/language/workflow.schema.json'), 'utf8')) as object);

const files = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name)).map((name) => join(root, folder, name));

/** Whether a conformance case wants its file refused. */
function refused(file: string): boolean {
  let folder = dirname(file);
  while (!existsSync(join(folder, 'case.json'))) folder = dirname(folder);
  const { expect } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as { expect: { ok?: boolean; exit?: number } };
  return expect.ok === false || expect.exit === 2;
}

test('every example and every conformance workflow that is to be accepted fits the schema', () => {
  const accepted = [...files('workflows'), ...files('tests/conformance/cases').filter((file) => !refused(file))];
  expect(accepted.length).toBeGreaterThan(100);
  for (const file of accepted) {
    // The runner puts the address of its server in place of `@HTTP@`.
    const text = readFileSync(file, 'utf8').replaceAll('@HTTP@', 'http://127.0.0.1:80');
    const fitting = fits(parse(text, { maxAliasCount: -1 }));
    expect(fitting, `${file}: ${validator.errorsText(fits.errors)}`).toBe(true);
  }
});

test.each([
  ['an unknown key', 'loomwork: 1\nid: x\nsteps: [{ id: a, runn: echo }]'],
  ['a step with two actions', 'loomwork: 1\nid: x\nsteps: [{ id: a, run: echo, set: { b: 1 } }]'],
  ['an unknown version', 'loomwork: 2\nid: x\nsteps: [{ id: a, run: echo }]'],
  ['no steps', 'loomwork: 1\nid: x'],
  ['a duration that is none', 'loomwork: 1\nid: x\nsteps: [{ id: a, run: echo, timeout: soon }]'],
  ['an id with a blank', 'loomwork: 1\nid: x\nsteps: [{ id: a b, run: echo }]'],
])('%s does not fit the schema', (_, text) => {
  expect(fits(parse(text))).toBe(false);
});
