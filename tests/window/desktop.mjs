/** A workspace in a temporary folder, the real window on it, a server beside it, and commands in a terminal. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Session, until } from './webdriver.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const identify = process.env.IMPORT?.replace(/import$/, 'identify');
const pictures = join(here, '../../test-results/window-screens');

export class Workspace {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'lw-'));
    for (const name of ['home', 'sockets', 'workspace']) mkdirSync(join(this.folder, name), { mode: 0o700 });
    cpSync(join(here, '../browser/workspace'), join(this.folder, 'workspace'), { recursive: true });
    const { LOOMWORK_ENGINE: _, XDG_DATA_HOME: __, XDG_CONFIG_HOME: ___, DBUS_SESSION_BUS_ADDRESS: ____, ...rest } = process.env;
    this.place = { cwd: this.path('.'), env: { ...rest, HOME: join(this.folder, 'home'), XDG_RUNTIME_DIR: join(this.folder, 'sockets'), LIBGL_ALWAYS_SOFTWARE: '1' } };
    this.servers = [];
    this.drivers = [];
  }

  path(name) {
    return join(this.folder, 'workspace', name);
  }

  read(name) {
    return readFileSync(this.path(name), 'utf8');
  }

  write(name, text) {
    writeFileSync(this.path(name), text);
  }

  lines(name) {
    return existsSync(this.path(name)) ? this.read(name).split('\n').filter(Boolean) : [];
  }

  async cli(...args) {
    const { stdout } = await promisify(execFile)(process.env.LOOMWORK_BIN, ['--json', ...args], this.place);
    return JSON.parse(stdout);
  }

  async serve() {
    const server = spawn(process.env.LOOMWORK_BIN, ['--json', 'serve', '--listen', '127.0.0.1:0'], { ...this.place, stdio: ['ignore', 'pipe', 'inherit'] });
    this.servers.push(server);
    await new Promise((resolve) => createInterface({ input: server.stdout }).once('line', resolve));
    return server;
  }

  /** Opens the window. */
  async open() {
    const [port, nativePort] = await freePorts();
    const driver = spawn(process.env.TAURI_DRIVER, ['--port', `${port}`, '--native-port', `${nativePort}`, '--native-driver', process.env.WEBKIT_DRIVER], {
      ...this.place, stdio: ['ignore', 'inherit', 'inherit'],
    });
    this.drivers.push(driver);
    const base = `http://127.0.0.1:${port}`;
    // Both have to listen: the one answers before the other, which it starts, does.
    for (const listening of [base, `http://127.0.0.1:${nativePort}`]) await until('the driver', () => fetch(`${listening}/status`).then((answer) => answer.ok));
    const options = { application: process.env.LOOMWORK_DESKTOP_BIN, args: [this.path('.')] };
    const session = await Session.open(base, { 'tauri:options': options });
    return new Window(this, session, driver);
  }

  /** Processes of the window's program on this workspace. */
  windows() {
    return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).map(Number).filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return command[0] === process.env.LOOMWORK_DESKTOP_BIN && command.includes(this.path('.'));
      } catch {
        return false;
      }
    });
  }

  /** What the screen shows, to be looked at; it is taken from the display, so it is what a person sees. */
  picture(name) {
    mkdirSync(pictures, { recursive: true });
    const file = join(pictures, `${name}.png`);
    execFileSync(process.env.IMPORT, ['-window', 'root', file]);
    return file;
  }

  async end() {
    for (const pid of this.windows()) process.kill(pid, 'SIGKILL');
    for (const child of [...this.drivers, ...this.servers]) await ended(child, 'SIGTERM');
    // The browser inside the window outlives it for a moment, and may still write to its storage.
    await until('the end of the folder', () => {
      rmSync(this.folder, { recursive: true, force: true });
      return true;
    });
  }
}

/** Ends a process that was started here, and waits for its end. */
export async function ended(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await end;
}

class Window {
  constructor(workspace, session, driver) {
    Object.assign(this, { workspace, session, driver });
  }

  /** Ends the session and makes sure that the program has gone with it. */
  async close() {
    await this.session.close().catch(() => undefined);
    for (const pid of this.workspace.windows()) process.kill(pid, 'SIGTERM');
    await until('the end of the window', () => this.workspace.windows().length === 0);
    await ended(this.driver, 'SIGTERM');
  }

  /** `kill -9`. */
  async kill() {
    for (const pid of this.workspace.windows()) process.kill(pid, 'SIGKILL');
    await ended(this.driver, 'SIGTERM');
  }

  /** A picture of the screen, once it stands still or a moment has passed: without a graphics card painting lags behind the page. */
  async picture(name) {
    const end = Date.now() + 2_500;
    let before = '';
    await until('a painted window', async () => {
      const file = this.workspace.picture(name);
      const [colours, signature] = execFileSync(identify, ['-format', '%k %#', file], { encoding: 'utf8' }).split(' ');
      const still = signature === before || Date.now() > end;
      before = signature;
      return Number(colours) > 100 && still;
    });
  }
}

/**
 * Two free ports beside each other, below those that the system gives away by itself: a driver whose second port is its own
 * asks itself without end, and so does one that connects from the very port that it wants to reach.
 */
async function freePorts() {
  for (;;) {
    const port = 20_000 + 2 * Math.floor(Math.random() * 6_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return [port, port + 1];
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
