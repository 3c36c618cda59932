// SPDX-License-Identifier: MIT
// As much of the W3C WebDriver protocol as the page's test needs, spoken to chromedriver.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { within } from './server.mjs';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'; // the protocol's name for one
const PATIENCE = 60000; // ms until a condition must have come true

async function startDriver(program) {
  const driver = spawn(program, ['--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = once(driver, 'exit');
  let said = '';
  driver.stdout.setEncoding('utf8');
  const port = new Promise((found, refuse) => {
    driver.stdout.on('data', (piece) => {
      said += piece;
      const match = /started successfully on port ([0-9]+)/.exec(said);
      if (match) found(match[1]);
    });
    end.then(() => refuse(new Error(`chromedriver ended: ${said}`)), refuse);
  });
  return { process: driver, end, url: `http://127.0.0.1:${await within(port, 'chromedriver')}` };
}

async function send(method, url, data) {
  const answer = await fetch(url, {
    method, headers: { 'Content-Type': 'application/json' },
    body: method === 'POST' ? JSON.stringify(data ?? {}) : undefined,
  });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${url}: ${value.error}: ${value.message}`);
  return value;
}

export class Browser {
  static async start(driverProgram) {
    const browser = new Browser();
    browser.driver = await startDriver(driverProgram);
    try {
      const session = await send('POST', `${browser.driver.url}/session`, {
        capabilities: {
          alwaysMatch: {
            'goog:loggingPrefs': { browser: 'ALL', performance: 'ALL' },
            'goog:chromeOptions': {
              args: ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage', '--lang=en-GB'],
            },
          },
        },
      });
      browser.url = `${browser.driver.url}/session/${session.sessionId}`;
    } catch (failure) {
      browser.driver.process.kill();
      throw failure;
    }
    return browser;
  }

  async stop() {
    try {
      await send('DELETE', this.url);
    } finally {
      this.driver.process.kill();
      await within(this.driver.end, 'the end of chromedriver');
    }
  }

  post(command, data) {
    return send('POST', `${this.url}/${command}`, data);
  }

  get(command) {
    return send('GET', `${this.url}/${command}`);
  }

  /** Runs the body of a function in the page; it may return a promise. */
  run(script, ...args) {
    return this.post('execute/sync', { script, args });
  }

  devtools(cmd, params = {}) {
    return this.post('goog/cdp/execute', { cmd, params });
  }

  log(type) {
    return this.post('se/log', { type });
  }

  async find(selector) {
    const found = await this.post('element', { using: 'css selector', value: selector });
    return found[ELEMENT];
  }

  async click(selector) {
    await this.post(`element/${await this.find(selector)}/click`);
  }

  async type(selector, text) {
    const id = await this.find(selector);
    await this.post(`element/${id}/clear`);
    await this.post(`element/${id}/value`, { text });
  }

  /** Presses keys one after the other, wherever the focus is. */
  async press(...keys) {
    const actions = keys.flatMap((value) => [{ type: 'keyDown', value }, { type: 'keyUp', value }]);
    await this.post('actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  async label(selector) {
    return this.get(`element/${await this.find(selector)}/computedlabel`);
  }

  /** Waits until a script returns something true, and returns that. */
  async until(what, script, ...args) {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const value = await this.run(script, ...args);
      if (value) return value;
      if (Date.now() > deadline)
        throw new Error(`waited too long until ${what}; the page says: ${
          await this.run('return document.body.innerText')}`);
    }
  }

  setSize(width, height) {
    return this.devtools('Emulation.setDeviceMetricsOverride',
      { width, height, deviceScaleFactor: 1, mobile: false });
  }

  setScheme(value) {
    return this.devtools('Emulation.setEmulatedMedia',
      { features: [{ name: 'prefers-color-scheme', value }] });
  }

  async screenshot() {
    return Buffer.from(await this.get('screenshot'), 'base64');
  }
}
