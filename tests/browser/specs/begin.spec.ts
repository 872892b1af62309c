/** A new run that begins with the past of an old one: a fork from any event, and the checkpoints that were kept. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect, open, shot, step, test } from '../loomwork.js';

test('a run is forked from an event, after the plan was shown, and the old one stays as it is', async ({ page, loomwork }) => {
  const run = await loomwork.cli('run', 'pipeline', '--detach');
  await open(page, loomwork, `/runs/${run.id}`);
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'failed');
  await page.getByRole('tab', { name: 'Events' }).click();
  const events = page.getByRole('list', { name: 'Events' });
  const last = events.getByRole('button', { name: /run_failed/ });
  await last.click();
  await page.getByTestId('fork-from-event').click();
  const dialog = page.getByRole('dialog', { name: 'Fork pipeline #1 from here?' });
  await expect(dialog.getByTestId('begin-plan')).toContainText('had ended at this moment');
  await expect(dialog.getByRole('button', { name: 'Start the fork' })).toBeDisabled();
  await page.keyboard.press('Escape');

  await last.click();
  await events.evaluate((list) => list.scrollTo(0, 0));
  await events.getByRole('button', { name: /step_succeeded fetch/ }).click();
  await page.getByTestId('fork-from-event').click();
  await expect(dialog.getByTestId('begin-plan')).toContainText('Keeps 1 finished step. Runs');
  await expect(dialog.getByTestId('begin-plan')).toContainText('the effects happen again');
  await shot(page, 'fork-light');
  await loomwork.write('ready', '');
  await dialog.getByRole('button', { name: 'Start the fork' }).click();
  await expect(page.getByRole('heading', { name: 'Run #2' })).toBeVisible();
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
  expect(await loomwork.lines('effects')).toEqual(['fetch', 'check', 'check', 'publish']);
  await expect(page.getByRole('complementary', { name: 'Selected step' }).getByRole('link', { name: run.id })).toBeVisible();
  await page.getByRole('link', { name: run.id }).click();
  await expect(page.getByRole('heading', { name: 'Run #1' })).toBeVisible();
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'failed');
});

test('a state is kept under a name, a new run begins there, and a damaged checkpoint is told', async ({ page, loomwork }) => {
  const run = await loomwork.cli('run', 'greeting', '--detach');
  await open(page, loomwork, `/runs/${run.id}`);
  await expect(step(page, 'prepare')).toHaveAttribute('data-status', 'running');
  await page.keyboard.press('4');
  await expect(page.getByText('No state was kept yet')).toBeVisible();
  await shot(page, 'checkpoints-empty-light');
  await page.getByRole('button', { name: 'Keep the state…' }).first().click();
  const dialog = page.getByTestId('checkpoint-dialog');
  await dialog.getByLabel('Name').fill('under way');
  await dialog.getByRole('radio', { name: 'Comprehensive' }).click();
  await expect(dialog).toContainText('index of the logs');
  await shot(page, 'checkpoint-dialog-light');
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  const rows = page.getByRole('list', { name: 'Checkpoints' }).getByRole('listitem');
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText('under way');
  await expect(rows.first()).toContainText('comprehensive');

  // One from a terminal shows up by itself, and then somebody damages its file.
  const other = await loomwork.cli('checkpoint', 'create', run.id);
  await expect(rows).toHaveCount(2);
  const file = `.loomwork/checkpoints/${run.id}/${other.id}.checkpoint`;
  expect(await readdir(loomwork.path(`.loomwork/checkpoints/${run.id}`))).toHaveLength(2);
  const bytes = await readFile(loomwork.path(file));
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(loomwork.path(file), bytes);
  await page.reload();
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'running');
  await page.keyboard.press('4');
  await expect(page.getByTestId(`checkpoint-${other.id}`).getByRole('alert')).toContainText('damaged');
  await expect(page.getByTestId(`checkpoint-${other.id}`).getByRole('button')).toHaveCount(1);
  await shot(page, 'checkpoints-light');

  await page.getByRole('button', { name: 'Start a new run from under way' }).click();
  await expect(page.getByTestId('begin-plan')).toContainText('prepare');
  await shot(page, 'restore-light');
  await page.getByRole('button', { name: 'Start the run' }).click();
  await expect(page.getByRole('heading', { name: 'Run #2' })).toBeVisible();
  await loomwork.write('go', '');
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');

  await open(page, loomwork, `/runs/${run.id}`);
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
  await page.keyboard.press('4');
  for (const name of [other.id, 'under way']) {
    await page.getByRole('button', { name: `Delete ${name}` }).click();
    await page.getByRole('button', { name: 'Delete checkpoint' }).click();
  }
  await expect(page.getByText('No state was kept yet')).toBeVisible();
});
