/**
 * Runs the browser suite: `npm test`, with arguments of Playwright if wished (`npm test -- story`).
 *
 * LOOMWORK_BIN names the program under test (else the debug build of this repository), CHROMIUM the browser.
 * Without a browser on this machine the suite is skipped, and says so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const browser = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));
if (!browser) {
  console.log('skipped: no Chromium on this machine (set CHROMIUM to its path)');
  process.exit(0);
}
const target = process.env.CARGO_TARGET_DIR ?? join(here, '../../target');
const program = process.env.LOOMWORK_BIN ?? join(target, 'debug/loomwork');
if (!existsSync(program)) {
  console.error(`The program under test is missing: ${program}. Build it (cargo build -p loomwork-cli), or name it with LOOMWORK_BIN.`);
  process.exit(1);
}
const quiet = { cwd: here, stdio: 'inherit', env: { ...process.env, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1', CHROMIUM: browser, LOOMWORK_BIN: program } };
if (!existsSync(join(here, 'node_modules/@playwright/test'))) {
  const installed = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], quiet);
  if (installed.status !== 0) process.exit(installed.status ?? 1);
}
const tested = spawnSync(process.execPath, [join(here, 'node_modules/@playwright/test/cli.js'), 'test', ...process.argv.slice(2)], quiet);
process.exit(tested.status ?? 1);
