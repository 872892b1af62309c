/** A file of another tool becomes a workflow, once a person has seen what became of it. */
import { expect, open, test } from '../loomwork.js';

const foreign = 'name: Build\non: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo hello\n';

test('a pasted file is shown with its report before it is saved, by the keyboard alone', async ({ page, loomwork }) => {
  await open(page, loomwork);
  await page.getByRole('button', { name: 'Import…' }).press('Enter');
  const dialog = page.getByTestId('import');
  await expect(dialog.getByLabel('Or paste its text')).toBeFocused();
  await dialog.getByLabel('Or paste its text').fill(foreign);
  await dialog.getByRole('button', { name: 'Translate' }).press('Enter');
  await expect(dialog.getByRole('list', { name: 'Workflows' })).toContainText('workflows/');
  await expect(dialog.getByRole('region', { name: 'Left out' })).toContainText('line');
  const path = (await dialog.getByRole('list', { name: 'Workflows' }).locator('.mono').first().textContent()) ?? '';
  await expect(loomwork.read(path)).rejects.toThrow();
  await dialog.getByRole('button', { name: 'Save' }).press('Enter');
  await expect(dialog).toHaveCount(0);
  expect(await loomwork.read(path)).toContain('echo hello');
});

test('a text of no known tool and a place that is taken say so', async ({ page, loomwork }) => {
  await open(page, loomwork);
  await page.getByRole('button', { name: 'Import…' }).click();
  const dialog = page.getByTestId('import');
  await dialog.getByLabel('Or paste its text').fill('just: a map');
  await dialog.getByRole('button', { name: 'Translate' }).click();
  await expect(dialog.getByRole('alert')).toContainText('none of the known dialects');
  await loomwork.write('workflows/pasted.yaml', 'loomwork: 1\nid: pasted\nsteps:\n  - { id: a, run: "true" }\n');
  await dialog.getByLabel('Or paste its text').fill(foreign);
  await dialog.getByRole('button', { name: 'Translate' }).click();
  await expect(dialog.getByRole('alert')).toContainText('workflows/pasted.yaml is there already');
  await expect(dialog.getByRole('button', { name: 'Save' })).toBeDisabled();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});
