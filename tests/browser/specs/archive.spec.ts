/** Ended runs leave the list for the archive, come back from it, and are deleted for good. */
import { check } from '../accessible.js';
import { expect, open, shot, test } from '../loomwork.js';

const workflow = (id: string, script: string) => `loomwork: 1\nid: ${id}\nsteps:\n  - { id: only, run: ${script} }\n`;

test('ended runs are archived after a look at what would go, brought back, and deleted', async ({ page, loomwork }) => {
  await loomwork.write('workflows/tidy.yaml', workflow('tidy', 'echo done'));
  await loomwork.write('workflows/fails.yaml', workflow('fails', 'exit 1'));
  for (let n = 0; n < 3; n += 1) await loomwork.cli('run', 'tidy', '--detach');
  const failed = await loomwork.cli('run', 'fails', '--detach');
  await open(page, loomwork, '/archive');
  await expect(page.getByText('The archive is empty')).toBeVisible();
  await check(page, 'archive-empty');

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Runs' }).click();
  await expect(page.getByTestId(`run-${failed.id}`)).toHaveAttribute('data-status', 'failed');
  await page.getByRole('button', { name: 'Remove ended runs…' }).click();
  const dialog = page.getByTestId('removal');
  await expect(dialog.getByTestId('removal-sum')).toContainText('No run goes.');
  await dialog.getByLabel('Ended').selectOption('at any time');
  await dialog.getByRole('checkbox', { name: 'Failed' }).check();
  await expect(dialog.getByTestId('removal-sum')).toContainText('3 runs go');
  await expect(dialog.getByTestId('removal-sum')).toContainText('1 run stays');
  await expect(dialog.getByRole('listitem').filter({ hasText: 'fails' })).toContainText('time to take it up');
  await check(page, 'archive-plan');
  await dialog.getByLabel('Keep the newest').fill('1.5');
  await expect(dialog).toContainText('must be a whole number');
  await dialog.getByLabel('Keep the newest').fill('1');
  await expect(dialog.getByTestId('removal-sum')).toContainText('2 runs go');
  await dialog.getByLabel('Keep the newest').fill('');
  await dialog.getByRole('button', { name: 'Archive 3 runs' }).click();
  await expect(page.getByText('3 runs were archived')).toBeVisible();
  await expect(page.getByRole('row', { name: /^tidy/ })).toHaveCount(0);

  await page.getByRole('complementary', { name: 'Filters' }).getByRole('button', { name: 'Archive' }).click();
  await expect(page.getByRole('row', { name: /^tidy/ })).toHaveCount(3);
  await check(page, 'archive');
  await page.getByRole('button', { name: 'Bring back tidy #2' }).press('Enter');
  await expect(page.getByText('tidy #2 is back in the list.')).toBeVisible();
  await expect(page.getByRole('row', { name: /^tidy/ })).toHaveCount(2);
  await page.getByRole('button', { name: 'Delete tidy #1' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('row', { name: 'tidy #1' })).toBeVisible();
  await page.getByRole('button', { name: 'Delete tidy #1' }).click();
  await shot(page, 'archive-delete');
  await page.getByRole('button', { name: 'Delete from the archive' }).click();
  await expect(page.getByRole('row', { name: /^tidy/ })).toHaveCount(1);

  // The address of a run leads to it wherever it is.
  const left = (await loomwork.cli('archive', 'list')).runs[0].id;
  await open(page, loomwork, `/runs/${left}`);
  await expect(page.getByRole('heading', { name: 'tidy #3 is in the archive' })).toBeVisible();
  await check(page, 'archive-run');
  await page.getByRole('button', { name: 'Bring back' }).click();
  await expect(page.getByTestId('run-status')).toContainText('Succeeded');
  await loomwork.cli('archive', left);
  await open(page, loomwork, '/archive');
  await expect(page.getByRole('row', { name: /^tidy/ })).toHaveCount(1);

  // What happens in a terminal shows up here.
  await loomwork.cli('archive', 'restore', left);
  await expect(page.getByText('The archive is empty')).toBeVisible();

  await page.getByRole('button', { name: 'Remove ended runs…' }).click();
  await dialog.getByRole('radio', { name: 'Delete for good' }).click();
  await dialog.getByLabel('Ended').selectOption('at any time');
  await dialog.getByRole('button', { name: 'Delete 2 runs…' }).click();
  await page.getByRole('button', { name: 'Delete 2 runs' }).click();
  await expect(page.getByText('2 runs were deleted')).toBeVisible();
  const { runs } = await loomwork.cli('runs');
  expect(runs.map((run: { id: string }) => run.id)).toEqual([failed.id]);
});
