// SPDX-License-Identifier: MIT
// page_test.mjs PROGRAM CHROMEDRIVER FOLDER: the page in a real browser, as a person uses it.
// Screenshots go into FOLDER.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ApiClient } from './client.mjs';
import { Server } from './server.mjs';
import { Browser } from './webdriver.mjs';

const [program, chromedriver, folder] = process.argv.slice(2);
const ENTER = '\uE007', ESCAPE = '\uE00C', TAB = '\uE004';
const EVIL = '<img src=x onerror="window.evil=1">&amp;<script>window.evil=1</script>';

// Runs in the page: what a person would read in these places.
const ROWS = `return [...document.querySelectorAll('#keys tbody tr')].map((row) =>
  row.querySelector('.name').textContent)`;
const EVENTS = `return [...document.querySelectorAll('#events li div')].map((each) =>
  [...each.children].map((line) => line.textContent).join(' / '))`;
const SHOWS = `const shown = document.querySelector(arguments[0]);
  return shown.checkVisibility() && shown.textContent.trim()`;

test('the page', async (t) => {
  const server = await Server.start(program);
  t.after(() => server.kill());
  const browser = await Browser.start(chromedriver);
  let isOpen = true;
  t.after(() => isOpen && browser.stop());
  const anna = new ApiClient(server.url);
  anna.setAuthToken(server.tokens.anna);
  mkdirSync(folder, { recursive: true });

  const text = (selector) => browser.run('return document.querySelector(arguments[0]).textContent', selector);
  const shows = (selector, words) => browser.until(`${selector} says "${words}"`,
    `return (() => { ${SHOWS} })() === arguments[1]`, selector, words);
  const lists = (...names) => browser.until(`the list is ${names}`,
    `return JSON.stringify((() => { ${ROWS} })()) === arguments[0]`, JSON.stringify(names));
  const tells = (event) => browser.until(`the last event is ${event}`,
    `return (() => { ${EVENTS} })()[0] === arguments[0]`, event);
  const isClosed = (dialog) => browser.until(`${dialog} is closed`,
    'return !document.querySelector(arguments[0]).open', dialog);
  const hasFocus = (selector) => browser.until(`${selector} has the focus`,
    'return document.activeElement === document.querySelector(arguments[0])', selector);
  const button = (name, word) => `#keys tbody tr button[aria-label=${JSON.stringify(`${word} ${name}`)}]`;
  const signIn = async (token, repository = 'demo') => {
    await browser.type('#token', token);
    await browser.type('#first-repository', repository);
    await browser.press(ENTER);
  };
  let hasFailed = false;
  /** Each goes on where the one before has ended: after a failure there is nothing to go on from. */
  const step = (name, run) => !hasFailed && t.test(name, async () => {
    try {
      await run();
    } catch (failure) {
      hasFailed = true;
      writeFileSync(path.join(folder, 'failure.png'), await browser.screenshot());
      throw failure;
    }
  });
  const holds = (count) => browser.until(`${count} answers are held`,
    'return window.held.length === arguments[0]', count);
  const failures = []; // of the network, that the browser's log may have
  const expectFailure = (status) => failures.push(status);

  await step('signing in: a wrong token, then a good one', async () => {
    await browser.devtools('Browser.grantPermissions',
      { origin: server.url, permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'] });
    await browser.post('url', { url: `${server.url}/` });
    await hasFocus('#token');
    expectFailure(401);
    await signIn('kwt_of-somebody-who-does-not-exist');
    await shows('#sign-in [role=alert]', 'Missing or invalid bearer token');
    await hasFocus('#token');
    assert.equal(await browser.run('return document.querySelector("#token").value'), '');
    await signIn('two words');
    await shows('#sign-in [role=alert]', 'A token has no spaces and only ASCII characters');
    await signIn(server.tokens.anna);
    await lists('Nightly evaluation', 'Support assistant', 'CI pipeline');
    await shows('#key-count', '3');
    await tells('Anna created Nightly evaluation in demo');
  });

  await step('a row says name, type, both ids and the time', async () => {
    const { apiKeys: [key] } = await anna.getRepoAiApiKeys('demo');
    const row = await browser.run(`const row = document.querySelector('#keys tbody tr');
      return [...row.cells].map((cell) => cell.innerText.split('\\n')).concat(
        row.querySelector('time').dateTime)`);
    assert.deepEqual(row.slice(0, 3), [['Nightly evaluation'], ['Google'], [key.id, key.key]]);
    assert.equal(row.at(-1), key.createdAt);
  });

  await step('the token is nowhere but in memory', async () => {
    const places = await browser.run(`return JSON.stringify([location.href, document.cookie,
      { ...localStorage }, { ...sessionStorage }, document.documentElement.outerHTML,
      [...document.querySelectorAll('input')].map((input) => input.value)])`);
    assert.ok(!places.includes(server.tokens.anna));
    assert.equal(await browser.run('return indexedDB.databases().then((all) => all.length)'), 0);
  });

  await step('creating: the secret is shown once, can be copied, and is gone when closed', async () => {
    await browser.click('#create');
    await hasFocus('#new-name');
    await browser.type('#new-name', 'Deployment');
    await browser.run("document.querySelector('#new-type').value = 'AWS'");
    await browser.press(ENTER);
    await shows('#secret-name', 'Deployment');
    const secret = await text('#secret-text'), key = await text('#secret-key');
    assert.match(secret, /^kw_sk_[0-9A-Za-z]{49}$/);
    assert.equal((await anna.makeRequest('/auth/verify', 'POST', { key, secret })).aiType, 'AWS');
    await browser.press(ESCAPE); // by mistake
    await shows('#secret-state', 'Not copied yet. Use Close if you have it.');
    await browser.click('#copy');
    await shows('#secret-state', 'Copied.');
    assert.equal(await browser.run('return navigator.clipboard.readText()'), secret);
    await browser.click('#secret [type=submit]');
    await isClosed('#secret');
    assert.ok(!(await browser.run('return document.documentElement.outerHTML')).includes(secret));
    await lists('Deployment', 'Nightly evaluation', 'Support assistant', 'CI pipeline');
    await tells('Anna created Deployment in demo');
    await shows('#done', 'Deployment was created.');
    await hasFocus('#create');
  });

  await step('a name is text, whatever it looks like', async () => {
    const { id } = await anna.createRepoAiApiKey('demo', { name: EVIL, aiType: 'OTHER' });
    await browser.click('#refresh');
    await lists(EVIL, 'Deployment', 'Nightly evaluation', 'Support assistant', 'CI pipeline');
    await tells(`Anna created ${EVIL} in demo`);
    await browser.run('document.querySelector("#keys tbody tr button.danger").click()');
    await shows('#deleting-name', EVIL);
    await browser.click('#deleting [data-cancel]');
    await isClosed('#deleting');
    assert.deepEqual(await browser.run(
      'return [document.querySelectorAll("main img, main script, dialog img").length, window.evil ?? null]'),
    [0, null]);
    await anna.deleteRepoAiApiKey('demo', id);
    await browser.click('#refresh');
    await lists('Deployment', 'Nightly evaluation', 'Support assistant', 'CI pipeline');
  });

  await step('renaming, with what the server says of a wrong name', async () => {
    await browser.click(button('Deployment', 'Rename'));
    await hasFocus('#other-name');
    assert.equal(await browser.run('return document.querySelector("#other-name").value'), 'Deployment');
    expectFailure(400);
    await browser.type('#other-name', 'é'.repeat(200));
    await browser.press(ENTER);
    await shows('#renaming [role=alert]', '"name" must be a string of 1 to 255 bytes');
    await browser.type('#other-name', 'Staging');
    await browser.press(ENTER);
    await isClosed('#renaming');
    await lists('Staging', 'Nightly evaluation', 'Support assistant', 'CI pipeline');
    await tells('Anna renamed Deployment to Staging in demo');
    await hasFocus(button('Staging', 'Rename'));
  });

  await step('screenshots: wide and light, narrow and dark, and nothing sticks out', async () => {
    const shoot = async (name, width, scheme) => {
      await browser.setSize(width, 900);
      await browser.setScheme(scheme);
      await browser.run(`scrollTo(0, 0);
        return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`);
      writeFileSync(path.join(folder, `${name}-${width}-${scheme}.png`), await browser.screenshot());
      const [page, view, ground] = await browser.run(`return [document.documentElement.scrollWidth,
        innerWidth, getComputedStyle(document.body).backgroundColor]`);
      assert.ok(page <= view, `${name}: ${page} pixels in ${view}`);
      return ground;
    };
    const light = await shoot('list', 1280, 'light'), dark = await shoot('list', 400, 'dark');
    assert.notEqual(light, dark);
    for (const [width, scheme] of [[360, 'light'], [800, 'dark'], [1400, 'light']]) await shoot('list', width, scheme);
    await browser.click(button('Staging', 'Delete'));
    for (const [width, scheme] of [[400, 'dark'], [1280, 'light']]) await shoot('deleting', width, scheme);
    await browser.press(ESCAPE);
    await isClosed('#deleting');
    await browser.setSize(1280, 900);
  });

  await step('everything has a name for who does not see it', async () => {
    const nameless = [];
    for (const selector of ['input', 'select', 'button', 'dialog', 'table', 'section'])
      for (const found of await browser.post('elements', { using: 'css selector', value: selector })) {
        const [id] = Object.values(found);
        const isShown = await browser.run('return arguments[0].checkVisibility()', found);
        if (isShown && await browser.get(`element/${id}/computedlabel`) === '')
          nameless.push(await browser.run('return arguments[0].outerHTML.slice(0, 100)', found));
      }
    assert.deepEqual(nameless, []);
    assert.equal(await browser.label(button('Staging', 'Delete')), 'Delete Staging');
    const lost = await browser.run(`return [...document.querySelectorAll('label')].filter((label) =>
      !label.control).map((label) => label.textContent)`);
    assert.deepEqual(lost, []);
  });

  await step('deleting: a guard, a reason of its own, and the key leaves the list', async () => {
    await browser.click(button('Staging', 'Delete'));
    await shows('#deleting-name', 'Staging');
    await hasFocus('#reason');
    await browser.type('#guard-number', '7');
    expectFailure(409); // it was verified a moment ago
    await browser.click('#deleting [type=submit]');
    await browser.until('the refusal is shown', `return /^AI API key was used too recently \\(.+\\)$/.test(
      document.querySelector('#deleting [role=alert]').textContent)`);
    await lists('Staging', 'Nightly evaluation', 'Support assistant', 'CI pipeline');
    await browser.run(`document.querySelector('#guard-number').value = '';
      const reason = document.querySelector('#reason');
      reason.value = 'other';
      reason.dispatchEvent(new Event('change'))`);
    await shows('#reason-need', '(needed)');
    await browser.click('#deleting [type=submit]'); // the browser asks for the text first
    assert.equal(await browser.run('return document.querySelector("#reason-text").validity.valueMissing'), true);
    await browser.type('#reason-text', 'moved to a+b & c');
    await browser.press(ENTER);
    await isClosed('#deleting');
    await lists('Nightly evaluation', 'Support assistant', 'CI pipeline');
    await shows('#done', 'Staging was deleted.');
    await tells('Anna deleted Staging in demo / other: moved to a+b & c');
    await hasFocus('#keys-heading');
  });

  await step('a key that somebody else has deleted leaves the list too', async () => {
    const { apiKeys: [key] } = await anna.getRepoAiApiKeys('demo');
    await anna.deleteRepoAiApiKey('demo', key.id);
    expectFailure(404);
    await browser.click(button(key.name, 'Delete'));
    await browser.click('#deleting [type=submit]');
    await shows('#failed', 'AI API key already deleted');
    await isClosed('#deleting');
    await lists('Support assistant', 'CI pipeline');
  });

  await step('a late answer for one repository does not fill the list of another', async () => {
    // The worst there is: an answer that is held back, and that cannot be aborted any more.
    await browser.run(`const real = window.fetch;
      window.held = [];
      window.fetch = (url, init) => {
        if (init.method !== 'GET' || !url.includes(window.slow)) return real(url, init);
        return real(url, { ...init, signal: undefined }).then(async (answer) => {
          const { ok, status } = answer, body = await answer.json();
          await new Promise((go) => window.held.push(go));
          return { ok, status, json: () => Promise.resolve(body) };
        });
      };
      // The newest first. What the page does with such an answer are microtasks: done before any
      // later task.
      window.letGo = () => {
        window.slow = 'nothing';
        for (const go of window.held.splice(0).reverse()) go();
        return new Promise((done) => setTimeout(done));
      }`);
    const open = async (repository) => {
      await browser.type('#repository', repository);
      await browser.press(ENTER);
    };
    await browser.run("window.slow = 'repo/demo/'");
    await open('demo');
    await holds(1);
    expectFailure(403);
    await open('elsewhere');
    await shows('#keys-state', 'Insufficient permissions');
    await browser.run('return window.letGo()');
    assert.deepEqual(await browser.run(ROWS), []);
    assert.equal(await text('#keys-state'), 'Insufficient permissions');

    await browser.run("window.slow = 'repo/elsewhere/'");
    expectFailure(403);
    await open('elsewhere');
    await holds(1);
    await open('demo');
    await lists('Support assistant', 'CI pipeline');
    await browser.run('return window.letGo()');
    await lists('Support assistant', 'CI pipeline');
    assert.equal(await text('#keys-state'), '');
  });

  await step('an older answer for the same repository does not bring a key back', async () => {
    await browser.run("window.slow = 'repo/demo/'");
    await browser.click('#refresh');
    await holds(1);
    await browser.click(button('Support assistant', 'Delete'));
    await browser.click('#deleting [type=submit]');
    await isClosed('#deleting');
    await lists('CI pipeline'); // gone before the server is asked again
    await holds(2);
    await browser.run('return window.letGo()');
    assert.deepEqual(await browser.run(ROWS), ['CI pipeline']);
    await tells('Anna deleted Support assistant in demo');
  });

  await step('a server that does not answer is said so, and may be asked again', async () => {
    await browser.run(`window.real = window.fetch;
      window.fetch = () => Promise.reject(new TypeError('no network'))`);
    await browser.click('#refresh');
    await shows('#keys-state', 'The server gave no answer');
    await shows('#events-state', 'The server gave no answer');
    await browser.run('window.fetch = window.real');
    await browser.click('#refresh');
    await lists('CI pipeline');
  });

  await step('a token that is withdrawn meanwhile: the page asks for one again', async () => {
    await browser.run(`window.fetch = (url, init) => window.real(url,
      { ...init, headers: { ...init.headers, Authorization: 'Bearer withdrawn' } })`);
    expectFailure(401);
    await browser.click(button('CI pipeline', 'Rename'));
    await browser.press(ENTER);
    await shows('#sign-in [role=alert]', 'Missing or invalid bearer token');
    assert.equal(await browser.run('return document.querySelector("dialog[open]")'), null);
    assert.deepEqual(await browser.run(ROWS), []);
    await hasFocus('#token');
    await browser.run('window.fetch = window.real');
  });

  await step("a reader sees the keys, and the server's refusal to change them", async () => {
    await signIn(server.tokens.ben);
    await lists('CI pipeline');
    await shows('#events-state', 'Nothing in the last 30 days that you may see.');
    for (const [open, dialog] of [['#create', '#creating'], [button('CI pipeline', 'Rename'), '#renaming'],
      [button('CI pipeline', 'Delete'), '#deleting']]) {
      expectFailure(403);
      await browser.click(open);
      if (dialog === '#creating') await browser.type('#new-name', 'x');
      await browser.click(`${dialog} [type=submit]`);
      await shows(`${dialog} [role=alert]`, 'Insufficient permissions');
      await browser.press(ESCAPE);
      await isClosed(dialog);
    }
    await lists('CI pipeline');
    await browser.click('#leave');
    await hasFocus('#token');
  });

  await step('by keyboard alone', async () => {
    await browser.press(...server.tokens.anna, TAB);
    await hasFocus('#first-repository');
    await browser.press(ENTER); // it remembers the repository, not the token
    await lists('CI pipeline');
    await hasFocus('#keys-heading');
    await browser.press(TAB, ENTER);
    await hasFocus('#new-name');
    await browser.press(...'Typed', ENTER);
    await shows('#secret-name', 'Typed');
    await hasFocus('#copy');
    await browser.press(ENTER);
    await shows('#secret-state', 'Copied.');
    await browser.press(ESCAPE);
    await isClosed('#secret');
    await browser.until('the secret is gone', "return document.querySelector('#secret-text').textContent === ''");
    await lists('Typed', 'CI pipeline');
  });

  await step('after going back to it, the page has forgotten the token', async () => {
    await browser.post('url', { url: 'about:blank' });
    await browser.post('back');
    await hasFocus('#token');
    assert.deepEqual(await browser.run(ROWS), []);
  });

  await step('no error in the console, and no request left the server', async () => {
    const problems = (await browser.log('browser')).filter(({ level }) => level !== 'INFO' && level !== 'DEBUG');
    const expected = problems.filter(({ source, message }) =>
      source === 'network' && /the server responded with a status of 4/.test(message));
    assert.deepEqual(problems.filter((problem) => !expected.includes(problem)), []);
    assert.deepEqual(expected.map(({ message }) => Number(/status of ([0-9]+)/.exec(message)[1])), failures);
    const urls = (await browser.log('performance'))
      .map(({ message }) => JSON.parse(message).message)
      .filter(({ method }) => method === 'Network.requestWillBeSent')
      .map(({ params }) => params.request.url);
    assert.ok(urls.length > 20, `${urls.length} requests`);
    assert.deepEqual(urls.filter((url) => new URL(url).origin !== server.url), []);
  });

  isOpen = false;
  await browser.stop();
  assert.equal(await server.stop(), 0);
});
