import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '../../errors.js';
import type { RefusalBody } from '../delivery/protocol.js';

/** An HTTP response. */
export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Buffer;
}

/** Headers of every response. A page may load from the relay only, runs no inline script, and cannot be framed. */
const SECURITY_HEADERS: OutgoingHttpHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; media-src blob:; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
  // A URL may contain a token.
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** A response with a value as JSON. It is never cached. */
export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' }, body: `${JSON.stringify(value)}\n` };
}

/** A 200 response in Prometheus' text format. */
export function metricsAnswer(body: string): Answer {
  return { status: 200, headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' }, body };
}

/** A response that refuses a request and closes the connection. `message` is a sentence or two for the person who made it. */
export function refusal(
  status: number,
  code: ErrorCode,
  message: string,
  { streams, ...headers }: OutgoingHttpHeaders & Pick<RefusalBody, 'streams'> = {},
): Answer {
  const body: RefusalBody = { code, message, ...(streams ? { streams } : {}) };
  const answer = jsonAnswer(status, body);
  return { ...answer, headers: { ...answer.headers, Connection: 'close', ...headers } };
}

/** Writes a response with the security headers. For HEAD, node:http leaves out the body. */
export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const length = status === 304 || status === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(status, { ...SECURITY_HEADERS, ...headers, ...length });
  response.end(body);
}

/** Answers on a bare socket, such as a WebSocket request without a handshake. The socket is destroyed afterwards, even if the answer is not read. */
export function sendBare(socket: Duplex, { status, headers, body }: Answer): void {
  const fields = Object.entries({ ...SECURITY_HEADERS, ...headers, 'Content-Length': Buffer.byteLength(body) }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('')}\r\n${body}`);
}
