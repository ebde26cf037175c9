import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { FaultProxy } from '../helpers/fault-proxy.js';
import { fuzzCases, randomBytes } from '../helpers/random.js';
import { afterwards, Client, encodeInto, eventually, PlainStream, startRelay } from '../helpers/relay.js';

const descriptors = () => readdirSync('/proc/self/fd').length;

// What node opens once and keeps is open then.
beforeAll(async () => {
  const { server, http } = await startRelay();
  await fetch(`${http}/health`);
  await server.close();
});

beforeEach(() => {
  const before = descriptors();
  // The first to be registered is the last to be called: everything is closed by then.
  afterwards(() => eventually(() => descriptors() <= before));
});

interface RawSocket {
  readonly socket: Socket;
  /** Bytes that came back so far. */
  readonly answer: () => string;
  readonly closed: Promise<void>;
}

/** A TCP connection without a WebSocket client's good manners. */
function raw(port: number, text: string | Uint8Array = ''): RawSocket {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  afterwards(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  return { socket, answer: () => Buffer.concat(chunks).toString('latin1'), closed: new Promise((resolve) => socket.once('close', () => resolve())) };
}

const handshake = (path = '/live/main') =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;

/** A frame as clients send it, masked with zeros (RFC 6455 §5.2). */
function frame(firstByte: number, payload: Uint8Array): Buffer {
  const length = payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 255];
  return Buffer.from([firstByte, ...length, 0, 0, 0, 0, ...payload]);
}

test('viewers that vanish in the middle of a fragment are forgotten, and nobody else notices', async () => {
  const { stream, url, port } = await startRelay();
  const good = new Client(`${url}/live/main`);
  const vanishing = Array.from({ length: 10 }, () => raw(port, handshake()));
  await eventually(() => stream.watching === 11);
  const { pieces, ended } = encodeInto(stream, { seconds: 1.5, live: true, kilobits: 4000 });
  for (const { socket } of vanishing) socket.once('data', () => setImmediate(() => socket.resetAndDestroy()));
  await ended;
  await eventually(() => stream.watching === 1);
  await good.until(({ binaries }) => binaries.at(-1)?.equals(pieces.at(-1)?.bytes as Buffer) ?? false);
});

test('an end that is no longer there is noticed though it says nothing and is sent nothing', async () => {
  const { stream, port } = await startRelay({ limits: { pingMs: 200, silentMs: 1000 } });
  const { socket } = raw(port, handshake());
  await eventually(() => stream.watching === 1);
  // It neither reads nor answers, as a machine that lost its power.
  socket.pause();
  await eventually(() => stream.watching === 0);
});

test('a viewer that took nothing for too long is told so, if it ever listens again', async () => {
  const { stream, url } = await startRelay({ limits: { maxViewerBytes: 1 << 20, stuckMs: 1000, closeMs: 60_000 } });
  const client = new Client(`${url}/live/main`);
  await eventually(() => stream.watching === 1);
  client.socket.pause();
  await encodeInto(stream, { seconds: 4, kilobits: 20_000, size: '320x240' }).ended;
  await eventually(() => stream.renditions.sr.delivery.stuck === 1);
  client.socket.resume();
  expect(await client.closed).toEqual({ code: 1013, reason: 'it took nothing for too long' });
});

test('a connection that stalls and comes back plays on from a keyframe, and who has a better one misses nothing', async () => {
  const { stream, url, port } = await startRelay({ limits: { maxViewerBytes: 1 << 20, stuckMs: 60_000 } });
  const proxy = await FaultProxy.start(port);
  afterwards(() => proxy.close());
  const [stalling, good] = [new Client(`ws://127.0.0.1:${proxy.port}/live/main`), new Client(`${url}/live/main`)];
  await eventually(() => stream.watching === 2);
  proxy.hold();
  const { delivery } = stream.renditions.sr;
  const { pieces } = encodeInto(stream, { seconds: 60, kilobits: 12_000, size: '320x240', live: true }, () => {
    if (delivery.skipped > 20) proxy.release();
  });
  await stalling.until(({ texts }) => texts.some(({ type }) => type === 'gap'));
  const gap = stalling.received.findIndex((message) => !Buffer.isBuffer(message) && message.type === 'gap');
  await stalling.until(({ received }) => received.length > gap + 5);
  expect(stalling.texts.map(({ type }) => type)).toEqual(['hello', 'gap']);
  const next = pieces.findIndex(({ bytes }) => bytes.equals(stalling.received[gap + 1] as Buffer));
  expect(pieces[next]).toMatchObject({ kind: 'fragment', keyframe: true });
  expect(good.texts.map(({ type }) => type)).toEqual(['hello']);
});

test('an end that answers stays, however little happens', async () => {
  const { stream, url, server } = await startRelay({ limits: { pingMs: 200, silentMs: 1500 } });
  const client = new Client(`${url}/live/main`);
  let pings = 0;
  client.socket.on('ping', () => pings++);
  await eventually(() => pings >= 4);
  expect(stream.watching).toBe(1);
  await server.close();
  expect((await client.closed).code).toBe(1001);
});

test.each<[string, (client: Client) => void, number]>([
  ['text that is no JSON', (client) => client.say('what?'), 1008],
  ['a message that is not of the protocol', (client) => client.say({ type: 'sing' }), 1008],
  ['binary', (client) => client.socket.send(Buffer.alloc(10)), 1008],
  ['a message of 65 KiB', (client) => client.say('x'.repeat(65 << 10)), 1009],
  ['a message in a thousand pieces', (client) => Array.from({ length: 1000 }, () => client.socket.send('x', { fin: false })), 1008],
  ['hundreds of messages at once', (client) => Array.from({ length: 300 }, (_, t) => client.say({ type: 'ping', t })), 1008],
])('%s closes the viewer that sent it, and no other', async (_, misbehave, code) => {
  const { url, stream } = await startRelay();
  const [bad, good] = [new Client(`${url}/live/main`), new Client(`${url}/live/main`)];
  await eventually(() => stream.watching === 2);
  misbehave(bad);
  expect((await bad.closed).code).toBe(code);
  await eventually(() => stream.watching === 1);
  good.say({ type: 'ping', t: 1 });
  await good.until(({ texts }) => texts.some(({ type }) => type === 'pong'));
});

test.each<[string, Uint8Array]>([
  ['a frame that is not masked', Buffer.from([0x81, 1, 65])],
  ['an opcode that there is not', frame(0x83, Buffer.alloc(1))],
  ['reserved bits', frame(0xf1, Buffer.alloc(1))],
  ['text that is not UTF-8', frame(0x81, Buffer.from([0xff, 0xfe]))],
  ['a frame that says it has 2^62 bytes', Buffer.from([0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
])('%s ends the connection', async (_, bytes) => {
  const { stream, port } = await startRelay();
  const { socket, closed } = raw(port, handshake());
  await eventually(() => stream.watching === 1);
  socket.write(bytes);
  await eventually(() => stream.watching === 0);
  socket.destroy();
  await closed;
});

test('of a thousand attempts from one address no more than its rate are let in, and who was there watches on', async () => {
  const { stream, url, port } = await startRelay({
    limits: { attemptBurst: 50, attemptsPerSecond: 0.001, maxOtherConnections: 2000, maxOtherPerAddress: 2000 },
  });
  const good = new Client(`${url}/live/main`);
  await eventually(() => stream.watching === 1);
  const attempts = Array.from({ length: 1000 }, () => raw(port, handshake()));
  await eventually(() => attempts.every(({ answer }) => answer().includes('\r\n\r\n')));
  const statuses = attempts.map(({ answer }) => answer().slice(9, 12));
  expect(statuses.filter((status) => status === '101')).toHaveLength(49);
  expect(statuses.filter((status) => status === '429')).toHaveLength(951);
  await encodeInto(stream, { seconds: 0.5 }).ended;
  await good.until(({ binaries }) => binaries.length > 5);
});

test('a thousand connections at once are too many, and those that leave make room again', async () => {
  const limits = { attemptBurst: 5000, maxViewers: 20, maxOtherConnections: 10 };
  const { stream, url, port } = await startRelay({ limits });
  const attempts = Array.from({ length: 1000 }, () => raw(port, handshake()));
  let settled = 0;
  for (const { socket } of attempts) {
    let isSettled = false;
    const settle = () => {
      if (!isSettled) settled++;
      isSettled = true;
    };
    socket.once('data', settle);
    socket.once('close', settle);
  }
  await eventually(() => settled === 1000);
  expect(stream.watching).toBeLessThanOrEqual(limits.maxViewers);
  expect(stream.watching).toBeGreaterThan(0);
  for (const { socket } of attempts) socket.destroy();
  await eventually(() => stream.watching === 0);
  const next = new Client(`${url}/live/main`);
  await eventually(() => stream.watching === 1);
  expect(next.socket.readyState).toBeLessThan(2);
});

test('a request that never comes to its end is given up', async () => {
  const { port, http } = await startRelay({ limits: { handshakeMs: 500 } });
  const slow = Array.from({ length: 20 }, () => raw(port, 'GET /live/main HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: webso'));
  const timers = slow.map(({ socket }) => setInterval(() => socket.write('c'), 100));
  await Promise.all(slow.map(({ closed }) => closed));
  for (const timer of timers) clearInterval(timer);
  expect(slow.every(({ answer }) => answer().startsWith('HTTP/1.1 408'))).toBe(true);
  expect((await fetch(`${http}/health`)).status).toBe(200);
});

test.each([
  ['another version of WebSocket', handshake().replace('Version: 13', 'Version: 7'), '400'],
  ['no key', handshake().replace(/Sec-WebSocket-Key: .*\r\n/, ''), '400'],
  ['a method that is not GET', handshake().replace('GET', 'PUT'), '405'],
  ['a name with a path in it', handshake('/live/..%2f..%2fetc'), '404'],
  ['a path that does not exist', handshake('/live/main/more'), '404'],
  ['headers of a megabyte', `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(1 << 20)}\r\n\r\n`, '431'],
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', '400'],
])('a request with %s is refused and its connection closed', async (_, text, status) => {
  const { port, stream } = await startRelay();
  const { answer, closed } = raw(port, text);
  await closed;
  expect(answer().slice(9, 12)).toBe(status);
  expect(stream.watching).toBe(0);
});

test('whatever bytes come before or after a handshake, the relay goes on', async () => {
  const { port, http, stream } = await startRelay({ limits: { attemptBurst: 1e9, handshakeMs: 1000 } });
  const cases = fuzzCases(200, 0.01);
  for (let seed = 0; seed < cases; seed += 50) {
    const sockets = Array.from({ length: Math.min(50, cases - seed) }, (_, index) => {
      const bytes = randomBytes(seed + index, 1 + ((seed + index) % 300));
      return raw(port, (seed + index) % 2 === 0 ? bytes : Buffer.concat([Buffer.from(handshake()), bytes]));
    });
    for (const { socket } of sockets) socket.end();
    await Promise.all(sockets.map(({ closed }) => closed));
  }
  await eventually(() => stream.watching === 0);
  expect((await fetch(`${http}/health`)).status).toBe(200);
});

test('the relay goes within its time though a viewer reads nothing and a request is not finished', async () => {
  const stream = new PlainStream();
  const { server, port } = await startRelay({ limits: { closeMs: 500 } }, stream);
  const deaf = raw(port, handshake());
  deaf.socket.pause();
  raw(port, 'GET /health HTTP/1.1\r\nHost: 127.0');
  await eventually(() => stream.watching === 1);
  await encodeInto(stream, { seconds: 4, kilobits: 20_000, size: '320x240' }).ended;
  await server.close();
  expect(stream.watching).toBe(0);
});
