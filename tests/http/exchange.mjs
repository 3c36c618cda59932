// SPDX-License-Identifier: MIT
// Requests that fetch would not send: any method, any body, any bytes at all.
import http from 'node:http';
import net from 'node:net';
import { within } from './server.mjs';

/** One request on a connection of its own; status, headers and text of its answer. */
export function exchange(base, { method = 'GET', path, headers = {}, body }) {
  const { hostname, port } = new URL(base);
  // node:http tells no length by itself where a body is unusual, as with GET.
  const all = body === undefined ? headers : { ...headers, 'Content-Length': Buffer.byteLength(body) };
  return within(new Promise((found, refuse) => {
    const request = http.request({ hostname, port, method, path, headers: all, agent: false }, (answer) => {
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece));
      answer.on('error', refuse);
      answer.on('end', () => found({
        status: answer.statusCode,
        headers: new Headers(answer.headers),
        text: Buffer.concat(pieces).toString('utf8'),
      }));
    });
    request.on('error', refuse);
    request.end(body);
  }), `the answer to ${method} ${path.slice(0, 80)}`);
}

/** Sends bytes, and returns the one answer that comes before the server closes the connection. */
export async function exchangeRaw(base, bytes) {
  const { hostname, port } = new URL(base);
  const text = await within(new Promise((found, refuse) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
    let said = '';
    socket.setEncoding('utf8');
    socket.on('data', (piece) => {
      said += piece;
    });
    socket.on('end', () => found(said));
    socket.on('error', refuse);
  }), 'the end of a connection');
  const [head, ...rest] = text.split('\r\n\r\n');
  const [first, ...lines] = head.split('\r\n');
  const headers = new Headers(lines.map((line) => line.split(/: ?(.*)/s, 2)));
  return { status: Number(first.split(' ')[1]), headers, text: rest.join('\r\n\r\n') };
}
