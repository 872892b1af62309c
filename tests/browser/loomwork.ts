/** A server over a workspace of its own, and the page that shows it. Not here: what must hold (`specs/`). */
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const program = process.env.LOOMWORK_BIN ?? '../../target/debug/loomwork';

export class Loomwork {
  address = '';
  private server: ChildProcess | null = null;

  private constructor(private readonly folder: string) {}

  static async start(workspace: string | null): Promise<Loomwork> {
    const folder = await mkdtemp(join(tmpdir(), 'lw-'));
    for (const name of ['home', 'sockets', 'workspace/workflows']) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
    if (workspace) await cp(workspace, join(folder, 'workspace'), { recursive: true });
    const loomwork = new Loomwork(folder);
    await loomwork.serve();
    return loomwork;
  }

  private get environment() {
    const { LOOMWORK_ENGINE: _, XDG_DATA_HOME: __, ...rest } = process.env;
    return { cwd: this.path('.'), env: { ...rest, HOME: join(this.folder, 'home'), XDG_RUNTIME_DIR: join(this.folder, 'sockets') } };
  }

  /** Starts the server, at the same address as before if there was one. */
  async serve(): Promise<void> {
    const listen = this.address ? new URL(this.address).host : '127.0.0.1:0';
    const server = spawn(program, ['--json', 'serve', '--listen', listen, '--token-file', join(this.folder, 'token')], {
      ...this.environment, stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.server = server;
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: server.stdout! }).once('line', resolve);
      server.once('exit', (code) => reject(new Error(`serve ended with ${code}`)));
    });
    this.address = (JSON.parse(line) as { address: string }).address;
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    const server = this.server;
    this.server = null;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await ended;
  }

  async end(): Promise<void> {
    const server = this.server;
    if (server && server.exitCode === null) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.folder, 'workspace', name);
  }

  read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8');
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(this.path(name), text);
  }

  remove(name: string): Promise<void> {
    return rm(this.path(name));
  }

  lines(name: string): Promise<string[]> {
    return this.read(name).then((text) => text.split('\n').filter(Boolean), () => []);
  }

  /** A command in a terminal, as a guest of the server. */
  async cli(...args: string[]): Promise<any> {
    const { stdout } = await promisify(execFile)(program, ['--json', ...args], this.environment);
    return JSON.parse(stdout.trim() || 'null');
  }
}

export const test = base.extend<{ workspace: string | null; loomwork: Loomwork; sure: void }>({
  workspace: ['workspace', { option: true }],
  loomwork: async ({ workspace }, use) => {
    const loomwork = await Loomwork.start(workspace);
    await use(loomwork);
    await loomwork.end();
  },
  // Whatever a test looks at: the page must not throw, and must not break its content security policy.
  sure: [async ({ page }, use) => {
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(`${error}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy|Uncaught|React|Maximum update/.test(message.text())) wrong.push(message.text());
    });
    await use();
    expect(wrong, 'errors on the page').toEqual([]);
  }, { auto: true }],
});

export { expect };

/** Opens the address that `serve` printed, on a path. */
export async function open(page: Page, loomwork: Loomwork, path = '/'): Promise<void> {
  const address = new URL(loomwork.address);
  address.pathname = path;
  await page.goto(address.href);
}

export const step = (page: Page, id: string): Locator => page.getByTestId(`step-${id}`);
export const port = (page: Page, id: string, name: string): Locator => page.getByTestId(`port-${id}-${name}`);
export const wire = (page: Page, id: string): Locator => page.locator(`.react-flow__edge[data-id="${id}"]`);
export const inspector = (page: Page): Locator => page.getByRole('complementary', { name: 'Inspector' });

async function centre(of: Locator): Promise<{ x: number; y: number }> {
  await expect(of).toBeVisible();
  const box = await of.boundingBox();
  if (!box) throw new Error('nothing to point at');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Drags with the mouse, in many small moves as a hand does; `before` happens before the button is let go. */
export async function drag(page: Page, from: Locator, to: Locator | { x: number; y: number }, before?: () => Promise<void>): Promise<void> {
  const start = await centre(from);
  const end = 'x' in to ? to : await centre(to);
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  await page.mouse.move(start.x + 6, start.y + 6, { steps: 2 });
  await page.mouse.move(end.x, end.y, { steps: 12 });
  await before?.();
  await page.mouse.up();
}

/** A place on the canvas, as shares of its width and height. */
export async function onCanvas(page: Page, x: number, y: number): Promise<{ x: number; y: number }> {
  const box = await page.getByTestId('canvas').boundingBox();
  if (!box) throw new Error('no canvas');
  return { x: box.x + box.width * x, y: box.y + box.height * y };
}

/** Replaces what stands in the script editor of the inspector. */
export async function typeScript(page: Page, text: string): Promise<void> {
  const editor = inspector(page).getByRole('textbox', { name: 'Script', exact: true });
  await editor.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(text);
}

/** A picture of the whole page, to be looked at. */
export async function shot(page: Page, name: string): Promise<void> {
  await page.mouse.move(720, 12);
  await page.screenshot({ path: `../../test-results/browser-screens/${name}.png` });
}
