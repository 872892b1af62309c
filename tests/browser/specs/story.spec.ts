/** The main job, once with the mouse and once with the keyboard: draw, save, run, watch, see it fail, retry, succeed. */
import { drag, expect, inspector, onCanvas, open, port, shot, step, test, typeScript, wire } from '../loomwork.js';

const script = 'echo check >> effects\ntest -e ok || { echo "the file ok is missing" >&2; exit 7; }';

test('drawn, run and retried with the mouse', async ({ page, loomwork }) => {
  const before = await loomwork.read('workflows/greeting.yaml');
  await open(page, loomwork);
  await page.getByTestId('workflow-greeting').click();
  await expect(step(page, 'prepare')).toBeVisible();
  await expect(wire(page, 'prepare.*>finish')).toHaveCount(1);

  await drag(page, page.getByTestId('palette-run'), await onCanvas(page, 0.25, 0.7));
  await expect(step(page, 'script')).toBeVisible();
  await inspector(page).getByLabel('Id', { exact: true }).fill('check');
  await inspector(page).getByLabel('Id', { exact: true }).press('Enter');
  await expect(step(page, 'check')).toBeVisible();
  await typeScript(page, script);
  await drag(page, port(page, 'prepare', 'succeeded'), port(page, 'check', 'in'));
  const added = wire(page, 'prepare.*>check');
  await expect(added).toHaveCount(1);

  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(added).toHaveCount(0);
  await page.getByRole('button', { name: 'Redo' }).click();
  await expect(added).toHaveCount(1);
  await shot(page, 'designer-light');

  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  const after = await loomwork.read('workflows/greeting.yaml');
  expect(after.startsWith(before), `everything that was there keeps its bytes, new steps follow:\n${after}`).toBe(true);
  expect(after.slice(before.length)).toContain('id: check');
  expect(after.slice(before.length)).toMatch(/needs: \[prepare\]/);

  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(step(page, 'prepare')).toHaveAttribute('data-status', 'running');
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'running');
  await expect(page.getByRole('log')).toContainText('preparing for Ada');
  await expect(step(page, 'check')).toHaveAttribute('data-status', 'pending');
  await shot(page, 'run-live-light');

  await loomwork.write('go', '');
  await expect(step(page, 'check')).toHaveAttribute('data-status', 'failed');
  await expect(step(page, 'finish')).toHaveAttribute('data-status', 'succeeded');
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'failed');
  await step(page, 'check').click();
  const card = page.getByTestId('error-card');
  await expect(card).toContainText('Permanent');
  await expect(card).toContainText('Exited with code 7');
  await expect(card).toContainText('the file ok is missing');
  await expect(page.getByRole('log')).toContainText('the file ok is missing');
  await expect(page.getByTestId('retry-plan')).not.toContainText('Looking');
  await shot(page, 'run-failed-light');

  await loomwork.write('ok', '');
  await page.getByTestId('retry-step').click();
  await expect(step(page, 'check')).toHaveAttribute('data-status', 'succeeded');
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
  await expect(card).toHaveCount(0);
  expect((await loomwork.lines('effects')).sort()).toEqual(['check', 'check', 'finish', 'prepare']);
  await shot(page, 'run-succeeded-light');
});

test('drawn, run and retried with the keyboard alone', async ({ page, loomwork }) => {
  const before = await loomwork.read('workflows/greeting.yaml');
  const keys = page.keyboard;
  await open(page, loomwork);
  await expect(page.getByTestId('workflow-greeting')).toBeVisible();
  await keys.press('Control+K');
  await page.getByPlaceholder('Search or run a command').pressSequentially('greeting.yaml');
  await keys.press('Enter');
  await expect(step(page, 'prepare')).toBeVisible();

  await page.getByTestId('palette-run').focus();
  await keys.press('Enter');
  await expect(step(page, 'script')).toBeVisible();
  const id = inspector(page).getByLabel('Id', { exact: true });
  await id.focus();
  await keys.press('Control+A');
  await keys.insertText('check');
  await keys.press('Enter');
  await expect(step(page, 'check')).toBeVisible();
  await inspector(page).getByRole('textbox', { name: 'Script', exact: true }).focus();
  await keys.press('Control+A');
  await keys.insertText(script);
  await inspector(page).getByRole('tab', { name: 'Configure' }).focus();
  await keys.press('ArrowRight');
  await inspector(page).getByLabel('Starts after').selectOption('prepare');
  const added = wire(page, 'prepare.*>check');
  await expect(added).toHaveCount(1);
  await keys.press('Control+Z');
  await expect(added).toHaveCount(0);
  await keys.press('Control+Shift+Z');
  await expect(added).toHaveCount(1);
  await keys.press('Control+S');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  const after = await loomwork.read('workflows/greeting.yaml');
  expect(after.startsWith(before), after).toBe(true);

  await loomwork.write('go', '');
  await keys.press('Control+Enter');
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'failed');
  for (let n = 0; n < 5 && !(await page.getByTestId('error-card').isVisible()); n += 1) await keys.press('j');
  await expect(page.getByTestId('error-card')).toContainText('Exited with code 7');
  await loomwork.write('ok', '');
  await keys.press('r');
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
  await expect(step(page, 'check')).toHaveAttribute('data-status', 'succeeded');
});

test('a step dropped on a wire is spliced into it, moved, and deleted with the wire healed', async ({ page, loomwork }) => {
  await open(page, loomwork, '/w/workflows/greeting.yaml');
  const direct = wire(page, 'prepare.*>finish');
  await expect(direct).toHaveCount(1);
  const from = await port(page, 'prepare', 'succeeded').boundingBox();
  const to = await port(page, 'finish', 'in').boundingBox();
  if (!from || !to) throw new Error('no ports');
  await drag(page, page.getByTestId('palette-set'), { x: (from.x + to.x) / 2 + 4, y: (from.y + to.y) / 2 + 4 });
  await expect(wire(page, 'prepare.*>values')).toHaveCount(1);
  await expect(wire(page, 'values.*>finish')).toHaveCount(1);
  await expect(direct).toHaveCount(0);

  const place = await step(page, 'values').boundingBox();
  await drag(page, step(page, 'values').getByText('values', { exact: true }), await onCanvas(page, 0.2, 0.8));
  await expect.poll(async () => (await step(page, 'values').boundingBox())?.x).not.toBe(place?.x);
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  const layout = JSON.parse(await loomwork.read('workflows/greeting.yaml.layout.json')) as { nodes: Record<string, unknown> };
  expect(Object.keys(layout.nodes)).toContain('values');

  await step(page, 'values').click();
  await page.keyboard.press('Delete');
  await expect(step(page, 'values')).toHaveCount(0);
  await expect(direct).toHaveCount(1);
});

test('a rename follows every reference to the step, and nothing else changes', async ({ page, loomwork }) => {
  const before = await loomwork.read('workflows/pipeline.yaml');
  await open(page, loomwork, '/w/workflows/pipeline.yaml');
  await step(page, 'fetch').click();
  const id = inspector(page).getByLabel('Id', { exact: true });
  await id.fill('download');
  await id.press('Enter');
  await expect(step(page, 'download')).toBeVisible();
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  const wanted = before.replace('- id: fetch', '- id: download').replaceAll('[fetch]', '[download]').replaceAll('steps.fetch', 'steps.download');
  expect(await loomwork.read('workflows/pipeline.yaml')).toBe(wanted);
});

test('a wire that would make a cycle is refused with the reason', async ({ page, loomwork }) => {
  await open(page, loomwork, '/w/workflows/greeting.yaml');
  await drag(page, port(page, 'finish', 'succeeded'), port(page, 'prepare', 'in'));
  await expect(page.getByText('This would be a cycle: finish → prepare → finish.').first()).toBeVisible();
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
});
