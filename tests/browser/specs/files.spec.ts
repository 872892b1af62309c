/** The file belongs to everybody: what others do to it is on screen at once, and unsaved edits are never lost. */
import { expect, inspector, open, step, test } from '../loomwork.js';

const extra = '  - id: added_elsewhere\n    run: echo elsewhere\n';

test('a file edited by another program changes on screen at once', async ({ page, loomwork }) => {
  await open(page, loomwork, '/w/workflows/greeting.yaml');
  await expect(step(page, 'prepare')).toBeVisible();
  await loomwork.write('workflows/greeting.yaml', (await loomwork.read('workflows/greeting.yaml')) + extra);
  await expect(step(page, 'added_elsewhere')).toBeVisible();
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
});

test('new and deleted files come and go in the list, and a broken one says so', async ({ page, loomwork }) => {
  await open(page, loomwork);
  await expect(page.getByTestId('workflow-greeting')).toBeVisible();
  await loomwork.write('workflows/fresh.yaml', 'loomwork: 1\nid: fresh\nsteps:\n  - { id: a, run: "true" }\n');
  await expect(page.getByTestId('workflow-fresh')).toBeVisible();
  await loomwork.write('workflows/fresh.yaml', 'loomwork: 1\nid: fresh\nsteps: [\n');
  await expect(page.getByRole('row').filter({ hasText: 'workflows/fresh.yaml' })).toContainText('1 error');
  await loomwork.remove('workflows/fresh.yaml');
  await expect(page.getByText('workflows/fresh.yaml')).toHaveCount(0);
});

for (const choice of ['Keep mine', 'Take theirs'] as const) {
  test(`unsaved edits on both sides are a choice: ${choice.toLowerCase()}`, async ({ page, loomwork }) => {
    await open(page, loomwork, '/w/workflows/greeting.yaml');
    await step(page, 'finish').click();
    await inspector(page).getByLabel('Title').fill('My own title');
    await inspector(page).getByLabel('Title').press('Enter');
    await expect(page.getByText('Unsaved')).toBeVisible();
    const theirs = (await loomwork.read('workflows/greeting.yaml')) + extra;
    await loomwork.write('workflows/greeting.yaml', theirs);
    const question = page.getByTestId('changed-elsewhere');
    await expect(question).toBeVisible();
    await expect(step(page, 'finish')).toContainText('My own title');

    await question.getByRole('button', { name: 'View both' }).click();
    await expect(page.getByRole('dialog')).toContainText('added_elsewhere');
    await page.getByRole('dialog').getByRole('button', { name: choice }).click();
    await expect(question).toHaveCount(0);
    if (choice === 'Keep mine') {
      await expect(page.getByText('Saved', { exact: true })).toBeVisible();
      const mine = await loomwork.read('workflows/greeting.yaml');
      expect(mine).toContain('My own title');
      expect(mine).not.toContain('added_elsewhere');
    } else {
      await expect(step(page, 'added_elsewhere')).toBeVisible();
      expect(await loomwork.read('workflows/greeting.yaml')).toBe(theirs);
      await page.keyboard.press('Control+z');
      await expect(step(page, 'finish')).toContainText('My own title');
    }
  });
}

test('a save over a file that changed at the same moment asks instead of overwriting', async ({ page, loomwork }) => {
  await open(page, loomwork, '/w/workflows/greeting.yaml');
  await step(page, 'finish').click();
  // The news of the other edit is held back, as if both came at one moment.
  await page.route('**/api/watch*', (route) => route.abort());
  await inspector(page).getByLabel('Title').fill('My own title');
  await inspector(page).getByLabel('Title').press('Enter');
  await expect(page.getByText('Unsaved')).toBeVisible();
  const theirs = (await loomwork.read('workflows/greeting.yaml')) + extra;
  await loomwork.write('workflows/greeting.yaml', theirs);
  await page.keyboard.press('Control+s');
  await expect(page.getByTestId('changed-elsewhere')).toBeVisible();
  expect(await loomwork.read('workflows/greeting.yaml')).toBe(theirs);
});

test('a file deleted elsewhere keeps its unsaved edits and can be written again', async ({ page, loomwork }) => {
  await open(page, loomwork, '/w/workflows/greeting.yaml');
  await step(page, 'finish').click();
  await inspector(page).getByLabel('Title').fill('Still here');
  await inspector(page).getByLabel('Title').press('Enter');
  await loomwork.remove('workflows/greeting.yaml');
  const banner = page.getByTestId('removed-elsewhere');
  await expect(banner).toBeVisible();
  await banner.getByRole('button', { name: 'Write it again' }).click();
  await expect(banner).toHaveCount(0);
  expect(await loomwork.read('workflows/greeting.yaml')).toContain('Still here');
});

test('edits survive leaving the view without saving', async ({ page, loomwork }) => {
  await open(page, loomwork, '/w/workflows/greeting.yaml');
  await step(page, 'finish').click();
  await inspector(page).getByLabel('Title').fill('Not yet saved');
  await inspector(page).getByLabel('Title').press('Enter');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Runs' }).click();
  await expect(page.getByText('Nothing has run yet')).toBeVisible();
  await page.goBack();
  await expect(step(page, 'finish')).toContainText('Not yet saved');
  await expect(page.getByText('Unsaved')).toBeVisible();
});

test('a workflow is made, and deleted after a question', async ({ page, loomwork }) => {
  await open(page, loomwork);
  await page.getByRole('button', { name: 'New workflow' }).click();
  const name = page.getByRole('dialog').getByLabel('Name');
  await name.fill('greeting');
  await expect(page.getByRole('dialog')).toContainText('There is already a workflow named greeting');
  await name.fill('brand new');
  await name.press('Enter');
  await expect(step(page, 'hello')).toBeVisible();
  expect(await loomwork.read('workflows/brand-new.yaml')).toContain('id: brand-new');

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Workflows' }).click();
  await page.getByRole('button', { name: 'More about brand-new' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByTestId('workflow-brand-new')).toHaveCount(0);
  expect(await loomwork.lines('workflows/brand-new.yaml')).toEqual([]);
});
