// SPDX-License-Identifier: MIT
// openapi_test.mjs PROGRAM OPENAPI MODULES: openapi.json is valid, and says of the server what it
// does: every path, every method, and every status that does not need a broken disk.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Description } from './description.mjs';
import { exchange, exchangeRaw } from './exchange.mjs';
import { Server } from './server.mjs';

const [program, document, modules] = process.argv.slice(2);
const NOBODY = '00000000-0000-7000-8000-000000000000'; // no key has this id
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND'];

// Statuses that this test cannot bring about, by what it would need.
const OUT_OF_REACH = new Set(['500', '503']); // a broken, full or busy disk
const NEEDS_UNIQUE_NAMES = new Set(['POST /repo/{repoId}/ai/apikey 409',
  'PUT /repo/{repoId}/ai/apikey/{apikeyId} 409']); // which the demo's store does not ask for

const description = new Description(document, modules);
const operations = [...description.operations()];

test('the document is a valid OpenAPI document', async () => {
  assert.deepEqual(await description.errors(), []);
  assert.match(description.document.openapi, /^3\.1\./);
  assert.equal(description.document.info.license.identifier, 'MIT');
});

test('each of its examples is as its schema wants it, and none has a real secret', () => {
  let count = 0;
  const walk = (at, pointer) => {
    if (at === null || typeof at !== 'object') return;
    if (at.example !== undefined && at.schema) {
      const validate = description.ajv.getSchema(`openapi.json${encodeURI(`${pointer}/schema`)}`);
      assert.ok(validate(at.example), `${pointer}: ${description.ajv.errorsText(validate.errors)}`);
      count++;
    }
    for (const [name, value] of Object.entries(at))
      walk(value, `${pointer}/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`);
  };
  walk(description.document, '#');
  assert.ok(count > 20, `${count} examples`);
  for (const [secret] of description.text.matchAll(/\b(kw_sk_|kwt_)[0-9A-Za-z_-]{20,}/g))
    assert.match(secret, /Example/);
});

test('each operation is complete', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const { template, method, operation } of operations) {
    const where = `${method} ${template}`;
    assert.ok(operation.summary && operation.tags.length === 1, where);
    assert.ok(!operation.requestBody || ['POST', 'PUT'].includes(method), where);
    const isOpen = operation.security?.length === 0;
    if (template !== '/auth/verify') // whose own 401 is about the key
      assert.equal(operation.responses[401] === undefined, isOpen, where);
    for (const response of Object.values(operation.responses))
      for (const name of ['Cache-Control', 'X-Content-Type-Options', 'X-Request-Id'])
        assert.ok(description.resolve(response).headers[name], `${where}: ${name}`);
  }
});

test('the document and the server agree', async (t) => {
  const server = await Server.start(program);
  t.after(() => server.kill());

  const authorized = (user) => ({ Authorization: `Bearer ${server.tokens[user]}` });
  const json = { 'Content-Type': 'application/json' };
  const place = (template, repository, key) =>
    template.replace('{repoId}', repository).replace('{apikeyId}', key);
  /** The document's own example of a body. */
  const exampleOf = (operation) =>
    JSON.stringify(operation.requestBody?.content['application/json'].example);
  const ask = async (method, path, { headers = {}, body } = {}) => {
    const answer = await exchange(server.url, { method, path, headers, body });
    description.check(method, path, answer);
    return answer;
  };
  const create = async () => JSON.parse((await ask('POST', '/repo/demo/ai/apikey', {
    headers: { ...authorized('anna'), ...json }, body: JSON.stringify({ name: 'x', aiType: 'AWS' }),
  })).text);
  const expect = async (status, method, path, rest) =>
    assert.equal((await ask(method, path, rest)).status, status, `${method} ${path.slice(0, 100)}`);

  await t.test('each method of a path is there, and no other', async () => {
    for (const [template, item] of Object.entries(description.document.paths)) {
      const path = place(template, 'demo', NOBODY);
      const allowed = description.allowed(template);
      assert.deepEqual(allowed.split(', ').sort(), Object.keys(item)
        .filter((name) => name !== 'parameters').map((name) => name.toUpperCase()).sort(), template);
      for (const method of METHODS) {
        const { status, headers } = await ask(method, path); // without a token: 401 at most
        if (allowed.split(', ').includes(method)) assert.ok(![404, 405].includes(status), `${method} ${path}`);
        else assert.deepEqual([status, headers.get('allow')], [405, allowed], `${method} ${path}`);
      }
    }
  });

  await t.test('each succeeds with the example of the document', async () => {
    for (const { template, method, operation } of operations) {
      const { id, key, secret } = await create();
      const path = place(template, 'demo', id);
      const body = template === '/auth/verify' && method === 'POST'
        ? JSON.stringify({ key, secret }) : exampleOf(operation);
      await expect(method === 'OPTIONS' ? 204 : 200, method, path,
        { headers: { ...authorized('anna'), ...(body ? json : {}) }, body });
    }
  });

  await t.test('each refuses what the document says that it refuses', async () => {
    const { id } = await create();
    for (const { template, method, operation } of operations) {
      const path = place(template, 'demo', id), body = exampleOf(operation);
      const all = { headers: { ...authorized('anna'), ...json }, body };
      const has = (status) => operation.responses[status];
      if (has(401)) await expect(401, method, path, { headers: json, body });
      if (has(403)) await expect(403, method, place(template, 'nowhere', id), all);
      if (has(404)) await expect(404, method, place(template, 'demo', NOBODY), all);
      if (has(413)) await expect(413, method, path, { ...all, body: 'x'.repeat(65537) });
      if (has(414)) await expect(414, method, `${path}?${'x'.repeat(8192)}`, all);
      if (has(415)) await expect(415, method, path, { headers: authorized('anna'), body });
      if (has(431)) await expect(431, method, path,
        { ...all, headers: { ...all.headers, 'X-Padding': 'x'.repeat(16384) } });
      if (has(400) && template.includes('{')) await expect(400, method, place(template, '%zz', id), all);
    }
  });

  await t.test('a body of two lengths is refused, and the connection with it', async () => {
    const others = [{ template: '/x', method: 'GET' }, { template: '/healthz', method: 'PATCH' }];
    for (const { template, method } of [...operations, ...others]) {
      const path = place(template, 'demo', NOBODY);
      const answer = await exchangeRaw(server.url, `${method} ${path} HTTP/1.1\r\nHost: x\r\n` +
        'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
      description.check(method, path, answer);
      assert.equal(answer.status, 400, `${method} ${path}`);
    }
  });

  await t.test('a key that was used is left alone', async () => {
    const { id, key, secret } = await create();
    await expect(200, 'POST', '/auth/verify', { headers: json, body: JSON.stringify({ key, secret }) });
    await expect(409, 'DELETE', `/repo/demo/ai/apikey/${id}?unlessUsedWithin=1h`,
      { headers: authorized('anna') });
  });

  await t.test('a path that is not in the document is unknown', async () => {
    for (const path of ['/x', '/repo/demo/ai/apikey/', '/openapi.yaml']) await expect(404, 'GET', path);
  });

  await t.test('every status in the document was seen', () => {
    const described = operations.flatMap(({ template, method, operation }) =>
      Object.keys(operation.responses).filter((status) => !OUT_OF_REACH.has(status))
        .map((status) => `${method} ${template} ${status}`))
      .filter((answer) => !NEEDS_UNIQUE_NAMES.has(answer));
    assert.deepEqual(described.filter((answer) => !description.seen.has(answer)), []);
  });

  assert.equal(await server.stop(), 0);
});
