/** The main job in the real window: draw, save, run, watch, see it fail, retry, succeed; as owner and as guest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ended, Workspace } from './desktop.mjs';
import { keys, until } from './webdriver.mjs';

const by = (id) => `[data-testid="${id}"]`;
const button = (name) => `//main//button[normalize-space()="${name}"]`;
const field = (label) => `//aside[@aria-label="Inspector"]//label[normalize-space()="${label}"]/following-sibling::input`;
const wire = (id) => `.react-flow__edge[data-id="${id}"]`;
const patience = { timeout: 120_000 };

async function inWorkspace(story) {
  const workspace = new Workspace();
  try {
    await story(workspace);
  } catch (error) {
    workspace.picture('failed');
    throw error;
  } finally {
    await workspace.end();
  }
}

async function draw({ session }, workspace, pictureOf) {
  const before = workspace.read('workflows/greeting.yaml');
  await session.click(by('workflow-greeting'));
  await session.see(by('step-prepare'));
  await session.see(wire('prepare.*>finish'));
  const canvas = await session.run('const box = arguments[0].getBoundingClientRect(); return { x: box.x + box.width * 0.25, y: box.y + box.height * 0.7 }', {
    'element-6066-11e4-a52e-4f735466cecf': await session.find(by('canvas')),
  });
  await session.drag(by('palette-run'), canvas);
  await session.see(by('step-script'));
  await session.fill(field('Id'), `check${keys.enter}`);
  await session.see(by('step-check'));
  await session.fill('.cm-content[aria-label="Script"]', 'test -e ok || { echo "the file ok is missing" >&2; exit 7; }');
  await session.reads(by('step-check'), 'test -e ok');
  await session.drag(by('port-prepare-succeeded'), by('port-check-in'));
  await session.see(wire('prepare.*>check'));
  await session.click('button[aria-label="Undo"]');
  await session.gone(wire('prepare.*>check'));
  await session.click('button[aria-label="Redo"]');
  await session.see(wire('prepare.*>check'));
  await pictureOf('designer');
  await session.press(keys.control, 's');
  await session.see('//*[@role="status"][normalize-space()="Saved"]');
  const after = workspace.read('workflows/greeting.yaml');
  assert.ok(after.startsWith(before), `what was there keeps its bytes:\n${after}`);
  assert.match(after.slice(before.length), /id: check[\s\S]*test -e ok/);
}

async function runAndRetry({ session }, workspace, pictureOf) {
  await session.click(button('Run'));
  await session.is(by('step-prepare'), 'data-status', 'running');
  await session.reads('[role="log"]', 'preparing for Ada');
  await pictureOf('run-live');
  workspace.write('go', '');
  await session.is(by('step-check'), 'data-status', 'failed');
  await session.is(by('run-status'), 'data-status', 'failed');
  await session.click(by('step-check'));
  await session.reads(by('error-card'), 'Permanent');
  await session.reads(by('error-card'), 'the file ok is missing');
  await session.reads(by('retry-plan'), 'Keeps 2 finished steps');
  await pictureOf('run-failed');
  workspace.write('ok', '');
  await session.click(by('retry-step'));
  await session.is(by('run-status'), 'data-status', 'succeeded');
  await session.is(by('step-check'), 'data-status', 'succeeded');
  assert.deepEqual(workspace.lines('effects').sort(), ['finish', 'prepare']);
}

test('the whole story, with the window as owner of the workspace', patience, () => inWorkspace(async (workspace) => {
  const window = await workspace.open();
  const { session } = window;
  await session.reads(by('engine'), 'Engine ready');
  await draw(window, workspace, (name) => window.picture(`owner-${name}`));
  await runAndRetry(window, workspace, (name) => window.picture(`owner-${name}`));

  // A terminal is a guest of the window: what it starts is on screen at once.
  await session.click('//nav[@aria-label="Main"]//a[contains(., "Runs")]');
  const run = await workspace.cli('run', 'pipeline', '--detach');
  await session.is(by(`run-${run.id}`), 'data-status', 'failed');
  workspace.write('ready', '');
  await workspace.cli('retry', run.id);
  await session.is(by(`run-${run.id}`), 'data-status', 'succeeded');
  await window.picture('owner-runs');

  // A file that another program edits changes in the window too.
  await session.click('//nav[@aria-label="Main"]//a[contains(., "Workflows")]');
  workspace.write('workflows/fresh.yaml', 'loomwork: 1\nid: fresh\nsteps:\n  - { id: a, run: "true" }\n');
  await session.see(by('workflow-fresh'));
  await session.click('button[aria-label="Switch to the dark theme"]');
  await window.picture('owner-workflows-dark');
  await window.close();
}));

test('the whole story, with the window as guest of a server that is then killed', patience, () => inWorkspace(async (workspace) => {
  const server = await workspace.serve();
  const window = await workspace.open();
  const { session } = window;
  await session.reads(by('engine'), 'guest');
  await draw(window, workspace, () => window.picture('guest-designer'));
  await runAndRetry(window, workspace, () => window.picture('guest-run'));

  // The owner dies with a run under way: the window takes over, and the run goes on.
  workspace.write('workflows/gated.yaml', 'loomwork: 1\nid: gated\nsteps:\n  - id: wait\n    run: |\n      echo "up $LOOMWORK_ATTEMPT" >> gated\n      for i in $(seq 1500); do [ -e gate ] && break; sleep 0.02; done\n');
  const run = await workspace.cli('run', 'gated', '--detach');
  await until('the step', () => workspace.lines('gated').includes('up 1'));
  await session.click('//nav[@aria-label="Main"]//a[contains(., "Runs")]');
  await session.click(by(`run-${run.id}`));
  await session.is(by('step-wait'), 'data-status', 'running');
  await ended(server, 'SIGKILL');
  await until('the second attempt', () => workspace.lines('gated').includes('up 2'));
  await until('the window owns the engine', async () => !(await session.text(by('engine'))).includes('guest'));
  workspace.write('gate', '');
  await session.is(by('run-status'), 'data-status', 'succeeded');
  await window.close();
}));

test('a window that was killed is opened again, and its run goes on by itself', patience, () => inWorkspace(async (workspace) => {
  const first = await workspace.open();
  await first.session.see(by('workflow-greeting'));
  await first.session.click('button[aria-label="Run greeting"]');
  await first.session.is(by('step-prepare'), 'data-status', 'running');
  await until('the first mark', () => workspace.lines('effects').length === 1);
  await first.kill();

  const second = await workspace.open();
  const { session } = second;
  await until('the second mark', () => workspace.lines('effects').length === 2);
  workspace.write('go', '');
  await session.click('//nav[@aria-label="Main"]//a[contains(., "Runs")]');
  await session.see('[data-run][data-status="succeeded"]');
  assert.deepEqual(workspace.lines('effects'), ['prepare', 'prepare', 'finish']);
  await second.close();
}));
