/** Runs, whoever started them: live in the list, on the canvas, with their logs and data. */
import { expect, open, shot, step, test } from '../loomwork.js';

test('a run from a terminal shows up live in the list and on the workflow', async ({ page, loomwork }) => {
  await open(page, loomwork, '/runs');
  await expect(page.getByText('Nothing has run yet')).toBeVisible();
  const run = await loomwork.cli('run', 'greeting', '--detach');
  const row = page.getByTestId(`run-${run.id}`);
  await expect(row).toHaveAttribute('data-status', 'running');
  await row.click();
  await expect(step(page, 'prepare')).toHaveAttribute('data-status', 'running');
  await loomwork.write('go', '');
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Workflows' }).click();
  await expect(page.getByTestId('workflow-greeting').getByRole('img', { name: 'Succeeded' }).first()).toBeVisible();
});

test('a run that failed is retried from the list, and only what failed runs again', async ({ page, loomwork }) => {
  const run = await loomwork.cli('run', 'pipeline', '--detach');
  await open(page, loomwork, '/runs');
  const row = page.getByTestId(`run-${run.id}`);
  await expect(row).toHaveAttribute('data-status', 'failed');
  await expect(row).toContainText('check');
  await loomwork.write('ready', '');
  await row.getByRole('button', { name: 'Retry pipeline #1' }).click();
  await expect(row).toHaveAttribute('data-status', 'succeeded');
  expect(await loomwork.lines('effects')).toEqual(['fetch', 'check', 'check', 'publish']);
});

test('the log is filtered by text and by step, and the data is there to read', async ({ page, loomwork }) => {
  const run = await loomwork.cli('run', 'pipeline', '--detach');
  await open(page, loomwork, `/runs/${run.id}`);
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'failed');
  const log = page.getByRole('log');
  await page.getByRole('searchbox', { name: 'Filter the log' }).fill('part 3\\d');
  await expect(log).toContainText('fetched part 37');
  await expect(log).not.toContainText('fetched part 2');
  await page.getByRole('searchbox', { name: 'Filter the log' }).fill('');
  await step(page, 'lint').click();
  await page.getByRole('button', { name: 'Only the selected step' }).click();
  await expect(log).toContainText('two files skipped');
  await expect(log).not.toContainText('fetched');
  const panel = page.getByRole('complementary', { name: 'Selected step' });
  await panel.getByRole('tab', { name: 'Output' }).click();
  await expect(page.getByTestId('value-output')).toContainText('nothing found');
  await panel.getByRole('tab', { name: 'Definition' }).click();
  await expect(panel).toContainText('title: Look for mistakes');
});

test('inputs are asked for, checked where they are typed, and shown with the run', async ({ page, loomwork }) => {
  await open(page, loomwork);
  await page.getByRole('button', { name: 'Run asks' }).click();
  const dialog = page.getByTestId('run-inputs');
  await dialog.getByLabel('count').fill('many');
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(dialog.getByRole('alert')).toBeVisible();
  await dialog.getByLabel('count').fill('12');
  await dialog.getByLabel('mode').selectOption('fast');
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
  await expect(page.getByRole('log')).toContainText('12 in mode fast');
  await expect(page.getByTestId('value-inputs')).toContainText('12');
});

test('a run is cancelled after a question, and taken up again', async ({ page, loomwork }) => {
  const run = await loomwork.cli('run', 'greeting', '--detach');
  await open(page, loomwork, `/runs/${run.id}`);
  await expect(step(page, 'prepare')).toHaveAttribute('data-status', 'running');
  await page.keyboard.press('x');
  await page.getByRole('dialog').getByLabel('Reason').fill('a test');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel run' }).click();
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'cancelled');
  await expect(step(page, 'prepare')).toHaveAttribute('data-status', 'cancelled');
  await loomwork.write('go', '');
  await page.getByRole('button', { name: 'Resume cancelled' }).click();
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
});

test('an input is edited for the retry alone', async ({ page, loomwork }) => {
  const run = await loomwork.cli('run', 'pipeline', '--detach');
  await open(page, loomwork, `/runs/${run.id}`);
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'failed');
  await step(page, 'check').click();
  await page.getByRole('button', { name: 'Edit input & retry' }).click();
  const dialog = page.getByTestId('edit-input');
  await dialog.getByRole('textbox', { name: 'Script' }).click();
  await shot(page, 'edit-input-light');
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText('echo mended');
  await dialog.getByRole('button', { name: /Retry/ }).click();
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
  await expect(page.getByRole('log')).toContainText('mended');
});

test('the server is killed and started again: the page says so, recovers, and the run has gone on', async ({ page, loomwork }) => {
  const run = await loomwork.cli('run', 'greeting', '--detach');
  await open(page, loomwork, `/runs/${run.id}`);
  await expect(step(page, 'prepare')).toHaveAttribute('data-status', 'running');
  await loomwork.kill();
  await expect(page.getByTestId('connection-lost')).toBeVisible();
  await expect(step(page, 'prepare')).toBeVisible();
  await shot(page, 'connection-lost-light');
  await loomwork.serve();
  await expect(page.getByTestId('connection-lost')).toHaveCount(0);
  await loomwork.write('go', '');
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
  await step(page, 'prepare').click();
  await expect(page.getByRole('complementary', { name: 'Selected step' })).toContainText('Attempt 1 the engine stopped meanwhile');
});
