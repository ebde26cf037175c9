import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { mountRelay, serveRelay } from '../../dist/relay/index.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';
import { afterwards } from '../helpers/relay.js';

const folder = await temporaryFolder();
const clip = join(folder, 'clip.mp4');
await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=10:d=3', clip);
const stream = { input: clip, loop: true, preset: 'fast', scale: 2, workers: 1 };

async function firstBinary(url: string): Promise<Buffer> {
  const socket = new WebSocket(url, 'srvid.v1');
  afterwards(() => socket.terminate());
  return new Promise((resolve, reject) => {
    socket.on('message', (data: Buffer, isBinary) => isBinary && resolve(data));
    socket.once('error', reject);
    socket.once('close', (code, reason) => reject(new Error(`closed ${code} ${reason}`)));
  });
}

test('a program serves a relay, asks for its figures and stops it', async () => {
  const token = 'a-token-of-some-length';
  const relay = await serveRelay({ port: 0, streams: { main: stream }, tokens: [{ token, scope: 'view' }] });
  afterwards(() => relay.close());
  expect(relay.url).toBe(`http://127.0.0.1:${relay.port}/`);
  expect((await firstBinary(`ws://127.0.0.1:${relay.port}/live/main?token=${token}`)).length).toBeGreaterThan(100);
  expect((await fetch(`${relay.url}stats`)).status).toBe(401);
  expect(relay.stats()).toMatchObject({ streams: { main: { state: 'live' } }, server: { viewers: 1 } });
  expect(relay.health()).toEqual({ ok: true, streams: { main: 'live' } });
  relay.useTokens([{ token: 'another-token-of-some-length', scope: 'view', streams: ['main'] }]);
  expect((await fetch(`${relay.url}stats`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(403);
  await relay.close();
  await expect(fetch(relay.url)).rejects.toThrow();
});

test('a relay lives under a path of another server, whose own answers and sockets stay as they are', async () => {
  const relay = await mountRelay({ path: '/video/', streams: { main: stream } });
  afterwards(() => relay.close());
  const server = createServer((request, response) => relay.handle(request, response, () => response.end('the other server')));
  const others: string[] = [];
  server.on('upgrade', (request, socket, head) => {
    if (relay.upgrade(request, socket, head)) return;
    others.push(request.url ?? '');
    socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  afterwards(() => server.close());
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const page = await fetch(`http://${at}/video`);
  expect([page.url, (await page.text()).includes('relay/page/app.js')]).toEqual([`http://${at}/video/`, true]);
  expect((await fetch(`http://${at}/video/relay/page/app.js`)).headers.get('content-type')).toMatch(/javascript/);
  expect(await (await fetch(`http://${at}/video/health`)).json()).toMatchObject({ streams: { main: expect.any(String) } });
  for (const path of ['/', '/videos/health', '/live/main']) expect(await (await fetch(`http://${at}${path}`)).text()).toBe('the other server');
  expect((await firstBinary(`ws://${at}/video/live/main`)).length).toBeGreaterThan(100);
  await expect(firstBinary(`ws://${at}/live/main`)).rejects.toThrow();
  await expect(firstBinary(`ws://${at}/video/live/none`)).rejects.toThrow('404');
  expect(others).toEqual(['/live/main']);
  await relay.close();
  expect(await (await fetch(`http://${at}/video/health`)).text()).toBe('the other server');
});

test('Express takes the path off; a foreign host name is refused until the server around is trusted', async () => {
  for (const trustServer of [false, true]) {
    const relay = await mountRelay({ path: '/video', streams: { main: { ...stream, onDemand: true } }, trustServer });
    afterwards(() => relay.close());
    const server = createServer((request, response) => {
      // As Express does in app.use('/video', relay.handle).
      Object.assign(request, { originalUrl: request.url, url: request.url?.replace(/^\/video/, '') || '/' });
      request.headers.host = 'cameras.example.org';
      relay.handle(request, response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    afterwards(() => server.close());
    const { status } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/video/stats`);
    expect(status).toBe(trustServer ? 200 : 403);
  }
});

test('what is wrong with a relay is said before anything runs', async () => {
  expect((await failureOf(() => serveRelay({ streams: { 'a b': stream } }))).code).toBe('SRVID_OPTION_INVALID');
  expect((await failureOf(() => serveRelay({ streams: { main: { ...stream, input: join(folder, 'none.mp4') } } }))).code).toBe('SRVID_INPUT_NOT_FOUND');
  expect((await failureOf(() => serveRelay({ streams: { main: stream }, host: '0.0.0.0', port: 0 }))).code).toBe('SRVID_LISTEN_REFUSED');
  expect((await failureOf(() => serveRelay({ streams: { main: stream }, tokens: [{ token: 'short', scope: 'view' }] }))).code).toBe('SRVID_TOKENS_INVALID');
});
