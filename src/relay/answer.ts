import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Something the relay's pages are made of. */
export interface Asset {
  /** "text/html; charset=utf-8". */
  readonly type: string;
  readonly body: Buffer;
}

/** Why a request is not met: an HTTP status and a sentence for whoever reads the answer. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** Pages get everything from the relay itself, run no code that stands in them, and lie in nobody's frame. */
const SECURITY_HEADERS: OutgoingHttpHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; media-src blob:; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
  // An address may hold a token.
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

export function sendAsset(response: ServerResponse, { type, body }: Asset): undefined {
  return send(response, 200, { 'Content-Type': type, 'Cache-Control': 'no-cache' }, body);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): undefined {
  return send(response, status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' }, `${JSON.stringify(value)}\n`);
}

/** In Prometheus' text format. */
export function sendMetrics(response: ServerResponse, text: string): undefined {
  return send(response, 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' }, text);
}

export function sendRefusal(response: ServerResponse, { status, message, headers }: Refusal): undefined {
  return send(response, status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', Connection: 'close', ...headers }, `${message}\n`);
}

/** Answers a WebSocket's request without a handshake. The socket is gone afterwards, whether the answer is read or not. */
export function refuseUpgrade(socket: Duplex, { status, message, headers = {} }: Refusal): void {
  const body = `${message}\n`;
  const lines = Object.entries({ Connection: 'close', 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body), ...headers });
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
}

function send(response: ServerResponse, status: number, headers: OutgoingHttpHeaders, body: string | Buffer): undefined {
  response.writeHead(status, { ...SECURITY_HEADERS, ...headers, 'Content-Length': Buffer.byteLength(body) });
  // To HEAD node:http sends the headers alone.
  response.end(body);
}
