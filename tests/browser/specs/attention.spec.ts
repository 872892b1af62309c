/** What needs somebody: runs that failed for good, circuit breakers that are open, steps that wait for what others have taken. */
import { check } from '../accessible.js';
import { expect, open, step, test } from '../loomwork.js';

const workflow = (id: string, steps: string) => `loomwork: 1\nid: ${id}\nsteps:\n${steps}`;

test('a run that nobody takes up becomes a dead letter, and is sent again or put away', async ({ page, loomwork }) => {
  await loomwork.kill();
  await loomwork.write('.loomwork/engine.yaml', 'dead_letter_after: 10ms\n');
  await loomwork.serve();
  await open(page, loomwork, '/dead-letters');
  await expect(page.getByText('No dead letters')).toBeVisible();
  const first = await loomwork.cli('run', 'pipeline', '--detach');
  const second = await loomwork.cli('run', 'pipeline', '--detach');
  const row = (id: string) => page.locator(`[data-letter="${id}"]`);
  await expect(row(first.id)).toContainText('check');
  await expect(row(second.id)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Dead letters 2' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Failed 2' })).toBeVisible();
  await check(page, 'dead-letters');

  await loomwork.write('ready', '');
  await row(first.id).getByRole('button', { name: 'Resend pipeline #1' }).click();
  await expect(row(first.id)).toHaveCount(0);
  await row(second.id).getByRole('button', { name: 'Discard pipeline #2' }).click();
  await expect(page.getByText('No dead letters')).toBeVisible();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Runs' }).click();
  await expect(page.getByRole('row', { name: /pipeline.*#3/ }).first()).toHaveAttribute('data-status', 'succeeded');
});

test('a run that waits for a person is found by it, and says so in the list', async ({ page, loomwork }) => {
  await loomwork.write('workflows/release.yaml', workflow('release', '  - { id: go, approve: { message: Go? } }\n'));
  await loomwork.write('workflows/nightly.yaml', workflow('nightly', '  - { id: rest, wait: { for: 1h } }\n'));
  const asks = await loomwork.cli('run', 'release', '--detach');
  const rests = await loomwork.cli('run', 'nightly', '--detach');
  await open(page, loomwork, '/runs');
  const row = (id: string) => page.getByTestId(`run-${id}`);
  await expect(row(asks.id)).toHaveAttribute('data-status', 'waiting');
  await expect(row(asks.id)).toContainText('Waits for a person');
  await expect(row(rests.id)).toContainText('Waits for its time');
  await expect(page.getByRole('button', { name: 'Waiting 2' })).toBeVisible();
  await check(page, 'runs-waiting');
  await page.getByRole('button', { name: 'Waits for a person 1' }).click();
  await expect(row(rests.id)).toHaveCount(0);
  await row(asks.id).getByRole('button', { name: 'Review release #1' }).click();
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'waiting');
});

test('an open circuit breaker says until when it refuses, and is closed by hand', async ({ page, loomwork }) => {
  await loomwork.write('workflows/call.yaml', workflow('call', '  - { id: send, run: test -e up, breaker: { failures: 1, cooldown: 1h, key: service } }\n'));
  await open(page, loomwork, '/breakers');
  await expect(page.getByText('No circuit breakers')).toBeVisible();
  await loomwork.cli('run', 'call', '--detach');
  const breaker = page.locator('[data-breaker="service"]');
  await expect(breaker).toHaveAttribute('data-status', 'open');
  await expect(breaker).toContainText('Refuses attempts for');
  await check(page, 'circuit-breakers');
  const refused = await loomwork.cli('run', 'call', '--detach');
  await open(page, loomwork, `/runs/${refused.id}`);
  await step(page, 'send').click();
  await expect(page.getByTestId('error-card')).toContainText('service');

  await open(page, loomwork, '/breakers');
  await breaker.getByRole('button', { name: 'Close service' }).click();
  await expect(breaker).toHaveAttribute('data-status', 'closed');
  await loomwork.write('up', '');
  const through = await loomwork.cli('run', 'call', '--detach');
  await open(page, loomwork, `/runs/${through.id}`);
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
});

test('a step that waits for what another has taken says so, and the queue shows who is in line', async ({ page, loomwork }) => {
  await loomwork.kill();
  await loomwork.write('.loomwork/engine.yaml', 'resources: { press: 1 }\n');
  await loomwork.write('workflows/print.yaml', workflow('print', '  - { id: sheet, resources: { press: 1 }, run: "while ! [ -e go ]; do sleep 0.02; done" }\n'));
  await loomwork.serve();
  const first = await loomwork.cli('run', 'print', '--detach');
  await open(page, loomwork, `/runs/${first.id}`);
  await expect(step(page, 'sheet')).toHaveAttribute('data-status', 'running');
  const second = await loomwork.cli('run', 'print', '--detach');
  await open(page, loomwork, `/runs/${second.id}`);
  await expect(step(page, 'sheet')).toHaveAttribute('data-status', 'queued');
  await step(page, 'sheet').click();
  await expect(page.getByTestId('queue-line').first()).toContainText('press');
  await page.getByTestId('queue').getByRole('button', { name: '1 queued' }).click();
  const queue = page.getByRole('dialog', { name: 'Waiting to be started' });
  await expect(queue).toContainText('1 of 1 press');
  await expect(queue.getByRole('listitem')).toContainText('print #2');
  const inside = () => queue.evaluate((panel) => panel.getBoundingClientRect().right <= window.innerWidth);
  await expect.poll(inside, 'the whole of it is in the window').toBe(true);
  await check(page, 'queue');
  await loomwork.write('go', '');
  await expect(page.getByTestId('run-status')).toHaveAttribute('data-status', 'succeeded');
});
