import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Tokens } from '../../../dist/relay/server/tokens.js';
import { afterwards, Client, encodeInto, eventually, PlainStream, refusalOf, startRelay } from '../../helpers/relay.js';

const DOOR = 'door-0123456789abcdef';
const STAGE = 'stage-0123456789abcdef';
const WRITE = 'write-0123456789abcdef';
const LINES = `${DOOR} view door\n${STAGE} write stage`;

/** A connection from another address of this machine, as far as the relay can tell. */
function from(localAddress: string, port: number, text = '') {
  const socket = connect({ port, host: '127.0.0.1', localAddress }, () => socket.write(text));
  afterwards(() => socket.destroy());
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1');
  });
  socket.on('error', () => {});
  return { socket, answer: () => answer };
}

const upgrade = (
  path: string,
  fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n\r\n`;

test('one address takes neither the places of viewers nor those of others, whatever it holds open', async () => {
  const limits = { maxViewers: 6, maxViewersPerAddress: 3, maxOtherConnections: 10, maxOtherPerAddress: 5 };
  const { port, stream, http } = await startRelay({ limits });
  const greedy = Array.from({ length: 12 }, () => from('127.0.0.2', port));
  await eventually(() => greedy.filter(({ socket }) => socket.destroyed).length === 7);
  expect((await fetch(`${http}/health`)).status).toBe(200);
  for (const { socket } of greedy) socket.destroy();
  const viewers = Array.from({ length: 5 }, () => from('127.0.0.3', port, upgrade('/live/main')));
  await eventually(() => viewers.every(({ answer }) => answer().includes('\r\n\r\n')));
  expect(viewers.map(({ answer }) => answer().slice(9, 12)).sort()).toEqual(['101', '101', '101', '429', '429']);
  const other = from('127.0.0.4', port, upgrade('/live/main'));
  await eventually(() => other.answer().startsWith('HTTP/1.1 101'));
  expect(stream.watching).toBe(4);
});

test('a client of go2rtc’s that never says what it plays is no viewer, and is closed when its time is up', async () => {
  const { url, stream } = await startRelay({ limits: { maxViewers: 1, handshakeMs: 1500 } });
  const silent = new Client(`${url}/api/ws?src=main`);
  await new Promise((resolve) => silent.socket.once('open', resolve));
  const viewer = new Client(`${url}/live/main`);
  await eventually(() => stream.watching === 1);
  expect((await silent.closed).code).toBe(1008);
  expect(viewer.socket.readyState).toBe(WebSocket.OPEN);
});

test('a viewer that reads slowly is alive: what it takes is a sign of it, though its pongs wait behind the rest', async () => {
  const { port, stream, http } = await startRelay({ limits: { pingMs: 1e9, silentMs: 2500, maxViewerBytes: 64 << 20, stuckMs: 60_000 } });
  const slow = from('127.0.0.1', port, upgrade('/live/main'));
  await eventually(() => stream.watching === 1);
  slow.socket.pause();
  await encodeInto(stream, { seconds: 1, kilobits: 400 }).ended;
  const { sr } = stream.renditions;
  // More than the system holds for one connection, so that something waits here.
  for (let left = 48; left > 0; left--) sr.push({ bytes: Buffer.alloc(1 << 20), keyframe: false, startSeconds: 2, durationSeconds: 0 });
  const reading = setInterval(() => slow.socket.read(1 << 20), 100);
  afterwards(() => clearInterval(reading));
  await new Promise((resolve) => setTimeout(resolve, 4000));
  expect(stream.watching).toBe(1);
  // When it takes nothing any more it is closed, and counted.
  clearInterval(reading);
  const silent = async () => ((await (await fetch(`${http}/stats`)).json()) as { server: { silent: number } }).server.silent;
  for (const end = Date.now() + 20_000; (await silent()) === 0 && Date.now() < end; ) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await silent()).toBe(1);
});

test.each(['ping', 'pong'] as const)('a flood of %ss counts as one of messages', async (kind) => {
  const { url, stream } = await startRelay();
  const client = new Client(`${url}/live/main`);
  await new Promise((resolve) => client.socket.once('open', resolve));
  await eventually(() => stream.watching === 1);
  for (let count = 0; count < 300; count++) client.socket[kind]();
  expect((await client.closed).code).toBe(1008);
});

test('a protocol that the relay does not change to is left aside, and the request is answered', async () => {
  const { port } = await startRelay();
  const statuses = ['/health', '/live/main', '/nothing'].map((path) => {
    const { socket, answer } = from('127.0.0.1', port, upgrade(path, 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk'));
    return new Promise((resolve) => socket.once('close', () => resolve(answer().slice(9, 12))));
  });
  expect(await Promise.all(statuses)).toEqual(['200', '426', '404']);
});

test('every refusal is JSON with a code, has the headers of all answers, and is had by GET at the same address', async () => {
  const streams = ['door', 'stage'].map((name) => new PlainStream(name));
  const { http, url, port } = await startRelay({ streams, tokens: Tokens.parse(LINES, 'test') });
  const ask = async (path: string) => {
    const answer = await fetch(http + path);
    return [answer.status, await answer.json(), answer.headers.has('content-security-policy')];
  };
  const said = (status: number, code: string, more = {}) => [status, { code, message: expect.any(String), ...more }, true];
  expect(await ask('/live/door')).toEqual(said(401, 'SRVID_TOKEN_MISSING'));
  expect(await ask('/live/door?token=wrong-0123456789abcdef')).toEqual(said(403, 'SRVID_TOKEN_UNKNOWN'));
  for (const name of ['nobody', 'stage', 'a/b'])
    expect(await ask(`/live/${name}?token=${DOOR}`)).toEqual(said(404, 'SRVID_STREAM_UNKNOWN', { streams: ['door'] }));
  expect(await ask(`/ingest/door?token=${DOOR}`)).toEqual(said(403, 'SRVID_NOT_PERMITTED'));
  expect(await ask(`/live/door?token=${DOOR}`)).toEqual(said(426, 'SRVID_REQUEST_INVALID'));
  expect(await refusalOf(`${url}/live/stage?token=${DOOR}`)).toBe(404);
  expect(Object.keys(((await (await fetch(`${http}/stats?token=${DOOR}`)).json()) as { streams: object }).streams)).toEqual(['door']);
  for (const text of ['SSH-2.0\r\n\r\n', upgrade('/live/door'), upgrade(`/live/door?token=${DOOR}`).replace('Version: 13', 'Version: 7')]) {
    const { socket, answer } = from('127.0.0.1', port, text);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answer()).toMatch(/^HTTP\/1\.1 40[01] [\s\S]*Content-Security-Policy[\s\S]*"code":"SRVID_/);
  }
});

test('who may write lists the sessions and closes one; a token that is taken away takes its sessions along', async () => {
  const tokens = Tokens.parse(`${WRITE} write\n${DOOR} view`, 'test');
  const { url, http, server, stream } = await startRelay({ tokens });
  const viewers = [1, 2].map(() => new Client(`${url}/live/main?token=${DOOR}`));
  await eventually(() => stream.watching === 2);
  expect((await fetch(`${http}/sessions?token=${DOOR}`)).status).toBe(403);
  const list = async () => ((await (await fetch(`${http}/sessions?token=${WRITE}`)).json()) as { sessions: { id: string }[] }).sessions;
  const [first, second] = await list();
  expect(first).toMatchObject({ kind: 'viewer', protocol: 'srvid', stream: 'main', rendition: 'sr', address: '127.0.0.1', since: expect.stringMatching(/Z$/) });
  expect(JSON.stringify(await list())).not.toContain('0123456789');
  const close = (id: string, token: string) => fetch(`${http}/sessions/${id}?token=${token}`, { method: 'DELETE' });
  expect((await close(first?.id ?? '', DOOR)).status).toBe(403);
  expect((await close(first?.id ?? '', WRITE)).status).toBe(204);
  expect((await Promise.race(viewers.map(({ closed }) => closed))).code).toBe(1008);
  expect((await list()).map(({ id }) => id)).toEqual([second?.id]);
  server.useTokens(Tokens.parse(`${WRITE} write`, 'test'));
  await Promise.all(viewers.map(({ closed }) => closed));
  expect(await refusalOf(`${url}/live/main?token=${DOOR}`)).toBe(403);
});

test('a file of the page is sent compressed to who takes that, and not again to who has it', async () => {
  const body = Buffer.from('body { color: red }\n'.repeat(100));
  const { http } = await startRelay({ assets: new Map([['/app.css', { type: 'text/css', body }]]) });
  const get = (headers: Record<string, string>) => fetch(`${http}/app.css`, { headers });
  const [plain, gzipped] = [await get({ 'accept-encoding': 'identity' }), await get({ 'accept-encoding': 'br, gzip' })];
  expect([plain.headers.get('content-encoding'), gzipped.headers.get('content-encoding')]).toEqual([null, 'gzip']);
  expect(Number(gzipped.headers.get('content-length'))).toBeLessThan(body.length / 10);
  expect([await plain.text(), await gzipped.text()]).toEqual([body.toString(), body.toString()]);
  const again = await get({ 'if-none-match': `"other", ${plain.headers.get('etag')}` });
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', plain.headers.get('etag')]);
});
