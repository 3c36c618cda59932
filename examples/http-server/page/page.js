// SPDX-License-Identifier: MIT
// The page for a person. Token and secret live in variables and fields, never in storage or in a
// URL, and what the server sends reaches the document as text only.

const PATIENCE = 60000; // ms for one answer
const EVENTS_STEP = 20, EVENTS_MAX = 100; // the API's own bound
const EVENTS_PERIOD = 30 * 24 * 3600 * 1000; // ms

const element = (id) => document.getElementById(id);

/** An element with a class and children; strings become text. */
function make(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

function makeTime(iso) {
  const time = make('time', '', moments.format(new Date(iso)));
  time.dateTime = iso;
  time.title = iso;
  return time;
}

// ---- the server ----

let token = '';

class Failure extends Error {
  constructor(message, status) {
    super(message);
    this.status = status; // undefined: nothing was asked; 0: no answer
  }
}

function segment(text) {
  // Browsers resolve these two, escaped or not, before they send anything.
  if (text === '.' || text === '..') throw new Failure('A browser cannot ask for this name');
  try {
    return encodeURIComponent(text);
  } catch {
    throw new Failure('This is not valid text');
  }
}

const keysPath = (repository) => `repo/${segment(repository)}/ai/apikey`;
const keyPath = (repository, id) => `${keysPath(repository)}/${segment(id)}`;

function readFailure(status, body) {
  const message = typeof body?.message === 'string' ? body.message : `The server answered ${status}`;
  if (typeof body?.lastUsedAt !== 'string') return new Failure(message, status);
  return new Failure(`${message} (${moments.format(new Date(body.lastUsedAt))})`, status);
}

async function receive(method, path, data, signal) {
  const headers = { Authorization: `Bearer ${token}` };
  if (data !== undefined) headers['Content-Type'] = 'application/json';
  const answer = await fetch(path, {
    method, headers, signal, cache: 'no-store', credentials: 'omit', redirect: 'error',
    body: data === undefined ? undefined : JSON.stringify(data),
  });
  return { isOk: answer.ok, status: answer.status, body: await answer.json().catch(() => null) };
}

/** The body of a successful answer; anything else is thrown as a Failure. */
async function ask(method, path, data, signal) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), PATIENCE);
  signal?.addEventListener('abort', () => controller.abort(), { once: true });
  let answer;
  try {
    answer = await receive(method, path, data, controller.signal);
  } catch {
    throw new Failure('The server gave no answer', 0);
  } finally {
    clearTimeout(timer);
  }
  if (answer.isOk && answer.body === null) throw new Failure('The server gave no answer', 0);
  if (!answer.isOk) throw readFailure(answer.status, answer.body);
  return answer.body;
}

// ---- what is shown ----

// The repository that is shown. Another one is another object, so that an answer that comes late
// finds out that it is not wanted any more.
let visit = null;
const rows = new Map(); // key id: its row

const typeNames = new Map(
  [...element('new-type').options].map((option) => [option.value, option.textContent]));

function say(message) {
  element('done').textContent = message;
  element('failed').textContent = '';
}

function complain(message) {
  element('done').textContent = '';
  element('failed').textContent = message;
}

function setState(name, text, isFailure = false) {
  element(`${name}-state`).textContent = text;
  element(`${name}-state`).classList.toggle('failure', isFailure);
}

function makeAction(word, key, run) {
  const button = make('button', word === 'Delete' ? 'quiet danger' : 'quiet', word);
  button.type = 'button';
  button.addEventListener('click', () => run(key));
  return button;
}

function makeCell(label, ...children) {
  const cell = make('td', '', ...children);
  cell.dataset.label = label;
  cell.setAttribute('role', 'cell'); // lost otherwise where the style makes it a block
  return cell;
}

function makeRow(key) {
  const name = make('th', 'name');
  name.scope = 'row';
  name.setAttribute('role', 'rowheader');
  const actions = makeCell('', makeAction('Rename', key, openRenaming),
    makeAction('Delete', key, openDeleting));
  actions.className = 'actions';
  const row = make('tr', '', name,
    makeCell('Type', make('span', 'type', typeNames.get(key.aiType) ?? key.aiType)),
    makeCell('Key id and access key', make('code', 'faint', key.id), make('code', '', key.key)),
    makeCell('Created', makeTime(key.createdAt)), actions);
  row.setAttribute('role', 'row');
  row.dataset.id = key.id;
  return row;
}

function nameRow(row, key) {
  row.querySelector('.name').textContent = key.name;
  for (const button of row.querySelectorAll('button'))
    button.setAttribute('aria-label', `${button.textContent} ${key.name}`);
}

/** Rows that stay are not touched: one of them may have the focus. */
function showKeys(keys) {
  const body = element('keys').tBodies[0];
  const live = new Set(keys.map((key) => key.id));
  for (const [id, row] of rows) {
    if (live.has(id)) continue;
    row.remove();
    rows.delete(id);
  }
  keys.forEach((key, i) => {
    if (!rows.has(key.id)) rows.set(key.id, makeRow(key));
    const row = rows.get(key.id);
    nameRow(row, key);
    if (body.rows[i] !== row) body.insertBefore(row, body.rows[i] ?? null);
  });
  element('keys').hidden = keys.length === 0;
  element('key-count').textContent = keys.length || '';
  setState('keys', keys.length ? '' : 'This repository has no live keys.');
}

// ---- events ----

const strong = (text) => make('strong', '', text);

function describeChange(data) {
  const name = strong(data.name ?? 'a key');
  switch (data.action) {
    case 'key.renamed': return ['renamed ', strong(data.previousName ?? ''), ' to ', name];
    case 'key.expiry_set': return ['set the expiry of ', name];
    case 'access.granted': return ['gave ', strong(data.userId ?? ''), ` the role ${data.role}`];
    case 'access.revoked': return ['took the rights of ', strong(data.userId ?? '')];
    default: return [`${String(data.action).replace(/^key\./, '')} `, name];
  }
}

function describeReason(data) {
  return [data.reason, data.reasonText].filter(Boolean).join(': ');
}

function makeEvent(event) {
  let data = {};
  try {
    data = JSON.parse(event.jsonData);
  } catch {
    data = { action: event.event }; // all that is known of it
  }
  const what = make('p', '', strong(event.userName || event.userId || 'The server'), ' ',
    ...describeChange(data), ' in ', data.repoId ?? event.contextId);
  const why = describeReason(data);
  const item = make('li', event.event, make('div', '', what, ...(why ? [make('p', 'hint', why)] : [])),
    makeTime(event.timestamp));
  return item;
}

function showEvents(at, { events, total }) {
  element('events').replaceChildren(...events.map(makeEvent));
  element('events').hidden = events.length === 0;
  element('event-count').textContent = total > events.length ? `${events.length} of ${total}` : '';
  element('more-events').hidden = total <= events.length || at.take >= EVENTS_MAX;
  setState('events', events.length ? '' : 'Nothing in the last 30 days that you may see.');
}

// ---- loading ----

/** Asks and hands the answer on, unless a later question of the same kind has been asked since. */
async function load(at, name, question, show, clear) {
  const number = (at.asked[name] = (at.asked[name] ?? 0) + 1);
  const isStale = () => at !== visit || number !== at.asked[name];
  try {
    const body = await question();
    if (!isStale()) show(body);
  } catch (failure) {
    if (isStale()) return;
    if (!(failure instanceof Failure)) throw failure;
    if (failure.status === 401) {
      leave(failure.message);
      return;
    }
    clear();
    setState(name, failure.message, true);
  }
}

const loadKeys = (at) => load(at, 'keys',
  () => ask('GET', keysPath(at.repository), undefined, at.controller.signal),
  (body) => {
    at.keys = body.apiKeys;
    showKeys(at.keys);
  },
  () => showKeys([]));

const loadEvents = (at) => load(at, 'events',
  () => ask('POST', 'systemevent', {
    from_timestamp: new Date(Date.now() - EVENTS_PERIOD).toISOString(), take: at.take,
  }, at.controller.signal),
  (body) => showEvents(at, body),
  () => showEvents(at, { events: [], total: 0 }));

function reload(at) {
  if (at === visit) return Promise.all([loadKeys(at), loadEvents(at)]);
  return undefined;
}

function forgetVisit() {
  visit?.controller.abort();
  visit = null;
  showKeys([]);
  element('events').replaceChildren();
  for (const name of ['keys', 'events']) setState(name, '');
  for (const id of ['events', 'more-events']) element(id).hidden = true;
  element('event-count').textContent = '';
  say('');
}

async function open(repository) {
  forgetVisit();
  const at = visit = {
    repository, controller: new AbortController(), asked: {}, keys: [], take: EVENTS_STEP,
  };
  element('repository').value = repository;
  element('create').disabled = true;
  for (const name of ['keys', 'events']) setState(name, 'Loading …');
  await loadKeys(at);
  if (at !== visit) return;
  element('create').disabled = false;
  showWorkspace();
  await loadEvents(at);
}

// ---- signing in and out ----

function showWorkspace() {
  element('token').value = '';
  if (!element('workspace').hidden) return;
  element('signing-in').hidden = true;
  element('workspace').hidden = element('leave').hidden = false;
  element('keys-heading').focus();
}

/** Forgets the token and asks for one. A secret that is shown stays: there is no second chance. */
function leave(message) {
  if (visit) element('first-repository').value = visit.repository;
  forgetVisit();
  token = '';
  for (const id of ['creating', 'renaming', 'deleting']) element(id).close();
  element('workspace').hidden = element('leave').hidden = true;
  element('signing-in').hidden = false;
  const form = element('sign-in');
  form.querySelector('fieldset').disabled = false;
  form.querySelector('[role=alert]').textContent = message;
  element('token').value = '';
  element('token').focus();
}

// ---- forms ----

/** Runs `action` when the form is sent; it is disabled meanwhile and says what failed. */
function onSubmit(form, action) {
  const fieldset = form.querySelector('fieldset'), problem = form.querySelector('[role=alert]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (fieldset.disabled) return;
    const focused = document.activeElement;
    problem.textContent = '';
    fieldset.disabled = true;
    try {
      await action();
    } catch (failure) {
      fieldset.disabled = false;
      if (!(failure instanceof Failure)) throw failure;
      problem.textContent = failure.message;
      focused?.focus();
    } finally {
      fieldset.disabled = false;
    }
  });
}

function setUpDialog(id, action) {
  const dialog = element(id), form = dialog.querySelector('form');
  onSubmit(form, () => change(dialog, action));
  form.querySelector('[data-cancel]').addEventListener('click', () => dialog.close());
  dialog.addEventListener('cancel', (event) => {
    if (form.querySelector('fieldset').disabled) event.preventDefault(); // it is being done
  });
  dialog.addEventListener('close', () => {
    form.reset();
    form.querySelector('[role=alert]').textContent = '';
  });
}

/** Runs an action of a dialog. What may be mended there is thrown; all else ends the dialog. */
async function change(dialog, action) {
  const at = visit;
  try {
    await action(at);
  } catch (failure) {
    if (!(failure instanceof Failure) || ![0, 401, 404].includes(failure.status)) throw failure;
    dialog.close();
    if (at !== visit) return;
    if (failure.status === 401) {
      leave(failure.message);
      return;
    }
    complain(failure.status ? failure.message
      : `${failure.message}: whether it was done, the list will show`);
  }
  await reload(at);
}

let chosen = null; // the key that a dialog is about

// ---- creating ----

function showSecret(name, created) {
  element('secret-name').textContent = name;
  element('secret-key').textContent = created.key;
  element('secret-text').textContent = created.secret;
  element('secret-state').textContent = '';
  element('secret').dataset.copied = '';
  element('secret').showModal();
  element('copy').focus();
}

function forgetSecret() {
  for (const id of ['secret-name', 'secret-key', 'secret-text', 'secret-state'])
    element(id).textContent = '';
}

async function copySecret() {
  const state = element('secret-state');
  try {
    await navigator.clipboard.writeText(element('secret-text').textContent);
    state.textContent = 'Copied.';
  } catch { // refused, or a page that did not come over HTTPS
    getSelection().selectAllChildren(element('secret-text'));
    state.textContent = 'Selected: copy it with the keys of your system.';
  }
  element('secret').dataset.copied = 'yes';
}

async function create(at) {
  const name = element('new-name').value;
  const created = await ask('POST', keysPath(at.repository),
    { name, aiType: element('new-type').value });
  element('creating').close();
  say(`${name} was created.`);
  showSecret(name, created);
}

// ---- renaming ----

function openRenaming(key) {
  chosen = visit.keys.find((each) => each.id === key.id) ?? key;
  element('renaming').showModal();
  element('other-name').value = chosen.name;
  element('other-name').select();
}

async function rename(at) {
  const name = element('other-name').value;
  await ask('PUT', keyPath(at.repository, chosen.id), { name });
  element('renaming').close();
  say(`${chosen.name} is now called ${name}.`);
}

// ---- deleting ----

function openDeleting(key) {
  chosen = visit.keys.find((each) => each.id === key.id) ?? key;
  element('deleting-name').textContent = chosen.name;
  element('deleting-key').textContent = chosen.key;
  needText();
  element('deleting').showModal();
  element('reason').focus();
}

function needText() {
  const needs = element('reason').value === 'other';
  element('reason-text').required = needs;
  element('reason-need').textContent = needs ? '(needed)' : '(optional)';
}

function readGuard() {
  const query = new URLSearchParams(), number = element('guard-number').value;
  if (element('reason').value) query.set('reason', element('reason').value);
  if (element('reason-text').value) query.set('reasonText', element('reason-text').value);
  if (number) query.set('unlessUsedWithin', number + element('guard-unit').value);
  const text = String(query).replaceAll('+', '%20'); // a form's + for a space is a plus elsewhere
  return text && `?${text}`;
}

async function remove(at) {
  await ask('DELETE', keyPath(at.repository, chosen.id) + readGuard());
  element('deleting').close();
  if (at !== visit) return;
  at.keys = at.keys.filter((key) => key.id !== chosen.id);
  showKeys(at.keys);
  say(`${chosen.name} was deleted.`);
  element('keys-heading').focus();
}

// ---- all together ----

onSubmit(element('sign-in'), async () => {
  const given = element('token').value.trim();
  if (!/^[!-~]+$/.test(given)) throw new Failure('A token has no spaces and only ASCII characters');
  token = given;
  await open(element('first-repository').value);
});

element('choose').addEventListener('submit', (event) => {
  event.preventDefault();
  open(element('repository').value);
});

setUpDialog('creating', create);
setUpDialog('renaming', rename);
setUpDialog('deleting', remove);
element('reason').addEventListener('change', needText);
element('create').addEventListener('click', () => element('creating').showModal());
element('leave').addEventListener('click', () => leave(''));
element('refresh').addEventListener('click', () => reload(visit));
element('more-events').addEventListener('click', () => {
  visit.take = Math.min(visit.take + EVENTS_STEP, EVENTS_MAX);
  loadEvents(visit);
});

element('copy').addEventListener('click', copySecret);
element('secret').querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  forgetSecret();
  element('secret').close();
});
element('secret').addEventListener('close', forgetSecret);
element('secret').addEventListener('cancel', (event) => {
  if (element('secret').dataset.copied) return;
  event.preventDefault(); // Escape by mistake would lose it
  element('secret-state').textContent = 'Not copied yet. Use Close if you have it.';
});

addEventListener('pagehide', () => { // the browser may keep the page for its back button
  forgetSecret();
  leave('');
});

element('token').focus();
