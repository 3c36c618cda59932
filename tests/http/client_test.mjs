// SPDX-License-Identifier: MIT
// client_test.mjs PROGRAM OPENAPI MODULES: the whole contract as a client sees it. Every answer is
// held against the document as well.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ApiClient, HttpError } from './client.mjs';
import { Description } from './description.mjs';
import { exchange } from './exchange.mjs';
import { Server } from './server.mjs';

const [program, document, modules] = process.argv.slice(2);
const description = new Description(document, modules);
const NOBODY = '00000000-0000-7000-8000-000000000000'; // no key has this id
const failed = (message) => ({ success: false, message });

test('the API as a client sees it', async (t) => {
  const server = await Server.start(program);
  t.after(() => server.kill());
  const watched = description.watch(server.url);
  const clientOf = (user) => {
    const client = new ApiClient(server.url, watched);
    client.setAuthToken(server.tokens[user]);
    return client;
  };
  const anna = clientOf('anna'), ben = clientOf('ben');

  const refused = async (promise, status, body) => {
    const failure = await promise.then(() => assert.fail(`no ${status}`), (reason) => reason);
    if (!(failure instanceof HttpError)) throw failure;
    assert.deepEqual([failure.status, failure.body], [status, body]);
  };
  /** 400, with a message that names what is wrong. */
  const malformed = async (promise, word) => {
    const failure = await promise.then(() => assert.fail(`no 400 for ${word}`), (reason) => reason);
    if (!(failure instanceof HttpError)) throw failure;
    assert.deepEqual([failure.status, failure.body.success], [400, false]);
    assert.ok(failure.body.message.includes(word), `${failure.body.message}: no ${word}`);
  };
  const send = async (method, path, { body, headers = {}, user } = {}) => {
    if (user) headers.Authorization = `Bearer ${server.tokens[user]}`;
    const response = await watched(`${server.url}${path}`, { method, headers, body });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const names = async (client = anna) =>
    (await client.getRepoAiApiKeys('demo')).apiKeys.map((key) => key.name);
  const create = (name, aiType = 'OTHER') => anna.createRepoAiApiKey('demo', { name, aiType });
  const verify = (key, secret) =>
    anna.makeRequest('/auth/verify', 'POST', { key, secret });

  let made;

  await t.test('the demo has three keys, which everybody with a role lists newest first', async () => {
    assert.deepEqual(await names(), ['Nightly evaluation', 'Support assistant', 'CI pipeline']);
    assert.deepEqual(await names(ben), await names());
    const { apiKeys } = await anna.getRepoAiApiKeys('demo');
    assert.deepEqual(apiKeys.map((key) => [key.repoId, key.aiType, key.deletedAt]),
      [['demo', 'GOOGLE', null], ['demo', 'ANTHROPIC', null], ['demo', 'OPENAI', null]]);
  });

  await t.test('create: the new key comes first, its secret in this one answer only', async () => {
    made = await create('Éditeur "β" <b>', 'AWS');
    const { success, message } = made;
    assert.deepEqual([success, message], [true, 'AI API key created successfully']);
    const response = await send('GET', '/repo/demo/ai/apikey', { user: 'anna' });
    const [first] = JSON.parse(response.text).apiKeys;
    assert.deepEqual(first, {
      id: made.id, name: 'Éditeur "β" <b>', repoId: 'demo', key: made.key, aiType: 'AWS',
      createdAt: first.createdAt, deletedAt: null,
    });
    assert.ok(!response.text.includes(made.secret));
    assert.equal((await names()).length, 4);
  });

  await t.test('create: unknown members are ignored, wrong ones refused', async () => {
    const bytes = (count) => 'é'.repeat(count / 2) + 'x'.repeat(count % 2);
    await anna.createRepoAiApiKey('demo', { name: bytes(255), aiType: 'OTHER', color: 'blue' });
    const tooLong = anna.createRepoAiApiKey('demo', { name: bytes(256), aiType: 'OTHER' });
    await refused(tooLong, 400, failed('"name" must be a string of 1 to 255 bytes'));
    for (const name of ['', 7, null, ['a'], undefined])
      await refused(create(name), 400, failed('"name" must be a string of 1 to 255 bytes'));
    for (const aiType of ['openai', '', 1, null, 'MISTRAL'])
      await malformed(create('x', aiType), '"aiType"');
    assert.equal((await names()).length, 5);
  });

  await t.test('a body that is no JSON object is refused', async () => {
    const headers = { 'Content-Type': 'application/json' };
    for (const body of ['', '{', '[]', '"name"', 'null', '{"name":"a","name":"b","aiType":"AWS"}',
      '{"name":"a\\u0000b","aiType":"AWS"}', '{"name":"a","aiType":"AWS"} x']) {
      const answer = await send('POST', '/repo/demo/ai/apikey', { body, headers, user: 'anna' });
      assert.equal(answer.status, 400, body);
    }
    assert.equal((await names()).length, 5);
  });

  await t.test('rename', async () => {
    const done = { success: true, message: 'AI API key updated successfully' };
    assert.deepEqual(await anna.updateRepoAiApiKey('demo', made.id, { name: 'Editor' }), done);
    assert.equal((await names())[1], 'Editor');
    for (const nothing of [{}, { name: null }, { color: 'blue' }])
      assert.deepEqual(await anna.updateRepoAiApiKey('demo', made.id, nothing), done);
    assert.equal((await names())[1], 'Editor');
    for (const name of ['', 7, true, {}, 'x'.repeat(256)])
      await refused(anna.updateRepoAiApiKey('demo', made.id, { name }), 400,
        failed('"name" must be a string of 1 to 255 bytes'));
    for (const data of [{}, { name: 'x' }])
      await refused(anna.updateRepoAiApiKey('demo', NOBODY, data), 404, failed('AI API key not found'));
  });

  await t.test('verify: what a pair opens, and one refusal for everything else', async () => {
    assert.deepEqual(await verify(made.key, made.secret),
      { success: true, id: made.id, repoId: 'demo', aiType: 'AWS', expiresAt: null });
    const other = await create('Other');
    const wrong = [[made.key, other.secret], [other.key, made.secret], [made.key, `${made.secret}x`],
      ['', ''], [made.key, ''], ['', made.secret], ['kw_ak_x', 'kw_sk_x'], ['x'.repeat(300), 'x'],
      [made.key, 'x'.repeat(65000)], [made.secret, made.key], ['é\n"', '\\']];
    const texts = new Set();
    for (const [key, secret] of wrong) {
      const answer = await send('POST', '/auth/verify', {
        headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ key, secret }),
      });
      assert.equal(answer.status, 401);
      texts.add(answer.text);
    }
    assert.deepEqual([...texts], ['{"success":false,"message":"Invalid API key"}']);
    for (const data of [{}, { key: made.key }, { secret: made.secret }, { key: 1, secret: 2 },
      { key: null, secret: null }])
      await malformed(anna.makeRequest('/auth/verify', 'POST', data), 'must be a string');
    await anna.deleteRepoAiApiKey('demo', other.id);
    await refused(verify(other.key, other.secret), 401, failed('Invalid API key'));
  });

  await t.test('a deletion with a wrong query deletes nothing', async () => {
    const queries = ['reason=bored', 'reason=', 'reason=other', 'reason=unused&reason=unused',
      'unlessusedwithin=7d', 'unlessUsedWithin=7', 'unlessUsedWithin=d', 'unlessUsedWithin=7y',
      'unlessUsedWithin=-7d', 'unlessUsedWithin=', 'unlessUsedWithin=1d&unlessUsedWithin=1d', 'x=1',
      'reasonText=%ff', 'reasonText=%zz', `reason=other&reasonText=${'x'.repeat(1025)}`,
      'unlessUsedWithin=99999999999999999999w'];
    for (const query of queries)
      await malformed(anna.deleteRepoAiApiKey('demo', made.id, `?${query}`), '');
    assert.ok((await names()).includes('Editor'));
  });

  await t.test('a deletion with a guard leaves a used key alone', async () => {
    const failure = await anna.deleteRepoAiApiKey('demo', made.id, '?unlessUsedWithin=1h')
      .then(() => assert.fail('deleted'), (reason) => reason);
    assert.equal(failure.status, 409);
    assert.deepEqual(failure.body, {
      ...failed('AI API key was used too recently'), lastUsedAt: failure.body.lastUsedAt,
    });
    assert.ok((await names()).includes('Editor'));
  });

  await t.test('delete: gone from the list and from verification; again: 404', async () => {
    const done = { success: true, message: 'AI API key deleted successfully' };
    const query = '?reason=other&reasonText=moved%20to%20a%2Bb%20%26%20c';
    assert.deepEqual(await anna.deleteRepoAiApiKey('demo', made.id, query), done);
    assert.ok(!(await names()).includes('Editor'));
    await refused(verify(made.key, made.secret), 401, failed('Invalid API key'));
    const already = failed('AI API key already deleted');
    await refused(anna.deleteRepoAiApiKey('demo', made.id), 404, already);
    await refused(anna.updateRepoAiApiKey('demo', made.id, { name: 'x' }), 404, already);
    await refused(anna.updateRepoAiApiKey('demo', made.id, {}), 404, already);
    await refused(anna.deleteRepoAiApiKey('demo', NOBODY), 404, failed('AI API key not found'));
    await refused(anna.deleteRepoAiApiKey('demo', 'no id'), 404, failed('AI API key not found'));
  });

  await t.test('delete: nothing but the Authorization header; with every reason; with a body', async () => {
    const bare = await create('Bare');
    const response = await watched(`${server.url}/repo/demo/ai/apikey/${bare.id}`,
      { method: 'DELETE', headers: { Authorization: `Bearer ${server.tokens.anna}` } });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '{"success":true,"message":"AI API key deleted successfully"}');
    for (const reason of ['unused', 'rotated', 'compromised', 'offboarding']) {
      const { id } = await create(reason);
      await anna.deleteRepoAiApiKey('demo', id, `?reason=${reason}&unlessUsedWithin=52w`);
    }
    const { id } = await create('With a body');
    const answer = await send('DELETE', `/repo/demo/ai/apikey/${id}`, { body: 'not JSON', user: 'anna' });
    assert.equal(answer.status, 200);
  });

  await t.test('who lacks the role is refused, as in a repository that does not exist', async () => {
    await server.addUser('carl', '--email', 'carl@example.org', '--name', 'Carl');
    const carl = clientOf('carl');
    const forbidden = failed('Insufficient permissions');
    const { id } = await create('Guarded');
    await refused(ben.createRepoAiApiKey('demo', { name: 'x', aiType: 'AWS' }), 403, forbidden);
    for (const key of [id, made.id, NOBODY]) {
      await refused(ben.updateRepoAiApiKey('demo', key, { name: 'x' }), 403, forbidden);
      await refused(ben.updateRepoAiApiKey('demo', key, {}), 403, forbidden);
      await refused(ben.deleteRepoAiApiKey('demo', key), 403, forbidden);
    }
    await refused(carl.getRepoAiApiKeys('demo'), 403, forbidden);
    for (const repository of ['nowhere', 'a/b', 'demo/ai', '%', 'a+b', '№ 1'])
      await refused(anna.getRepoAiApiKeys(repository), 403, forbidden);
    assert.equal((await names())[0], 'Guarded');
    const [unknown, denied] = await Promise.all(['nowhere', 'demo'].map((repository) =>
      send('GET', `/repo/${repository}/ai/apikey`, { user: 'carl', headers: { 'X-Request-Id': 'same' } })));
    const told = ({ status, headers, text }) =>
      [status, text, [...headers].filter(([name]) => name !== 'date')];
    assert.deepEqual(told(unknown), told(denied));
  });

  await t.test('an empty list is an empty list', async () => {
    const { apiKeys } = await anna.getRepoAiApiKeys('demo');
    for (const { id } of apiKeys) await anna.deleteRepoAiApiKey('demo', id, '?reason=unused');
    assert.deepEqual(await anna.getRepoAiApiKeys('demo'), { success: true, apiKeys: [] });
  });

  let all;

  await t.test('events: newest first, with who did what to which key', async () => {
    const page = await anna.getSystemEvents({ take: 100 });
    all = page.events;
    assert.deepEqual([page.total, page.skip, page.take], [all.length, 0, 100]);
    const ids = all.map((event) => event.id);
    assert.deepEqual(ids, [...ids].sort((a, b) => b - a));
    const ofMade = all.filter((event) => event.contextId === made.id);
    assert.deepEqual(ofMade.map((event) => event.event), ['deleted', 'updated', 'created']);
    for (const event of ofMade)
      assert.deepEqual(
        [event.context, event.orgId, event.userId, event.userName, event.userEmail, event.workspaceId],
        ['aillmapikey', '', 'anna', 'Anna', 'anna@example.org', null]);
    const [deleted, renamed, created] = ofMade.map((event) => JSON.parse(event.jsonData));
    assert.deepEqual(deleted, {
      action: 'key.deleted', repoId: 'demo', name: 'Editor', reason: 'other',
      reasonText: 'moved to a+b & c', requestId: deleted.requestId,
    });
    assert.deepEqual(renamed, {
      action: 'key.renamed', repoId: 'demo', name: 'Editor', previousName: 'Éditeur "β" <b>',
      requestId: renamed.requestId,
    });
    assert.deepEqual(created, {
      action: 'key.created', repoId: 'demo', name: 'Éditeur "β" <b>', aiType: 'AWS',
      requestId: created.requestId,
    });
  });

  await t.test('events: rights are updates of their repository; refusals are none', async () => {
    const rights = all.filter((event) => event.context === 'repo');
    assert.deepEqual(rights.map((event) => [event.contextId, event.event, event.userId, event.userName]),
      [['demo', 'updated', '', ''], ['demo', 'updated', '', '']]);
    assert.deepEqual(rights.map((event) => JSON.parse(event.jsonData)), [
      { action: 'access.granted', repoId: 'demo', role: 'reader', userId: 'ben' },
      { action: 'access.granted', repoId: 'demo', role: 'admin', userId: 'anna' },
    ]);
    assert.ok(!JSON.stringify(all).includes('denied'));
    assert.deepEqual([...new Set(all.map((event) => event.userId))], ['anna', '']);
  });

  const search = async (filter, client = anna) =>
    (await client.getSystemEvents({ take: 100, ...filter })).events.map((event) => event.id);
  const among = (keeps) => all.filter(keeps).map((event) => event.id);

  await t.test('events: every filter, and all at once', async () => {
    const everything = among(() => true), words = ['created', 'updated', 'deleted'];
    for (let event = 0; event < 3; event++)
      assert.deepEqual(await search({ event }), among((each) => each.event === words[event]));
    for (let context = 0; context < 14; context++) {
      const word = { 2: 'repo', 12: 'aillmapikey' }[context];
      assert.deepEqual(await search({ context }), among((each) => each.context === word));
    }
    for (const contextId of [made.id, 'demo', 'nowhere', '', 'x'.repeat(300)])
      assert.deepEqual(await search({ contextId }), among((each) => each.contextId === contextId));
    assert.deepEqual(await search({ contextId: 'demo', context: 12 }), []);
    assert.deepEqual(await search({ contextId: made.id, context: 2 }), []);
    for (const userId of ['anna', 'ben', '', 'x'.repeat(300)])
      assert.deepEqual(await search({ userId }), among((each) => each.userId === userId));
    assert.deepEqual(await search({ workspaceId: 'w' }), []);
    assert.deepEqual(await search({ showUnread: true }), everything);
    const nothing = ['from_timestamp', 'to_timestamp', 'contextId', 'context', 'event', 'userId',
      'workspaceId', 'showUnread', 'skip'].map((name) => [name, null]);
    assert.deepEqual(await search(Object.fromEntries(nothing)), everything);
    assert.deepEqual(await search({ contextId: made.id, context: 12, event: 2, userId: 'anna',
      showUnread: true, from_timestamp: '2000-01-01', to_timestamp: '2999-01-01' }),
    among((each) => each.contextId === made.id && each.event === 'deleted'));
  });

  await t.test('events: from a time on, and before a time', async () => {
    const middle = Date.parse(all[Math.floor(all.length / 2)].timestamp);
    const zulu = new Date(middle).toISOString();
    const forms = [zulu, new Date(middle + 5400000).toISOString().replace('Z', '+01:30'),
      new Date(middle - 28800000).toISOString().replace('Z', '-08:00')];
    for (const form of forms) {
      assert.deepEqual(await search({ from_timestamp: form }),
        among((each) => Date.parse(each.timestamp) >= middle));
      assert.deepEqual(await search({ to_timestamp: form }),
        among((each) => Date.parse(each.timestamp) < middle));
    }
    assert.deepEqual(await search({ from_timestamp: zulu, to_timestamp: zulu }), []);
    assert.deepEqual(await search({ to_timestamp: '2000-01-01T00:00:00Z' }), []);
    assert.deepEqual(await search({ from_timestamp: '2999-01-01' }), []);
    assert.deepEqual(await search({ from_timestamp: '1999-12-31T23:59:59' }), among(() => true));
  });

  await t.test('events: in pages, each once', async () => {
    const first = await anna.getSystemEvents({});
    assert.deepEqual([first.skip, first.take, first.total], [0, 20, all.length]);
    assert.equal(first.events.length, 20);
    const paged = [];
    for (let skip = 0; skip < all.length + 7; skip += 7) {
      const page = await anna.getSystemEvents({ skip, take: 7 });
      assert.deepEqual([page.total, page.skip, page.take], [all.length, skip, 7]);
      paged.push(...page.events);
    }
    assert.deepEqual(paged, all);
  });

  await t.test('events: a wrong question is refused', async () => {
    const wrong = {
      from_timestamp: ['yesterday', '', 7, '2026-13-01', '2026-02-30', '2026-11-25T25:00:00Z', true],
      to_timestamp: ['now', '2026-11-25T02:18:36.Z', {}, '20261125'],
      contextId: [7, [], false], userId: [7, {}], workspaceId: [7],
      context: [-1, 14, '2', 2.5, true], event: [-1, 3, '0', 0.5], showUnread: ['yes', 1],
      skip: [-1, 1.5, '1', 1e30], take: [0, 101, -1, '20', 2.5],
    };
    for (const [member, values] of Object.entries(wrong))
      for (const value of values) await malformed(anna.getSystemEvents({ [member]: value }), `"${member}"`);
  });

  await t.test('events: others than admins see what they did themselves', async () => {
    for (const user of ['ben', 'carl'])
      assert.deepEqual(await clientOf(user).getSystemEvents({}),
        { events: [], total: 0, skip: 0, take: 20 });
  });

  await t.test('without a token that is known: 401', async () => {
    const body = failed('Missing or invalid bearer token');
    const routes = [['GET', '/repo/demo/ai/apikey'], ['POST', '/repo/demo/ai/apikey'],
      ['PUT', `/repo/demo/ai/apikey/${made.id}`], ['DELETE', `/repo/demo/ai/apikey/${made.id}`],
      ['POST', '/systemevent']];
    const wrong = [undefined, '', 'Bearer', 'Bearer ', 'Bearer kwt_nonsense', 'Basic YTpi',
      `bearer  ${server.tokens.anna}x`, server.tokens.anna, `Bearer ${server.tokens.anna.slice(0, -1)}`];
    for (const [method, path] of routes)
      for (const Authorization of wrong) {
        const headers = Authorization === undefined ? {} : { Authorization };
        const answer = await send(method, path, { headers }); // no body: the token comes first
        assert.deepEqual([answer.status, JSON.parse(answer.text)], [401, body]);
      }
  });

  await t.test('unknown paths and methods', async () => {
    for (const path of ['/x', '/repo', '/repo/demo/ai/apikey/', `/repo/demo/ai/apikey/${made.id}/`,
      '/repo//ai/apikey', '/systemevent/', '/healthz/', '//', '/page', '/Healthz', '/repo/a%2Fb/ai'])
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await exchange(server.url, { method, path });
        description.check(method, path, answer);
        assert.deepEqual([answer.status, JSON.parse(answer.text)], [404, failed('Not found')]);
      }
    for (const [method, path, allow] of [
      ['PUT', '/repo/demo/ai/apikey', 'GET, HEAD, POST, OPTIONS'],
      ['GET', '/repo/demo/ai/apikey/x', 'PUT, DELETE, OPTIONS'],
      ['GET', '/systemevent', 'POST, OPTIONS'], ['POST', '/healthz', 'GET, HEAD, OPTIONS']]) {
      const answer = await send(method, path);
      assert.deepEqual([answer.status, JSON.parse(answer.text)], [405, failed('Method not allowed')]);
      assert.equal(answer.headers.get('allow'), allow);
    }
  });

  await t.test('malformed escapes in a path: 400', async () => {
    for (const id of ['%', '%2', '%zz', '%00', 'a%00b', '%ff', '%c3', '%ed%a0%80', '%c0%af'])
      for (const path of [`/repo/${id}/ai/apikey`, `/repo/demo/ai/apikey/${id}`]) {
        const method = path.endsWith('apikey') ? 'GET' : 'DELETE';
        const answer = await exchange(server.url, { method, path });
        description.check(method, path, answer);
        assert.equal(answer.status, 400, path);
      }
    await malformed(anna.getRepoAiApiKeys('x'.repeat(256)), '255');
  });

  await t.test('the content type of a body: 415', async () => {
    const body = JSON.stringify({ name: 'x', aiType: 'AWS' });
    for (const type of ['text/plain', 'application/jsonp', 'application/x-www-form-urlencoded', '']) {
      const answer = await send('POST', '/repo/demo/ai/apikey',
        { body, headers: { 'Content-Type': type }, user: 'anna' });
      assert.deepEqual([answer.status, JSON.parse(answer.text)],
        [415, failed('The content type must be application/json')]);
    }
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/json;x=y']) {
      const answer = await send('POST', '/repo/demo/ai/apikey',
        { body, headers: { 'Content-Type': type }, user: 'anna' });
      assert.equal(answer.status, 200);
    }
  });

  await t.test('sizes: 413, 414, 431, each before the token', async () => {
    const headers = { 'Content-Type': 'application/json' };
    const padded = (length) => {
      const body = JSON.stringify({ name: 'Large', aiType: 'AWS', padding: '' });
      return body.replace('""}', `"${'x'.repeat(length - body.length)}"}`);
    };
    const fits = await send('POST', '/repo/demo/ai/apikey', { body: padded(65536), headers, user: 'anna' });
    assert.equal(fits.status, 200);
    const wrong = [
      [413, 'The body is larger than 65536 bytes', 'POST', '/repo/demo/ai/apikey', { body: padded(65537), headers }],
      [414, 'The request target is too long', 'GET', `/repo/demo/ai/apikey?${'x'.repeat(8192)}`, {}],
      [431, 'The request head is too large', 'GET', '/repo/demo/ai/apikey', { headers: { 'X-Padding': 'x'.repeat(16384) } }],
    ];
    for (const [status, message, method, path, rest] of wrong) {
      const answer = await exchange(server.url, { method, path, ...rest });
      description.check(method, path, answer);
      assert.deepEqual([answer.status, JSON.parse(answer.text)], [status, failed(message)]);
    }
  });

  await t.test("the request's own id comes back and goes into the event", async () => {
    const made = await send('POST', '/repo/demo/ai/apikey', {
      body: JSON.stringify({ name: 'Traced', aiType: 'AWS' }), user: 'anna',
      headers: { 'Content-Type': 'application/json', 'X-Request-Id': 'trace-~!17' },
    });
    assert.equal(made.headers.get('x-request-id'), 'trace-~!17');
    const { events } = await anna.getSystemEvents({ contextId: JSON.parse(made.text).id });
    assert.equal(JSON.parse(events[0].jsonData).requestId, 'trace-~!17');
    for (const id of ['x'.repeat(255), 'x'.repeat(256), 'two words', '\u00e9']) {
      const answer = await send('GET', '/healthz', { headers: { 'X-Request-Id': id } });
      assert.equal(answer.headers.get('x-request-id') === id, id.length === 255);
    }
  });

  await t.test('HEAD as GET without a body, OPTIONS without a token', async () => {
    for (const path of ['/repo/demo/ai/apikey', '/healthz', '/', '/openapi.json']) {
      const get = await send('GET', path, { user: 'anna' });
      const head = await send('HEAD', path, { user: 'anna' });
      assert.deepEqual([head.status, head.text, head.headers.get('content-type')],
        [200, '', get.headers.get('content-type')]);
      assert.equal(head.headers.get('content-length'), get.headers.get('content-length'));
    }
    assert.equal((await send('OPTIONS', `/repo/demo/ai/apikey/${made.id}`)).status, 204);
  });

  await t.test('health, metrics, the document and the page', async () => {
    assert.equal((await send('GET', '/healthz')).text, '{"success":true,"status":"ok"}');
    assert.ok((await send('GET', '/openapi.json')).text === description.text);
    for (const path of ['/', '/page.css', '/page.js', '/icon.svg']) {
      const file = await send('GET', path);
      assert.equal(file.status, 200);
      assert.notEqual(file.text, '');
    }
    const { text } = await send('GET', '/metrics');
    const value = (series) => Number(text.split('\n').find((line) => line.startsWith(`${series} `))?.slice(series.length + 1));
    const deleted = (await anna.getSystemEvents({ event: 2 })).total;
    assert.equal(value('keyward_deletes_total'), deleted);
    assert.equal(value('keyward_http_requests_total{route="/repo/{repoId}/ai/apikey/{apikeyId}",method="DELETE",code="200"}'), deleted);
    for (const cause of ['unauthenticated', 'forbidden', 'malformed', 'unknown', 'wrong_secret', 'deleted',
      'expired', 'purged'])
      assert.ok(value(`keyward_refusals_total{cause="${cause}"}`) >= 0, cause);
    assert.equal(value('keyward_refusals_total{cause="deleted"}'), 2);
    assert.ok(value('keyward_commit_batch_size_bucket{le="+Inf"}') > 0);
    assert.ok(value('keyward_http_connections') > 0);
  });

  await t.test('it ends as it is asked to', async () => {
    assert.equal(await server.stop(), 0);
  });
});
