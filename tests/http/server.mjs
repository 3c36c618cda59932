// SPDX-License-Identifier: MIT
// The server program as a test starts and ends it: a fresh demo folder, any free port.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PATIENCE = 60000; // ms; for a busy machine

/** Waits for `promise`, and fails by name when it takes too long. */
export async function within(promise, what, milliseconds = PATIENCE) {
  let timer;
  const deadline = new Promise((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`waited too long for ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a stream has said so far, and the means to wait for something in it. */
function listen(stream) {
  const heard = { text: '', ended: false };
  const listeners = new Set();
  const tell = () => listeners.forEach((listener) => listener());
  stream.setEncoding('utf8');
  stream.on('data', (piece) => {
    heard.text += piece;
    tell();
  });
  stream.on('end', () => {
    heard.ended = true;
    tell();
  });
  heard.match = (pattern) => within(new Promise((found, refuse) => {
    const look = () => {
      const match = pattern.exec(heard.text);
      if (match) found(match);
      else if (heard.ended) refuse(new Error(`the server ended without ${pattern}: ${heard.text}`));
      else return;
      listeners.delete(look);
    };
    listeners.add(look);
    look();
  }), `${pattern} in what the server says`);
  return heard;
}

export class Server {
  /** Starts `program --demo` in a folder of its own. */
  static async start(program) {
    const server = new Server();
    try {
      await server.#begin(program);
    } catch (failure) {
      failure.message += ` ${server.error?.text}`;
      await server.kill();
      throw failure;
    }
    return server;
  }

  async #begin(program) {
    this.program = program;
    this.folder = await mkdtemp(path.join(tmpdir(), 'keyward-http-'));
    this.demo = path.join(this.folder, 'demo');
    this.process = spawn(program, ['--demo', this.demo, '--listen', '127.0.0.1:0'],
      { stdio: ['ignore', 'pipe', 'pipe'] });
    this.exit = once(this.process, 'exit'); // rejects where it cannot be started
    this.exit.catch(() => {});
    this.out = listen(this.process.stdout);
    this.error = listen(this.process.stderr);
    const isReady = () => this.out.match(/^listening on (http:\/\/127\.0\.0\.1:[0-9]+)$/m);
    this.url = (await Promise.race([isReady(), this.exit.then(isReady)]))[1];
    this.tokens = Object.fromEntries(
      [...this.out.text.matchAll(/^ *(\w+) .*\b(kwt_[\w-]{43})$/gm)].map((line) => [line[1], line[2]]));
  }

  /** Gives another user a token, and makes the server read it. */
  async addUser(user, ...options) {
    const made = spawnSync(this.program,
      ['--tokens', path.join(this.demo, 'tokens.jsonl'), '--new-token', user, ...options],
      { encoding: 'utf8' });
    const token = /\bkwt_[\w-]{43}\b/.exec(made.stdout)?.[0];
    if (made.status !== 0 || !token) throw new Error(`no token for ${user}: ${made.stderr}`);
    const count = Object.keys(this.tokens).length + 1;
    this.process.kill('SIGHUP');
    await this.error.match(new RegExp(`tokens: ${count} read$`, 'm'));
    this.tokens[user] = token;
    return token;
  }

  /** Ends it as an operator would; the exit code, or the name of the signal that killed it. */
  async stop() {
    this.process.kill('SIGTERM');
    const [code, signal] = await within(this.exit, 'the end of the server');
    await rm(this.folder, { recursive: true });
    return code ?? signal;
  }

  /** For a test that failed: nothing may stay behind. */
  async kill() {
    this.process?.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}
