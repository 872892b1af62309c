/** A small client of the W3C WebDriver protocol: what the window suite needs of it, and waiting for conditions. */

const elementKey = 'element-6066-11e4-a52e-4f735466cecf';
const patience = 30_000;

export const keys = { control: '\uE009', shift: '\uE008', enter: '\uE007', escape: '\uE00C', delete: '\uE017', release: '\uE000' };

export async function until(what, look) {
  const end = Date.now() + patience;
  let last;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited ${patience / 1000} s in vain for ${what}`, { cause: last });
}

export class Session {
  constructor(base, id) {
    this.base = `${base}/session/${id}`;
  }

  static async open(base, capabilities) {
    const { sessionId } = await send('POST', `${base}/session`, { capabilities: { alwaysMatch: capabilities } });
    return new Session(base, sessionId);
  }

  ask(method, path, body) {
    return send(method, this.base + path, body);
  }

  close() {
    return this.ask('DELETE', '');
  }

  run(script, ...args) {
    return this.ask('POST', '/execute/sync', { script, args });
  }

  /** A selector of CSS, or a path that begins with `//`. */
  async find(selector) {
    const using = selector.startsWith('//') ? 'xpath' : 'css selector';
    const found = await this.ask('POST', '/element', { using, value: selector });
    return found[elementKey];
  }

  exists(selector) {
    return this.find(selector).then(() => true, () => false);
  }

  see(selector) {
    return until(selector, () => this.find(selector));
  }

  gone(selector) {
    return until(`the end of ${selector}`, async () => !(await this.exists(selector)));
  }

  /** All text in an element, also what is scrolled or cut off. */
  async text(selector) {
    return this.run('return arguments[0].textContent', { [elementKey]: await this.find(selector) });
  }

  reads(selector, words) {
    return until(`${JSON.stringify(words)} in ${selector}`, async () => (await this.text(selector)).includes(words));
  }

  is(selector, attribute, wanted) {
    return until(`${attribute}=${wanted} of ${selector}`, async () => (await this.ask('GET', `/element/${await this.find(selector)}/attribute/${attribute}`)) === wanted);
  }

  async click(selector) {
    const id = await this.see(selector);
    await this.ask('POST', `/element/${id}/click`, {});
  }

  async type(selector, text) {
    const id = await this.see(selector);
    await this.ask('POST', `/element/${id}/value`, { text });
  }

  /** Replaces what stands in a field or an editor. */
  async fill(selector, text) {
    await this.click(selector);
    await this.press(keys.control, 'a');
    await this.type(selector, text);
  }

  /** Presses keys together, the last one first released. */
  async press(...chord) {
    const actions = [...chord.map((value) => ({ type: 'keyDown', value })), ...[...chord].reverse().map((value) => ({ type: 'keyUp', value }))];
    await this.ask('POST', '/actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  async centre(selector) {
    const id = await this.see(selector);
    return this.run('const box = arguments[0].getBoundingClientRect(); return { x: box.x + box.width / 2, y: box.y + box.height / 2 }', { [elementKey]: id });
  }

  /** Drags with the mouse, in many small moves as a hand does. */
  async drag(from, to) {
    const start = await this.centre(from);
    const end = typeof to === 'string' ? await this.centre(to) : to;
    const move = (share, duration) => ({
      type: 'pointerMove', origin: 'viewport', duration, x: Math.round(start.x + (end.x - start.x) * share), y: Math.round(start.y + (end.y - start.y) * share),
    });
    const steps = [0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1].map((share) => move(share, 20));
    const actions = [move(0, 0), { type: 'pointerDown', button: 0 }, ...steps, move(1, 20), { type: 'pointerUp', button: 0 }];
    await this.ask('POST', '/actions', { actions: [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }] });
  }
}

async function send(method, address, body) {
  const answer = await fetch(address, { method, headers: { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${new URL(address).pathname}: ${value?.error}: ${value?.message}`);
  return value;
}
