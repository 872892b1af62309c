/** Views with nothing to show, or nothing that can be shown; and every key screen in both themes, for eyes and for axe. */
import { check } from '../accessible.js';
import { expect, open, shot, step, test } from '../loomwork.js';

test.describe('a workspace without workflows', () => {
  test.use({ workspace: null });
  test('says what can be done and makes the first one', async ({ page, loomwork }) => {
    await open(page, loomwork);
    await expect(page.getByText('What should run for you?')).toBeVisible();
    await shot(page, 'workflows-empty-light');
    await page.getByRole('main').getByRole('button', { name: 'New workflow' }).last().click();
    await page.getByRole('dialog').getByLabel('Name').fill('first');
    await page.keyboard.press('Enter');
    await expect(step(page, 'hello')).toBeVisible();
  });
});

test('what is not there says so, with a way on', async ({ page, loomwork }) => {
  await open(page, loomwork, '/w/workflows/nothing.yaml');
  await expect(page.getByText('There is no such workflow')).toBeVisible();
  await open(page, loomwork, '/runs/01a1fd42-2dfc-75ec-a4f4-cc45f10495fc');
  await expect(page.getByText('There is no such run')).toBeVisible();
  await open(page, loomwork, '/no/such/place');
  await expect(page.getByText('There is nothing at this address')).toBeVisible();
  await page.getByRole('button', { name: 'Go to workflows' }).click();
  await expect(page.getByTestId('workflow-greeting')).toBeVisible();
});

test('without the token nothing is shown but how to get in', async ({ page, loomwork }) => {
  await page.goto(new URL('/', loomwork.address).href);
  await expect(page.getByText('This browser has no access to the workspace')).toBeVisible();
  await expect(page.getByText('greeting')).toHaveCount(0);
  const answer = await page.request.post(new URL('/api/call', loomwork.address).href, { data: { method: 'list_workflows', params: {} } });
  expect(answer.status()).toBe(401);
});

test('the token does not stay in the address', async ({ page, loomwork }) => {
  await open(page, loomwork);
  await expect(page.getByTestId('workflow-greeting')).toBeVisible();
  expect(page.url()).not.toContain('token');
  await page.reload();
  await expect(page.getByTestId('workflow-greeting')).toBeVisible();
});

for (const theme of ['light', 'dark'] as const) {
  test(`every screen is accessible in the ${theme} theme`, async ({ page, loomwork }) => {
    // Some twenty screens are looked at, one after the other.
    test.setTimeout(180_000);
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    const failed = await loomwork.cli('run', 'pipeline', '--detach');
    const live = await loomwork.cli('run', 'greeting', '--detach');
    await open(page, loomwork);
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await expect(page.getByTestId('workflow-pipeline').getByRole('img', { name: 'Failed' }).first()).toBeVisible();
    await check(page, `all-workflows-${theme}`);

    await open(page, loomwork, '/w/workflows/pipeline.yaml');
    await step(page, 'check').click();
    await check(page, `all-designer-${theme}`);
    await page.getByRole('radio', { name: 'Split' }).click();
    await expect(page.getByTestId('code')).toContainText('loomwork: 1');
    await check(page, `all-split-${theme}`);
    await open(page, loomwork, '/w/workflows/broken.yaml');
    await page.getByRole('radio', { name: 'Code' }).click();
    await expect(page.getByRole('region', { name: 'Problems' })).toContainText('runn');
    await check(page, `all-code-${theme}`);

    await open(page, loomwork, `/runs/${live.id}`);
    await expect(step(page, 'prepare')).toHaveAttribute('data-status', 'running');
    await check(page, `all-run-live-${theme}`);
    await open(page, loomwork, `/runs/${failed.id}`);
    await step(page, 'check').click();
    await expect(page.getByTestId('retry-plan')).not.toContainText('Looking');
    await check(page, `all-run-failed-${theme}`);

    await open(page, loomwork, '/runs');
    await expect(page.getByTestId(`run-${failed.id}`)).toBeVisible();
    await check(page, `all-runs-${theme}`);
    await open(page, loomwork, '/settings');
    await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
    await check(page, `all-settings-${theme}`);
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('dialog')).toBeVisible();
    await check(page, `all-commands-${theme}`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog')).toContainText('Everywhere');
    await check(page, `all-shortcuts-${theme}`);
    await page.keyboard.press('Escape');
    await open(page, loomwork);
    await page.getByRole('button', { name: 'Run asks' }).click();
    await expect(page.getByTestId('run-inputs')).toBeVisible();
    await check(page, `all-inputs-${theme}`);
    await loomwork.write('go', '');
  });
}

test('the theme is chosen in one click and kept', async ({ page, loomwork }) => {
  await open(page, loomwork);
  await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});
