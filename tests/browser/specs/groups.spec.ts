/** Steps are copied, pasted, put into groups and taken out of them, with the mouse and with the keyboard, and all of it is undone. */
import { drag, expect, open, shot, step, test, wire } from '../loomwork.js';

const text = `loomwork: 1
id: groups
steps:
  - id: fetch # from afar
    run: echo fetched
  - id: work
    steps:
      - id: sort
        run: sort
      - id: count
        needs: [sort]
        run: wc -l
  # what is said
  - id: report
    needs: [fetch]
    set: { said: "\${{ steps.fetch.output.stdout }}" }
`;

test.beforeEach(async ({ page, loomwork }) => {
  await loomwork.write('workflows/groups.yaml', text);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, loomwork, '/w/workflows/groups.yaml');
  await expect(step(page, 'work.sort')).toBeVisible();
});

test('a step is copied as YAML, pasted into a group, duplicated, cut, and each is undone', async ({ page, loomwork }) => {
  const keys = page.keyboard;
  await step(page, 'fetch').click();
  await keys.press('Control+C');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('- id: fetch # from afar\n  run: echo fetched\n');
  await step(page, 'work').click({ position: { x: 60, y: 14 } });
  await keys.press('Control+V');
  // The report reads the one outside, which is another scope: the copy keeps its name.
  await expect(step(page, 'work.fetch')).toBeVisible();
  await expect(page.getByLabel('Messages')).toContainText('1 step pasted into work');
  await keys.press('Control+D');
  await expect(step(page, 'work.fetch_2')).toBeVisible();
  await keys.press('Control+X');
  await expect(step(page, 'work.fetch_2')).toHaveCount(0);
  await keys.press('Control+Z');
  await expect(step(page, 'work.fetch_2')).toBeVisible();
  await keys.press('Control+Z');
  await keys.press('Control+Z');
  await expect(step(page, 'work.fetch')).toHaveCount(0);
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  expect(await loomwork.read('workflows/groups.yaml')).toBe(text);
});

test('text from anywhere is pasted as steps, and what is no step is refused', async ({ page }) => {
  await page.evaluate(() => navigator.clipboard.writeText('- id: fetch\n  run: echo\n- id: next\n  needs: [fetch]\n  run: "true"\n'));
  await page.keyboard.press('Control+V');
  await expect(step(page, 'fetch_2')).toBeVisible();
  await expect(wire(page, 'fetch_2.*>next')).toHaveCount(1);
  await page.evaluate(() => navigator.clipboard.writeText('no steps at all'));
  await page.keyboard.press('Control+V');
  await expect(page.getByLabel('Messages')).toContainText('not a step or a list of steps');
});

test('a step is dragged into a group and out again; edges end at the group', async ({ page, loomwork }) => {
  const frame = step(page, 'work');
  const box = await frame.boundingBox();
  if (!box) throw new Error('no group');
  await drag(page, step(page, 'fetch').locator('.tile'), { x: box.x + box.width - 26, y: box.y + box.height - 14 }, async () => {
    await expect(frame).toHaveClass(/drop/);
    await expect(page.getByText('Move into work')).toBeVisible();
    await page.screenshot({ path: '../../test-results/browser-screens/drag-into-group-light.png' });
  });
  await expect(step(page, 'work.fetch')).toBeVisible();
  await expect(step(page, 'fetch')).toHaveCount(0);
  await expect(wire(page, 'work.*>report')).toHaveCount(1);
  await page.keyboard.press('Control+S');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  const saved = await loomwork.read('workflows/groups.yaml');
  expect(saved).toContain('      - id: fetch # from afar\n        run: echo fetched\n');
  expect(saved).toContain('    needs: [work]\n    set: { said: "${{ steps.work.output.fetch.stdout }}" }\n');
  await shot(page, 'group-with-three-light');

  const canvas = await page.getByTestId('canvas').boundingBox();
  if (!canvas) throw new Error('no canvas');
  await drag(page, step(page, 'work.fetch').locator('.tile'), { x: canvas.x + 60, y: canvas.y + 60 });
  await expect(step(page, 'fetch')).toBeVisible();
  await page.keyboard.press('Control+Z');
  await expect(step(page, 'work.fetch')).toBeVisible();
});

test('steps are grouped, moved and freed with the keyboard alone', async ({ page, loomwork }) => {
  const keys = page.keyboard;
  await keys.press('ArrowDown');
  await expect(page.locator('.react-flow__node[data-id="fetch"]')).toHaveClass(/selected/);
  await keys.press('Shift+M');
  await expect(page.getByRole('dialog', { name: 'Move the step into a group' })).toBeVisible();
  await shot(page, 'choose-group-light');
  await keys.press('Enter');
  await expect(step(page, 'work.fetch')).toBeVisible();
  await keys.press('Alt+Shift+M');
  await expect(step(page, 'fetch')).toBeVisible();
  await keys.press('Control+A');
  await keys.press('Control+G');
  await expect(step(page, 'group.work.sort')).toBeVisible();
  await expect(page.getByLabel('Messages')).toContainText('3 steps grouped as group');
  await shot(page, 'grouped-light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await shot(page, 'grouped-dark');
  await keys.press('Control+Shift+G');
  await expect(step(page, 'group')).toHaveCount(0);
  await expect(step(page, 'work.sort')).toBeVisible();
  for (let n = 0; n < 4; n += 1) await keys.press('Control+Z');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  expect(await loomwork.read('workflows/groups.yaml')).toBe(text);
});

test('the menu of a step shows what can be done with it, and its shortcuts', async ({ page }) => {
  await step(page, 'report').click({ button: 'right' });
  const menu = page.getByRole('menu', { name: 'Selection' });
  await expect(menu.getByRole('menuitem', { name: 'Group selection' })).toContainText('Ctrl');
  await expect(menu.getByRole('menuitem', { name: 'Ungroup' })).toBeDisabled();
  await page.screenshot({ path: '../../test-results/browser-screens/selection-menu-light.png' });
  await menu.getByRole('menuitem', { name: 'Group selection' }).click();
  await expect(step(page, 'group.report')).toBeVisible();
  await page.keyboard.press('Control+Z');
  await expect(step(page, 'report')).toBeVisible();
});
