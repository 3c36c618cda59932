// SPDX-License-Identifier: MIT
// openapi.json as a judge: is this the answer that the document gives for this request?
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const NAME = 'openapi.json'; // of the document among ajv's schemas
const METHODS = ['get', 'head', 'post', 'put', 'delete', 'options', 'patch', 'trace'];
// What every HTTP server sends; any other header must be described.
const COMMON = new Set(['connection', 'content-length', 'content-type', 'date', 'keep-alive']);

const escaped = (name) => name.replace(/~/g, '~0').replace(/\//g, '~1');

export class Description {
  /** `modules`: the folder that modules.sh has filled. */
  constructor(file, modules) {
    this.require = createRequire(path.join(path.resolve(modules), 'package.json'));
    this.text = readFileSync(file, 'utf8');
    this.document = JSON.parse(this.text);
    this.seen = new Set(); // "GET /healthz 200"
    this.ajv = this.#makeAjv();
  }

  #makeAjv() {
    const Ajv = this.require('ajv/dist/2020.js').default;
    const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
    this.require('ajv-formats').default(ajv);
    ajv.addVocabulary(['openapi', 'info', 'servers', 'security', 'tags', 'paths', 'components', 'example']);
    // To ajv it is a remark; here what is within the string is held against it.
    ajv.removeKeyword('contentSchema');
    ajv.addKeyword({
      keyword: 'contentSchema',
      type: 'string',
      compile: (schema) => {
        const validate = this.#compile(schema.$ref);
        return (text) => validate(JSON.parse(text));
      },
    });
    return ajv.addSchema(this.document, NAME);
  }

  #compile(pointer) {
    return this.ajv.getSchema(`${NAME}${encodeURI(pointer)}`);
  }

  /** The errors that an OpenAPI validator finds. */
  async errors() {
    const module = this.require.resolve('@seriousme/openapi-schema-validator');
    const { Validator } = await import(pathToFileURL(module));
    const { valid, errors } = await new Validator().validate(this.document);
    return valid ? [] : errors;
  }

  /** Each operation: its path, its method in capitals, and itself. */
  *operations() {
    for (const [template, item] of Object.entries(this.document.paths))
      for (const method of METHODS)
        if (item[method]) yield { template, method: method.toUpperCase(), operation: item[method] };
  }

  /** What stands at a pointer as "#/components/responses/Forbidden", and where it really stands. */
  #find(pointer) {
    let at = this.document;
    for (const part of pointer.split('/').slice(1))
      at = at?.[part.replace(/~1/g, '/').replace(/~0/g, '~')];
    return at?.$ref ? this.#find(at.$ref) : { at, pointer };
  }

  resolve(value) {
    return value?.$ref ? this.#find(value.$ref).at : value;
  }

  templateOf(target) {
    const segments = target.split('?')[0].split('/');
    return Object.keys(this.document.paths).find((template) => {
      const parts = template.split('/');
      return parts.length === segments.length && parts.every(
        (part, i) => (part.startsWith('{') ? segments[i] !== '' : part === segments[i]));
    });
  }

  /** The methods of a path, as the document has OPTIONS answer. */
  allowed(template) {
    return this.document.paths[template].options.responses[204].headers.Allow.schema.const;
  }

  #responseFor(method, target, status) {
    const template = this.templateOf(target), elsewhere = '#/components/responses';
    if (!template)
      return { 400: `${elsewhere}/BadRequest`, 404: `${elsewhere}/UnknownPath` }[status];
    const operation = this.document.paths[template][method.toLowerCase()];
    if (!operation)
      return { 400: `${elsewhere}/BadRequest`, 405: `${elsewhere}/MethodNotAllowed` }[status];
    this.seen.add(`${method} ${template} ${status}`);
    return operation.responses[status] &&
      `#/paths/${escaped(template)}/${method.toLowerCase()}/responses/${status}`;
  }

  /** Throws unless the document describes this answer to this request. */
  check(method, target, { status, headers, text }) {
    const where = `${method} ${target.slice(0, 100)}: ${status} ${text.slice(0, 500)}`;
    const pointer = this.#responseFor(method, target, status);
    if (!pointer) throw new Error(`openapi.json has no such answer: ${where}`);
    const response = this.#find(pointer);
    const problems = [
      ...this.#headerProblems(response, headers),
      ...this.#bodyProblems(method, target, response, headers, text),
    ];
    if (status === 405 && headers.get('allow') !== this.allowed(this.templateOf(target)))
      problems.push(`Allow is ${headers.get('allow')}`);
    if (problems.length > 0) throw new Error(`${where}: not as in openapi.json: ${problems.join('; ')}`);
  }

  #headerProblems({ at, pointer }, headers) {
    const problems = [], described = new Set(COMMON);
    for (const name of Object.keys(at.headers ?? {})) {
      const header = this.#find(`${pointer}/headers/${name}`);
      const value = headers.get(name);
      described.add(name.toLowerCase());
      if (value === null && header.at.required) problems.push(`no ${name}`);
      else if (value !== null && !this.#compile(`${header.pointer}/schema`)(value))
        problems.push(`${name} is ${value}`);
    }
    for (const name of headers.keys())
      if (!described.has(name)) problems.push(`${name} is not described`);
    return problems;
  }

  #bodyProblems(method, target, { at, pointer }, headers, text) {
    const given = headers.get('content-type');
    if (method === 'HEAD') {
      const likeGet = this.#find(`#/paths/${escaped(this.templateOf(target))}/get/responses/${200}`).at;
      const expected = Object.keys(at.content ?? likeGet.content);
      return text === '' && expected.includes(given) ? [] : [`${text.length} bytes of ${given}`];
    }
    if (!at.content) return text === '' && given === null ? [] : [`a body of ${given}`];
    if (!at.content[given]) return [`the type ${given}`];
    const validate = this.#compile(`${pointer}/content/${escaped(given)}/schema`);
    const value = given === 'application/json' ? JSON.parse(text) : text;
    return validate(value) ? [] : [this.ajv.errorsText(validate.errors, { dataVar: 'body' })];
  }

  /** Throws unless the document has a request with this query and body; for one that succeeded. */
  checkRequest(method, target, body) {
    const operation = this.document.paths[this.templateOf(target)][method.toLowerCase()];
    const known = (operation.parameters ?? []).map((parameter) => this.#find(parameter.$ref));
    for (const [name, value] of new URLSearchParams(target.split('?')[1])) {
      const parameter = known.find(({ at }) => at.in === 'query' && at.name === name);
      if (!parameter || !this.#compile(`${parameter.pointer}/schema`)(value))
        throw new Error(`openapi.json has no such parameter: ${method} ${target}: ${name}`);
    }
    if (!operation.requestBody) return;
    const validate = this.#compile(`#/paths/${escaped(this.templateOf(target))}/${
      method.toLowerCase()}/requestBody/content/application~1json/schema`);
    if (!validate(JSON.parse(body)))
      throw new Error(`openapi.json has no such body: ${method} ${target}: ${
        this.ajv.errorsText(validate.errors)}`);
  }

  /** A fetch that holds every answer against the document. */
  watch(base) {
    return async (url, init = {}) => {
      const method = init.method ?? 'GET';
      const target = String(url).slice(base.length);
      const response = await fetch(url, init);
      const { status, headers } = response;
      this.check(method, target, { status, headers, text: await response.clone().text() });
      if (response.ok) this.checkRequest(method, target, init.body);
      return response;
    };
  }
}
