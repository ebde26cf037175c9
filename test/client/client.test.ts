import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { connect, type Fragment, type RelayClient } from '../../dist/client/index.js';
import { RelayServer } from '../../dist/relay/server/server.js';
import { Tokens } from '../../dist/relay/server/tokens.js';
import { ClipStream, encodeClip } from '../helpers/clip-stream.js';
import { temporaryFolder } from '../helpers/media.js';

const folder = await temporaryFolder();
const small = await encodeClip(folder, { seconds: 8, sourceSize: '64x48', size: '128x96' });
const large = await encodeClip(folder, { seconds: 8, sourceSize: '64x48', size: '256x192' });

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function serve(stream: ClipStream, port = 0, tokens?: Tokens) {
  const server = new RelayServer({ host: '127.0.0.1', port, streams: [stream], tokens });
  const address = await server.listen();
  undo.push(
    () => stream.stop(),
    () => server.close(),
  );
  return { server, port: address.port, url: `http://127.0.0.1:${address.port}/live/main` };
}

/** A relay that shows the small clip. */
async function serveSmall() {
  const stream = new ClipStream();
  stream.show(small);
  return { stream, ...(await serve(stream)) };
}

function client(url: string, options: Parameters<typeof connect>[1] = {}): RelayClient {
  const connected = connect(url, { WebSocket, ...options });
  undo.push(() => connected.close());
  return connected;
}

/** A relay that says what a test has it say. */
async function scripted(onConnection: (socket: WebSocket, attempt: number) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  undo.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  let attempts = 0;
  server.on('connection', (socket) => onConnection(socket, ++attempts));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/live/main`;
}

test('gives every fragment with its times, first a keyframe, the same bytes that the relay has', async () => {
  const { url } = await serveSmall();
  const watching = client(url);
  const taken = [];
  for await (const fragment of watching) if (taken.push(fragment) === 60) break;
  const expected = small.sr.fragments.slice(0, 60);
  expect(taken.map(({ data }) => Buffer.from(data))).toEqual(expected.map(({ bytes }) => bytes));
  expect(taken.map(({ keyframe }) => keyframe)).toEqual(expected.map(({ keyframe }) => keyframe));
  for (const [index, { time, duration }] of taken.entries()) {
    expect(time).toBeCloseTo(expected[index]?.startSeconds ?? Number.NaN, 6);
    expect(duration).toBeCloseTo(expected[index]?.durationSeconds ?? Number.NaN, 6);
  }
  const [first] = taken;
  expect(first?.keyframe).toBe(true);
  expect(first?.init.hello).toMatchObject({ v: 1, stream: 'main', rendition: 'sr', width: 128, height: 96 });
  expect(first?.init.tracks.map(({ kind }) => kind)).toEqual(['video', 'audio']);
  expect(Buffer.from(first?.init.data ?? [])).toEqual(small.sr.init.bytes);
});

test('a new epoch is another init segment and another timeline; the source is had by asking for it', async () => {
  const { stream, url } = await serveSmall();
  const watching = client(url, { rendition: 'source' });
  const before = await watching.next('init');
  expect(before.hello).toMatchObject({ rendition: 'source', width: 64, height: 48, epoch: 0 });
  stream.show(large);
  const after = await watching.next('init');
  expect(after.hello.epoch).toBe(1);
  expect(after.timeline).not.toBe(before.timeline);
});

test('what the relay left out is told on the fragment after it', async () => {
  const { stream, url } = await serveSmall();
  const watching = client(url);
  const taken: Fragment[] = [];
  watching.on('fragment', (fragment) => taken.push(fragment));
  await watching.next('fragment');
  stream.leaveOut(1);
  const gap = await watching.next('gap');
  await expect.poll(() => taken.at(-1)?.time).toBeGreaterThan(gap.to);
  const told = taken.filter((fragment) => fragment.gap);
  expect(told).toEqual([expect.objectContaining({ gap, keyframe: true, time: gap.to })]);
  expect(gap.fragments).toBeGreaterThan(10);
});

test('a relay that restarts is found again, and says so as another timeline', async () => {
  const { url, server, port } = await serveSmall();
  const watching = client(url);
  const before = await watching.next('init');
  const closed = watching.next('close');
  await server.close();
  expect(await closed).toMatchObject({ code: 1001 });
  expect((await closed).retryInMs).toBeGreaterThan(0);
  const again = new ClipStream();
  again.show(small);
  await serve(again, port);
  const after = await watching.next('init');
  expect(after.hello.epoch).toBe(before.hello.epoch);
  expect(after.timeline).not.toBe(before.timeline);
});

test('a stream that has ended is not asked for again, and ends the iteration', async () => {
  const { stream, url } = await serveSmall();
  const watching = client(url);
  const closed = watching.next('close');
  let taken = 0;
  for await (const _ of watching) {
    taken += 1;
    if (taken === 5) stream.end('It is over.');
  }
  expect(taken).toBeGreaterThanOrEqual(5);
  expect(await closed).toMatchObject({ code: 1000, retryInMs: undefined });
  expect(watching.closed).toBe(true);
});

/** A server that refuses every WebSocket, and answers GET so. */
async function refusing(status: number, body: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status, { Connection: 'close' }).end(body));
  server.on('upgrade', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  undo.push(() => server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/live/main`;
}

test.each([
  [401, '{"code":"SRVID_TOKEN_MISSING","message":"A token is needed."}', 'SRVID_TOKEN_MISSING'],
  [403, '{"code":"SRVID_ORIGIN_REFUSED","message":"Not from there."}', 'SRVID_ORIGIN_REFUSED'],
  [404, '{"code":"SRVID_OF_LATER_RELEASES","message":"No."}', 'SRVID_REQUEST_INVALID'],
  [404, '<html>a proxy</html>', 'SRVID_REQUEST_INVALID'],
])('a refusal with %i %s is final: an error with a code, and nothing is tried again', async (status, body, code) => {
  const watching = client(await refusing(status, body));
  const error = watching.next('error');
  const closed = watching.next('close');
  const iteration = watching[Symbol.asyncIterator]().next();
  await expect(iteration).rejects.toMatchObject({ name: 'SrvidError', code });
  expect((await error).message.length).toBeGreaterThan(2);
  expect(await closed).toMatchObject({ retryInMs: undefined, refusal: { status, final: true } });
  expect(watching.closed).toBe(true);
  await expect(watching[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code });
});

test.each([
  [503, '{"code":"SRVID_RELAY_BUSY","message":"Full."}', { code: 'SRVID_RELAY_BUSY', final: false }],
  [429, '{"code":"SRVID_RELAY_BUSY","message":"Wait."}', { code: 'SRVID_RELAY_BUSY', final: false }],
  [426, '{"code":"SRVID_REQUEST_INVALID","message":"A WebSocket is expected."}', undefined],
  [502, 'Bad gateway', undefined],
])('a refusal with %i %s is tried again', async (status, body, refusal) => {
  const closed = await client(await refusing(status, body)).next('close');
  expect(closed.retryInMs).toBeGreaterThan(0);
  if (refusal) expect(closed.refusal).toMatchObject(refusal);
  else expect(closed.refusal).toBeUndefined();
});

test('the relay says whether a token is missing or wrong, and which streams there are', async () => {
  const { url } = await serve(new ClipStream(), 0, Tokens.parse('views-0123456789 view\n', 'test'));
  const refusalOf = async (address: string, token?: string) => (await client(address, { token }).next('close')).refusal;
  expect(await refusalOf(url)).toMatchObject({ status: 401, code: 'SRVID_TOKEN_MISSING' });
  expect(await refusalOf(url, 'wrong-0123456789')).toMatchObject({ status: 403, code: 'SRVID_TOKEN_UNKNOWN' });
  expect(await refusalOf(url.replace('main', 'door'), 'views-0123456789')).toMatchObject({ status: 404, code: 'SRVID_STREAM_UNKNOWN', streams: ['main'] });
});

test("knows the relay's wall clock", async () => {
  const { url } = await serveSmall();
  const watching = client(url);
  expect(watching.relayNow()).toBeUndefined();
  await expect.poll(() => watching.relayNow()).toBeDefined();
  // The relay is this machine, so both clocks are one; half a round trip is what it may be off.
  expect(Math.abs((watching.relayNow() ?? 0) - Date.now())).toBeLessThan(1000);
});

test('set goes out as the protocol has it, and errors come back', async () => {
  const heard: unknown[] = [];
  const url = await scripted((socket) => {
    socket.on('message', (data) => {
      const message = JSON.parse(data.toString());
      if (message.type !== 'set') return;
      heard.push(message);
      socket.send(JSON.stringify({ type: 'error', code: 'SRVID_PRESET_UNKNOWN', message: 'No such preset.' }));
    });
    socket.send(JSON.stringify({ type: 'state', state: 'live', message: '' }));
  });
  const watching = client(url);
  await watching.next('state');
  const error = watching.next('error');
  expect(watching.set({ level: 'abpn' })).toBe(true);
  expect(await error).toMatchObject({ code: 'SRVID_PRESET_UNKNOWN' });
  expect(heard).toEqual([{ type: 'set', level: 'abpn' }]);
});

test('types that it does not know are ignored; what is not the protocol is told, and tried anew', async () => {
  let attempts = 0;
  const url = await scripted((socket, attempt) => {
    attempts = attempt;
    socket.send(JSON.stringify({ type: 'weather', sun: true }));
    socket.send(attempt === 1 ? '{"type":"hello","v":"one"}' : JSON.stringify({ type: 'state', state: 'live', more: 1 }));
  });
  const watching = client(url);
  const [error, closed] = await Promise.all([watching.next('error'), watching.next('close')]);
  expect(error.code).toBe('SRVID_MESSAGE_INVALID');
  expect(error.message).toContain('"v" of a "hello" message to be a number, but it is string');
  expect(closed.retryInMs).toBeGreaterThan(0);
  await watching.next('state');
  expect(attempts).toBe(2);
});

test.each([
  ['a fragment before any hello', (socket: WebSocket) => socket.send(Buffer.from('000000086d6f6f66', 'hex'))],
  ['half a box', (socket: WebSocket) => socket.send(Buffer.from('0000ffff6d6f6f66', 'hex'))],
  ['nothing', (socket: WebSocket) => socket.send(Buffer.alloc(0))],
])('%s is told as a damaged fragment', async (_, send) => {
  const url = await scripted(send);
  const watching = client(url, { reconnect: false });
  const [error, closed] = await Promise.all([watching.next('error'), watching.next('close')]);
  expect(error.code).toBe('SRVID_FRAGMENT_INVALID');
  expect(closed.retryInMs).toBeUndefined();
});

test('whoever takes nothing holds no more than the bound, and is told what is missing from a keyframe on', async () => {
  const stream = new ClipStream();
  const { url } = await serve(stream);
  const bytes = small.sr.fragments.slice(0, 10).reduce((sum, fragment) => sum + fragment.bytes.length, 0);
  const watching = client(url, { maxQueuedBytes: bytes });
  const iterator = watching[Symbol.asyncIterator]();
  let keyframes = 0;
  const third = new Promise<void>((resolve) => {
    watching.on('fragment', ({ keyframe }) => {
      keyframes += keyframe ? 1 : 0;
      if (keyframes === 2) resolve();
    });
  });
  stream.show(small);
  await third;
  const taken = [];
  for (;;) {
    const { value } = await iterator.next();
    taken.push(value);
    if (value.gap) break;
  }
  expect(taken.length).toBeLessThanOrEqual(12);
  expect(taken.at(-1)).toMatchObject({ keyframe: true, gap: { reason: 'consumer' } });
  await iterator.return?.();
});

test.each([
  ['not an address', 'Expected the address of a stream'],
  ['ftp://127.0.0.1/live/main', 'begins with ws:, wss:, http: or https:'],
])('%s is refused at once', (address, message) => {
  expect(() => connect(address, { WebSocket })).toThrow(expect.objectContaining({ code: 'SRVID_OPTION_INVALID', message: expect.stringContaining(message) }));
});
