/**
 * Runs the window suite on a display of its own: `npm test`.
 *
 * LOOMWORK_DESKTOP_BIN and LOOMWORK_BIN name the programs under test (else the debug builds of this repository),
 * TAURI_DRIVER the driver (else the one on the PATH or among cargo's tools). Without the display tools on this machine
 * the suite is skipped, and says so.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const folders = [
  ...(process.env.PATH ?? '').split(delimiter),
  join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin'),
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'loomwork/tools/bin'),
];

function find(name) {
  return folders.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const tools = { XVFB: find('Xvfb'), WEBKIT_DRIVER: find('WebKitWebDriver'), TAURI_DRIVER: process.env.TAURI_DRIVER ?? find('tauri-driver'), IMPORT: find('import') };
const names = { XVFB: 'Xvfb', WEBKIT_DRIVER: 'WebKitWebDriver', TAURI_DRIVER: 'tauri-driver', IMPORT: 'import (ImageMagick)' };
const missing = Object.keys(tools).filter((tool) => !tools[tool]).map((tool) => names[tool]);
if (missing.length) {
  console.log(`skipped: no display tools (${missing.join(', ')})`);
  process.exit(0);
}
const target = process.env.CARGO_TARGET_DIR ?? join(here, '../../target');
const programs = {
  LOOMWORK_DESKTOP_BIN: process.env.LOOMWORK_DESKTOP_BIN ?? join(target, 'debug/loomwork-desktop'),
  LOOMWORK_BIN: process.env.LOOMWORK_BIN ?? join(target, 'debug/loomwork'),
};
for (const [name, path] of Object.entries(programs)) {
  if (existsSync(path)) continue;
  console.error(`The program under test is missing: ${path}. Build it (cargo build -p loomwork-cli -p loomwork-desktop), or name it with ${name}.`);
  process.exit(1);
}

// The server chooses a free display and says which.
const screen = spawn(tools.XVFB, ['-displayfd', '3', '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
const display = await new Promise((resolve, reject) => {
  screen.stdio[3].once('data', (data) => resolve(`:${String(data).trim()}`));
  screen.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
});
const tested = spawnSync(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...process.argv.slice(2), here], {
  cwd: here, stdio: 'inherit', env: { ...process.env, ...tools, ...programs, DISPLAY: display, GDK_BACKEND: 'x11' },
});
screen.kill();
process.exit(tested.status ?? 1);
