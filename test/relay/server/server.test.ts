import { expect, test } from 'vitest';
import { SrvidError } from '../../../dist/errors.js';
import { serverMessageSchema } from '../../../dist/relay/delivery/protocol.js';
import { RelayServer } from '../../../dist/relay/server/server.js';
import { Tokens } from '../../../dist/relay/server/tokens.js';
import type { RunMetrics } from '../../../dist/report/events.js';
import { failureOf } from '../../helpers/errors.js';
import { ABOUT, Client, encodeInto, eventually, PlainStream, refusalOf, startRelay } from '../../helpers/relay.js';

const VIEW = 'view-0123456789abcdef';
const WRITE = 'write-0123456789abcdef';
const tokens = Tokens.parse(`${VIEW} view\n${WRITE} write`, 'test');
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

test('a viewer gets hello, the init segment and every fragment of a real encoder, byte for byte', async () => {
  const { stream, url } = await startRelay();
  const client = new Client(`${url}/live/main`, { protocol: 'srvid.v1' });
  await eventually(() => stream.watching === 1);
  const { pieces, ended } = encodeInto(stream, { seconds: 1 });
  await ended;
  await client.until(({ binaries }) => binaries.length === pieces.length - 1);
  expect(client.socket.protocol).toBe('srvid.v1');
  const [hello] = client.received;
  expect(serverMessageSchema.parse(hello)).toEqual(hello);
  expect(hello).toMatchObject({ type: 'hello', v: 1, ...ABOUT, width: 160, height: 120, mime: expect.stringMatching(/avc1\.42.*mp4a\.40\.2/), maySet: false });
  // Sound that came before the first picture is of no use.
  const [init, ...rest] = pieces;
  const expected = [init, ...rest.slice(rest.findIndex((piece) => piece.kind === 'fragment' && piece.keyframe))];
  expect(Buffer.concat(client.binaries).equals(Buffer.concat(expected.map((piece) => piece?.bytes as Buffer)))).toBe(true);
  client.socket.close();
  await eventually(() => stream.watching === 0);
});

test('the other rendition is chosen in the address; both have the same fragments here', async () => {
  const { stream, url } = await startRelay();
  const { ended } = encodeInto(stream, { seconds: 0.5 });
  await ended;
  const client = await new Client(`${url}/live/main?rendition=source`).until(({ binaries }) => binaries.length > 3);
  expect(client.texts[0]).toMatchObject({ rendition: 'source' });
  expect(await refusalOf(`${url}/live/main?rendition=other`)).toBe(404);
});

test('a new epoch brings a new hello and a new init segment to those who watch', async () => {
  const { stream, url } = await startRelay();
  const client = new Client(`${url}/live/main`);
  await eventually(() => stream.watching === 1);
  for (const size of ['160x120', '320x240']) await encodeInto(stream, { seconds: 0.5, size }).ended;
  await client.until(({ texts }) => texts.length === 2);
  expect(client.texts).toMatchObject([
    { epoch: 0, width: 160 },
    { epoch: 1, width: 320 },
  ]);
  const second = client.received.indexOf(client.texts[1] as never);
  expect((client.received[second + 1] as Buffer).toString('latin1', 4, 8)).toBe('ftyp');
});

test('go2rtc’s handshake is answered as go2rtc does, and what else such a client asks for is declined', async () => {
  const { stream, url } = await startRelay();
  await encodeInto(stream, { seconds: 0.5 }).ended;
  const client = new Client(`${url}/api/ws?src=main`);
  client.socket.once('open', () => {
    client.say('{"type":"webrtc/offer","value":"v=0"}');
    client.say('{"type":"mse","value":"avc1.640029,mp4a.40.2"}');
  });
  await client.until(({ binaries }) => binaries.length > 3);
  expect(client.texts).toEqual([
    { type: 'error', value: expect.stringMatching(/^webrtc\/offer: /) },
    { type: 'mse', value: expect.stringMatching(/^video\/mp4; codecs="avc1\.42c0..,mp4a\.40\.2"$/) },
  ]);
  expect((client.received[2] as Buffer).toString('latin1', 4, 8)).toBe('ftyp');
  await encodeInto(stream, { seconds: 0.2 }).ended;
  expect((await client.closed).code).toBe(1012);
});

test('a viewer who may write switches; one who may not is told, and so is one who asks for what there is not', async () => {
  const { stream, url } = await startRelay({ tokens });
  const [viewer, writer] = [new Client(`${url}/live/main?token=${VIEW}`), new Client(`${url}/live/main`, { headers: bearer(WRITE) })];
  await encodeInto(stream, { seconds: 0.2 }).ended;
  for (const client of [viewer, writer]) {
    await client.until(({ texts }) => texts.length > 0);
    client.say({ type: 'set', preset: 'fast' });
    client.say({ type: 'ping', t: 7 });
    await client.until(({ texts }) => texts.some(({ type }) => type === 'pong'));
  }
  expect([viewer, writer].map((client) => client.texts[0])).toMatchObject([{ maySet: false }, { maySet: true }]);
  expect(viewer.texts).toContainEqual({ type: 'error', code: 'SRVID_NOT_PERMITTED', message: expect.stringContaining('token') });
  const pong = writer.texts.find((message) => message.type === 'pong');
  expect(pong).toEqual({ type: 'pong', t: 7, at: expect.any(Number) });
  expect(stream.changes).toEqual([{ preset: 'fast', level: undefined }]);
  stream.refusal = new SrvidError('SRVID_PRESET_UNKNOWN', 'No preset is called so.', {}, new Error('a cause'));
  writer.say({ type: 'set', preset: 'so' });
  await writer.until(({ texts }) => texts.some(({ type }) => type === 'error'));
  expect(writer.texts.at(-1)).toEqual({ type: 'error', code: 'SRVID_PRESET_UNKNOWN', message: 'No preset is called so.' });
});

test('what may be done follows from the token, before any handshake', async () => {
  const { url, http } = await startRelay({ tokens });
  expect(await refusalOf(`${url}/live/main`)).toBe(401);
  expect(await refusalOf(`${url}/live/main?token=wrong-0123456789abcdef`)).toBe(403);
  expect(await refusalOf(`${url}/live/other`, bearer(VIEW))).toBe(404);
  // Who has no token does not learn which streams there are.
  expect(await refusalOf(`${url}/live/other`)).toBe(401);
  expect(await refusalOf(`${url}/ingest/main`, bearer(VIEW))).toBe(403);
  expect(await refusalOf(`${url}/live/main`, { ...bearer(VIEW), Origin: 'https://evil.example' })).toBe(403);
  const statuses = await Promise.all(
    ['/stats', '/metrics', '/health', '/nothing'].map(async (path) => [
      (await fetch(http + path)).status,
      (await fetch(http + path, { headers: bearer(VIEW) })).status,
    ]),
  );
  expect(statuses).toEqual([
    [401, 200],
    [401, 200],
    [200, 200],
    [401, 404],
  ]);
  expect(await (await fetch(`${http}/health`)).json()).toEqual({ ok: true });
});

test('without tokens everybody on this machine may view, nobody write, and no foreign page do anything', async () => {
  const { url, http, port } = await startRelay({ allowOrigins: ['https://example.org'] });
  const client = new Client(`${url}/live/main`, { headers: { Origin: 'https://example.org' } });
  await new Promise((resolve) => client.socket.once('open', resolve));
  expect(await refusalOf(`${url}/ingest/main`)).toBe(403);
  expect(await refusalOf(`${url}/live/main`, { Origin: 'http://evil.example' })).toBe(403);
  expect(await refusalOf(`${url}/live/main`, { Origin: `http://evil.example:${port}`, Host: `evil.example:${port}` })).toBe(403);
  expect((await fetch(`${http}/stats`, { headers: { Origin: 'http://evil.example' } })).status).toBe(403);
});

test.each(['0.0.0.0', '::', '192.0.2.1', 'relay.example'])('is not to be had at %s without tokens', async (host) => {
  const error = await failureOf(() => new RelayServer({ host, port: 0, streams: [] }));
  expect([error.code, error.message]).toEqual(['SRVID_LISTEN_REFUSED', expect.stringContaining(host)]);
});

test('an address that is taken is named', async () => {
  const { port } = await startRelay();
  const error = await failureOf(() => startRelay({ port }));
  expect([error.code, error.message]).toEqual(['SRVID_LISTEN_FAILED', expect.stringContaining(`127.0.0.1:${port}`)]);
});

test('no more viewers than are allowed, and the next one when one has left', async () => {
  const { url, stream } = await startRelay({ limits: { maxViewers: 2 } });
  const clients = [new Client(`${url}/live/main`), new Client(`${url}/live/main`)];
  await eventually(() => stream.watching === 2);
  expect(await refusalOf(`${url}/live/main`)).toBe(503);
  clients[0]?.socket.close();
  await eventually(() => stream.watching === 1);
  const next = new Client(`${url}/live/main`);
  await new Promise((resolve) => next.socket.once('open', resolve));
});

test('health names the streams, and is 503 while the source of one is away', async () => {
  const stream = new PlainStream();
  const idle = new PlainStream('yard');
  idle.state = 'idle';
  const { http } = await startRelay({ streams: [stream, idle] });
  const health = async () => {
    const answer = await fetch(`${http}/health`);
    return [answer.status, await answer.json()];
  };
  expect(await health()).toEqual([200, { ok: true, streams: { main: 'live', yard: 'idle' } }]);
  stream.state = 'waiting';
  expect(await health()).toEqual([503, { ok: false, streams: { main: 'waiting', yard: 'idle' } }]);
});

test('stats and metrics tell of each stream, and the metrics are one text that a scraper can read', async () => {
  const run: RunMetrics = { framesIn: 12, framesOut: 10, outcomes: { sr: 9, reused: 1, bypassed: 0, dropped: 2 }, stages: [] };
  const relayMs = { p50: 61, p95: 88, p99: 97 };
  const live = { width: 160, height: 120, fps: 25, pinned: null, relayMs, sourceFramesLeft: 1 };
  const streams = ['main', 'yard'].map((name) =>
    Object.assign(new PlainStream(name), { status: () => ({ epoch: 3, preset: 'fast', source: 'a', live, run }) }),
  );
  const [main] = streams as [PlainStream];
  const { url, http } = await startRelay({ streams });
  await encodeInto(main, { seconds: 0.5 }).ended;
  const client = await new Client(`${url}/live/main`).until(({ binaries }) => binaries.length > 3);
  await refusalOf(`${url}/live/nobody`);
  const stats = (await (await fetch(`${http}/stats`)).json()) as Record<string, unknown>;
  expect(stats).toMatchObject({
    server: { connections: 1, viewers: 1, refusals: { 404: 1 }, uptimeSeconds: expect.any(Number), rssBytes: expect.any(Number) },
    streams: {
      main: { state: 'live', epoch: 3, preset: 'fast', run, renditions: { sr: { viewers: 1, joined: 1, gaps: 0 }, source: { viewers: 0 } } },
      yard: { run },
    },
  });
  const answer = await fetch(`${http}/metrics`);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await answer.text();
  const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(new Set(types).size).toBe(types.length);
  for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) srvid_[a-z_]+ .+|srvid_[a-z_]+(\{([a-z]+="[^"]*",?)+\})? \d[\d.e+-]*)$/);
  expect(text).toContain('srvid_viewers{stream="main",rendition="sr"} 1');
  expect(text).toContain('srvid_frames_total{stream="yard",outcome="dropped"} 2');
  expect(text).toContain('srvid_relay_seconds{stream="main",quantile="0.95"} 0.088');
  expect(text).toContain('srvid_relay_refused_total{status="404"} 1');
  const sent = /srvid_viewer_bytes_total\{stream="main",rendition="sr"\} (\d+)/.exec(text)?.[1];
  const got = client.received.reduce((total, message) => total + (Buffer.isBuffer(message) ? message.length : JSON.stringify(message).length), 0);
  expect(Number(sent)).toBe(got);
});

test('pages are served with headers that let them do no harm, and answers say what they are', async () => {
  const assets = new Map([['/', { type: 'text/html; charset=utf-8', body: Buffer.from('<p>page') }]]);
  const { http } = await startRelay({ assets, tokens });
  const page = await fetch(`${http}/?token=x`);
  expect([page.status, await page.text(), page.headers.get('content-type')]).toEqual([200, '<p>page', 'text/html; charset=utf-8']);
  expect(page.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; media-src blob:; /,
  );
  for (const name of ['x-content-type-options', 'x-frame-options', 'referrer-policy', 'cross-origin-opener-policy', 'cross-origin-resource-policy'])
    expect(page.headers.has(name), name).toBe(true);
  const head = await fetch(`${http}/`, { method: 'HEAD' });
  expect([head.status, await head.text(), head.headers.get('content-length')]).toEqual([200, '', '7']);
  expect((await fetch(`${http}/`, { method: 'POST', body: 'x' })).status).toBe(405);
});

test('when the stream ends viewers are told and closed; when the relay goes, too, and the relay is gone then', async () => {
  const { server, stream, url, http } = await startRelay();
  const ended = new Client(`${url}/live/main`);
  const left = new Client(`${url}/live/main?rendition=source`);
  await eventually(() => stream.watching === 2);
  stream.renditions.sr.end('The file ended.');
  expect((await ended.closed).code).toBe(1000);
  expect(ended.texts.at(-1)).toEqual({ type: 'state', state: 'ended', message: 'The file ended.' });
  await Promise.all([server.close(), left.closed.then(({ code }) => expect(code).toBe(1001))]);
  await expect(fetch(`${http}/health`)).rejects.toThrow();
  expect(stream.watching).toBe(0);
});
