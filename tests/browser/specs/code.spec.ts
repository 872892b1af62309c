/** The text of the workflow, its problems, and the fixes that are a click away. */
import { expect, open, shot, step, test, wire } from '../loomwork.js';

test('a problem is listed with its place and mended by a click', async ({ page, loomwork }) => {
  await open(page, loomwork, '/w/workflows/broken.yaml');
  const problems = page.getByRole('region', { name: 'Problems' });
  await expect(problems).toContainText('runn');
  await expect(problems).toContainText('line 9');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('errors');
  await page.getByRole('radio', { name: 'Code' }).click();
  await expect(page.getByTestId('code')).toContainText('runn: echo second');
  await shot(page, 'code-problem-light');
  await problems.getByRole('button', { name: /"?run"?$/ }).first().click();
  await expect(page.getByTestId('code')).toContainText('run: echo second');
  await expect(problems).toContainText('None found');
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  expect(await loomwork.read('workflows/broken.yaml')).toContain('    run: echo second\n');
});

test('text and canvas are one: typing draws, drawing writes, undo knows both', async ({ page, loomwork }) => {
  await open(page, loomwork, '/w/workflows/greeting.yaml');
  await page.getByRole('radio', { name: 'Split' }).click();
  const editor = page.getByRole('textbox', { name: 'Workflow text' });
  await editor.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText('  - id: typed\n    needs: [finish]\n    run: echo typed\n');
  await expect(step(page, 'typed')).toBeVisible();
  await expect(wire(page, 'finish.*>typed')).toHaveCount(1);
  await step(page, 'typed').click();
  await page.keyboard.press('Delete');
  await expect(step(page, 'typed')).toHaveCount(0);
  await expect(page.getByTestId('code')).not.toContainText('typed');
  await page.keyboard.press('Control+z');
  await expect(page.getByTestId('code')).toContainText('id: typed');
  await expect(step(page, 'typed')).toBeVisible();
});

test('a text that is broken while typing keeps the rest of the drawing and says where', async ({ page, loomwork }) => {
  await open(page, loomwork, '/w/workflows/greeting.yaml');
  await page.getByRole('radio', { name: 'Split' }).click();
  await page.getByRole('textbox', { name: 'Workflow text' }).click();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText('  - id: typed\n    needs: [nowhere]\n    run: echo typed\n');
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText('nowhere');
  await expect(step(page, 'prepare')).toBeVisible();
  await expect(step(page, 'typed')).toBeVisible();
});
