/** While writing: names are completed from the keyboard and explained under the pointer, with types and values of the latest run. */
import { expect, open, shot, test } from '../loomwork.js';

const text = `loomwork: 1
id: sums
steps:
  - id: numbers
    set: { count: 3, names: [a, b] }
  - id: after
    set: { twice: "\${{ steps.numbers.output.count * 2 }}" }
`;

test('a name is completed from the keyboard and explained with its value in the latest run', async ({ page, loomwork }) => {
  await loomwork.write('workflows/sums.yaml', text);
  await open(page, loomwork, '/w/workflows/sums.yaml');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByText('succeeded', { exact: false }).first()).toBeVisible();
  await open(page, loomwork, '/w/workflows/sums.yaml');
  await page.getByRole('radio', { name: 'Code' }).click();
  const editor = page.getByRole('textbox', { name: 'Workflow text' });
  await editor.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText('outputs:\n  names: "${{ steps.numbers.output.');
  await page.keyboard.press('Control+Space');
  const offers = page.getByRole('listbox');
  await expect(offers).toContainText('count');
  await expect(offers).toContainText('list<string>');
  await page.keyboard.type('na');
  await expect(page.locator('.cm-completionInfo')).toContainText('= ["a", "b"]');
  await shot(page, 'code-completion-light');
  await page.keyboard.press('Enter');
  await page.keyboard.insertText(' }}"\n');
  await expect(editor).toContainText('steps.numbers.output.names }}');
  await editor.getByText('count', { exact: false }).last().hover();
  await expect(page.locator('.cm-tooltip-hover')).toContainText('= ');
  await page.screenshot({ path: '../../test-results/browser-screens/code-hover-light.png' });
});
