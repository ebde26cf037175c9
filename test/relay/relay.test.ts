import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { FragmentSplitter } from '../../dist/relay/fmp4/splitter.js';
import { FaultProxy } from '../helpers/fault-proxy.js';
import { ffprobe, rawFrames } from '../helpers/media.js';
import { LIGHT, playing, relayClips, written } from '../helpers/relay-clips.js';
import { type Listener, RelayCommand } from '../helpers/relay-command.js';
import { startRtspServer } from '../helpers/rtsp-server.js';

const { folder, clip, transport, tokens } = await relayClips();
const plugin = (name: string) => fileURLToPath(new URL(`../fixtures/plugins/${name}.js`, import.meta.url));
const SPEAKS = plugin('speaks');

const fragments = (listener: Listener, from = 0) => {
  const splitter = new FragmentSplitter();
  return listener.binaries.slice(from).flatMap((bytes) => splitter.push(bytes));
};

test('a looped file plays beyond its end: hello, init, whole fragments from a keyframe on, times that go on, sound', async () => {
  const relay = await RelayCommand.start(clip, '--loop', ...LIGHT, '--plugin-before', `${SPEAKS}`);
  const viewer = relay.listen();
  await viewer.until(() => fragments(viewer).some((piece) => piece.kind === 'fragment' && piece.startSeconds > 5));
  const [hello] = viewer.texts('hello');
  expect(hello).toMatchObject({ v: 1, stream: 'main', rendition: 'sr', width: 320, height: 192, fps: 25, preset: 'bicubic', maySet: false });
  // The preset's own level and the bypass are two, and nothing of either is counted under the other's name.
  expect(hello).toMatchObject({ levels: ['bicubic', 'bypass'], networks: [] });
  const metrics = await (await fetch(`http://127.0.0.1:${relay.port}/metrics`)).text();
  const series = metrics.split('\n').flatMap((line) => /^srvid_.+(?= )/.exec(line) ?? []);
  expect(series).toEqual([...new Set(series)]);
  expect(metrics).toMatch(/^srvid_plugin_total\{[^}]*plugin="speaks"[^}]*name="frames_seen"[^}]*\} [1-9]/m);
  const [init, first, ...rest] = fragments(viewer);
  expect(init).toMatchObject({ kind: 'init', mime: hello?.['mime'], width: 320, height: 192 });
  expect(hello?.['mime']).toMatch(/^video\/mp4; codecs="avc1\.[0-9a-f]{6},mp4a\.40\.2"$/);
  expect(first).toMatchObject({ kind: 'fragment', keyframe: true });
  const seconds = rest.flatMap((piece) => (piece.kind === 'fragment' ? [piece.startSeconds] : []));
  const file = join(folder, 'played.mp4');
  await writeFile(file, Buffer.concat(viewer.binaries));
  const { packets } = await ffprobe<{ packets: { codec_type: string; pts_time: string }[] }>(file, '-show_entries', 'packet=codec_type,pts_time');
  const video = packets.filter(({ codec_type }) => codec_type === 'video').map(({ pts_time }) => Number(pts_time));
  // In order, over the seam of the loop too.
  expect(video).toEqual([...new Set(video)].sort((a, b) => a - b));
  expect(packets.filter(({ codec_type }) => codec_type === 'audio').length).toBeGreaterThan(50);
  expect(seconds.length).toBeGreaterThan(100);
  expect(await relay.stop()).toBe(0);
});

test('both renditions have the same times, and each its own size', async () => {
  const relay = await RelayCommand.start(clip, '--loop', ...LIGHT);
  const [ours, source] = [relay.listen(), relay.listen('/live/main?rendition=source')];
  await Promise.all([ours.until(playing(60)), source.until(playing(60))]);
  expect(source.texts('hello')[0]).toMatchObject({ rendition: 'source', width: 160, height: 96, epoch: ours.texts('hello')[0]?.['epoch'] });
  const times = (listener: Listener) => new Set(fragments(listener).flatMap((piece) => (piece.kind === 'fragment' ? [piece.startSeconds.toFixed(4)] : [])));
  const both = [...times(source)].filter((time) => times(ours).has(time));
  expect(both.length).toBeGreaterThan(15);
});

test('a writer switches preset and level; both go on at the times they had, and what is not there is refused', async () => {
  const relay = await RelayCommand.start(clip, '--loop', '--preset', 'bicubic', '--scale', '2', '--budget-ms', '1000', '--token-file', tokens);
  const viewer = relay.listen(written('/live/main'));
  await viewer.until(playing(20));
  viewer.send({ type: 'set', preset: 'abpn' });
  const next = await viewer.until(() => viewer.texts('hello')[1]);
  expect(next).toMatchObject({ preset: 'abpn', width: 320, levels: expect.arrayContaining(['abpn']), epoch: viewer.texts('hello')[0]?.['epoch'] });
  const [at, before] = [viewer.messages.indexOf(next), viewer.messages.slice(0, viewer.messages.indexOf(next)).filter(Buffer.isBuffer)];
  await viewer.until(() => viewer.messages.length > at + 20);
  const splitter = new FragmentSplitter();
  const old = before.flatMap((bytes) => splitter.push(bytes));
  const renewed = fragments(viewer, before.length);
  expect(renewed[0]).toMatchObject({ kind: 'init' });
  expect(renewed[1]).toMatchObject({ kind: 'fragment', keyframe: true });
  const last = Math.max(...old.flatMap((piece) => (piece.kind === 'fragment' ? [piece.startSeconds] : [])));
  // Within a GOP.
  expect((renewed[1] as { startSeconds: number }).startSeconds).toBeGreaterThan(last - 0.1);
  viewer.send({ type: 'set', level: 'abpn' });
  await viewer.until(() => viewer.texts('stats').some(({ pinned }) => pinned === 'abpn'));
  // Of the frames of a second it is said which levels made them; the bypass is a level that can be asked for.
  expect(next['levels']).toEqual(['abpn', ...((next['networks'] as string[]) ?? []).slice(1), 'bypass']);
  viewer.send({ type: 'set', level: 'bypass' });
  const bypassed = await viewer.until(() => viewer.texts('stats').find(({ pinned, superResolved }) => pinned === 'bypass' && superResolved === 0));
  expect((bypassed['perSecond'] as { levels: object }).levels).toMatchObject({ abpn: 0, bypass: expect.any(Number) });
  viewer.send({ type: 'set', level: 'no-such-level' });
  viewer.send({ type: 'set', preset: '../presets/abpn' });
  await viewer.until(() => viewer.texts('error').length === 2);
  expect(viewer.texts('error').map(({ code }) => code)).toEqual(['SRVID_OPTION_INVALID', 'SRVID_PRESET_UNKNOWN']);
  const watcher = relay.listen('/live/main?token=a-token-that-may-view');
  await watcher.until(playing(2));
  watcher.send({ type: 'set', preset: 'bicubic' });
  await watcher.until(() => watcher.texts('error').length === 1 || watcher.closed);
  expect(watcher.texts('hello').length).toBe(1);
});

test('programs with a token get frames as they are before the encoder, at the times of the others; without one nobody does', async () => {
  const relay = await RelayCommand.start(clip, '--loop', '--preset', 'abpn', '--scale', '2', '--budget-ms', '1000', '--token-file', tokens);
  const [raw, coded] = [relay.listen('/live/main?rendition=raw&token=a-token-that-may-view'), relay.listen('/live/main?token=a-token-that-may-view')];
  await Promise.all([raw.until(playing(30)), coded.until(playing(60))]);
  const [hello] = raw.texts('hello');
  expect(hello).toMatchObject({
    ...{ rendition: 'raw', width: 320, height: 192 },
    raw: {
      planes: [
        { name: 'y', width: 320, height: 192 },
        { name: 'u', width: 80, height: 48 },
        { name: 'v', width: 80, height: 48 },
      ],
    },
  });
  const shown = fragments(coded).flatMap((piece) => (piece.kind === 'fragment' ? [piece.startSeconds.toFixed(4)] : []));
  const times = raw.binaries.map((bytes) => bytes.readDoubleBE().toFixed(4));
  expect(times.filter((time) => shown.includes(time)).length).toBeGreaterThan(10);
  for (const bytes of raw.binaries) expect(bytes.length).toBe(8 + 320 * 192 + 2 * 80 * 48);
  // Against what a viewer sees of the same moment: both are the same picture but for the encoder's losses.
  const file = join(folder, 'coded.mp4');
  await writeFile(file, Buffer.concat(coded.binaries));
  const stamps = (await ffprobe<{ packets: { pts_time: string }[] }>(file, '-select_streams', 'v', '-show_entries', 'packet=pts_time')).packets;
  const pictures = await rawFrames(file, 'gray', 'extractplanes=y');
  const index = stamps.findIndex(({ pts_time }) => times.includes(Number(pts_time).toFixed(4)));
  const same = raw.binaries[times.indexOf(Number(stamps[index]?.pts_time).toFixed(4))] as Buffer;
  let squares = 0;
  for (let pixel = 0; pixel < 320 * 192; pixel++) squares += ((pictures[index * 320 * 192 + pixel] as number) - (same[8 + pixel] as number)) ** 2;
  expect(Math.sqrt(squares / (320 * 192))).toBeLessThan(12);

  const open = await RelayCommand.start(clip, '--loop', ...LIGHT);
  const refused = open.listen('/live/main?rendition=raw');
  const status = await new Promise((resolve) => refused.socket.once('unexpected-response', (_, response) => resolve(response.statusCode)));
  expect(status).toBe(401);
});

test('encoders that are killed are replaced, and viewers stay', async () => {
  const relay = await RelayCommand.start(clip, '--loop', ...LIGHT);
  const viewers = [relay.listen(), relay.listen('/live/main?rendition=source')];
  await Promise.all(viewers.map((viewer) => viewer.until(playing(20))));
  const encoders = await relay.children('libx264');
  expect(encoders.length).toBe(2);
  for (const encoder of encoders) process.kill(encoder, 'SIGKILL');
  for (const viewer of viewers) {
    const again = await viewer.until(() => viewer.texts('hello')[1]);
    const at = viewer.messages.indexOf(again);
    await viewer.until(() => viewer.messages.slice(at).filter(Buffer.isBuffer).length > 30);
    expect(viewer.closed).toBeUndefined();
  }
});

test('a source that goes and returns: viewers are told and see it again, and it is called by no secret', async () => {
  const bytes = await readFile(transport);
  const sockets = new Set<Socket>();
  const serve = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.end(bytes);
  });
  await new Promise<void>((resolve) => serve.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void serve.close());
  const { port } = serve.address() as { port: number };
  const relay = await RelayCommand.start(`tcp://127.0.0.1:${port}?timeout=5000000&secret=hunter2`, ...LIGHT);
  const viewer = relay.listen();
  await viewer.until(() => viewer.texts('state').some(({ state }) => state === 'waiting'));
  await viewer.until(() => viewer.texts('hello').length >= 2);
  const [first, second] = viewer.texts('hello');
  expect(second?.['epoch']).toBeGreaterThan(first?.['epoch'] as number);
  expect(viewer.closed).toBeUndefined();
  const told = [relay.said, viewer.summary(), JSON.stringify(await relay.json('/stats'))].join('\n');
  expect(told).toContain(`tcp://127.0.0.1:${port}`);
  expect(told).not.toContain('hunter2');
});

test('a source that stalls for a moment is waited for; one that stays silent is called again, and viewers see it return', async () => {
  const camera = await startRtspServer(clip);
  const proxy = await FaultProxy.start(camera.port);
  onTestFinished(() => proxy.close());
  const relay = await RelayCommand.start(`rtsp://127.0.0.1:${proxy.port}/`, ...LIGHT);
  const viewer = relay.listen();
  await viewer.until(playing(20));

  proxy.hold();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  proxy.release();
  const before = viewer.binaries.length;
  await viewer.until(playing(before + 60));
  expect(viewer.texts('hello')).toHaveLength(1);
  expect(viewer.texts('state').map(({ state }) => state)).not.toContain('waiting');

  proxy.hold();
  await viewer.until(() => viewer.texts('state').some(({ state }) => state === 'waiting'));
  proxy.release();
  const again = await viewer.until(() => viewer.texts('hello')[1]);
  const at = viewer.messages.indexOf(again);
  await viewer.until(() => viewer.messages.slice(at).filter(Buffer.isBuffer).length > 20);
  expect(viewer.closed).toBeUndefined();
});

test('a recording is what viewers get and can be played; on demand nothing runs until somebody watches', async () => {
  const record = join(folder, 'record.mp4');
  const relay = await RelayCommand.start(clip, ...LIGHT, '--record', record);
  expect(await new Promise((resolve) => relay.child.once('close', resolve))).toBe(0); // The file has ended, and all is told.
  const { streams } = await ffprobe<{ streams: { codec_name: string; nb_read_packets: string }[] }>(
    record,
    ...['-count_packets', '-show_entries', 'stream=codec_name,nb_read_packets'],
  );
  expect(streams.map(({ codec_name }) => codec_name)).toEqual(['h264', 'aac']);
  expect(Number(streams[0]?.nb_read_packets)).toBeGreaterThan(50);

  const idle = await RelayCommand.start(clip, '--loop', ...LIGHT, '--on-demand');
  expect(await idle.json('/health')).toMatchObject({ ok: true, streams: { main: 'idle' } });
  expect(await idle.children('ffmpeg')).toEqual([]);
  await idle.listen().until(playing(5));
  expect(await idle.json('/health')).toMatchObject({ streams: { main: 'live' } });
});

test('several streams come from one configuration, each with its plugins and what becomes of their failures', async () => {
  const config = join(folder, 'relay.json');
  const stream = { preset: 'bicubic', scale: 2, workers: 1, budgetMs: 1000, loop: true, onDemand: true };
  // Every frame of it fails in its plugin, and is seen by viewers all the same.
  const failing = { plugins: [`${plugin('fail-at')}?pts=0`], pluginsBefore: [SPEAKS], onPluginError: 'bypass' };
  const two = { input: transport, ...stream, ...failing, bitrate: '500k' };
  await writeFile(config, JSON.stringify({ version: 1, streams: { one: { input: clip, ...stream }, two } }));
  const relay = await RelayCommand.start('--config', config);
  const viewer = relay.listen('/live/two');
  await viewer.until(playing(5));
  expect(viewer.texts('hello')[0]).toMatchObject({ stream: 'two' });
  expect(await relay.json('/health')).toMatchObject({ streams: { one: 'idle', two: 'live' } });
  const told = { plugins: expect.arrayContaining([expect.objectContaining({ plugin: 'speaks', name: 'frames_seen' })]) };
  expect(await relay.json('/stats')).toMatchObject({ streams: { two: { run: told } } });
});

test.each([
  [['gopher://host/x'], 2, 'SRVID_OPTION_INVALID'],
  [['/no/such/file.mp4'], 2, 'SRVID_INPUT_NOT_FOUND'],
  [[], 2, 'SRVID_OPTION_INVALID'],
  [['push', '--bitrate', 'fast'], 2, 'SRVID_OPTION_INVALID'],
  [['push', '--preset', 'none-such'], 2, 'SRVID_PRESET_UNKNOWN'],
  [['push', '--on-plugin-error', 'perhaps'], 2, 'SRVID_OPTION_INVALID'],
  [['push', '--token-file', '/no/such/tokens'], 2, 'SRVID_TOKENS_INVALID'],
  [['push', '--config', '/no/such/relay.json'], 2, 'SRVID_OPTION_INVALID'],
  [['--config', '/no/such/relay.json'], 2, 'SRVID_RELAY_CONFIG'],
])('srvid relay %j is refused before anything runs', async (args, exit, code) => {
  const failure = await RelayCommand.start(...(args as string[])).catch((error: Error) => error.message);
  expect(failure).toContain(`ended with ${exit}`);
  expect(failure).toContain(code as string);
});

test('a recording never takes the place of a file', async () => {
  const failure = await RelayCommand.start(clip, '--record', transport).catch((error: Error) => error.message);
  expect(failure).toContain('SRVID_OUTPUT_EXISTS');
  expect(existsSync(transport)).toBe(true);
});

test('a worker that dies again and again costs frames and nothing else: the stream and its viewers stay', async () => {
  const config = join(folder, 'dying.json');
  const fail = fileURLToPath(new URL('../fixtures/plugins/fail-at.js', import.meta.url));
  const stream = {
    input: clip,
    loop: true,
    preset: 'bicubic',
    scale: 2,
    workers: 2,
    budgetMs: 1000,
    plugins: [{ use: fail, options: { way: 'crash', pts: 30_000 } }],
  };
  await writeFile(config, JSON.stringify({ version: 1, streams: { main: stream } }));
  const relay = await RelayCommand.start('--config', config);
  const viewer = relay.listen();
  // Every frame from a moment on kills the worker that it is given to.
  const stats = await viewer.until(() => viewer.texts('stats').find(({ outcomes }) => (outcomes as { dropped: number }).dropped > 0));
  expect((stats['outcomes'] as { sr: number }).sr).toBeGreaterThan(0);
  expect(viewer.closed).toBeUndefined();
  expect(await relay.json('/health')).toMatchObject({ streams: { main: expect.stringMatching(/^(live|waiting|starting)$/) } });
  // On a busy machine the relay is ended while workers are still being replaced.
  expect([0, 130]).toContain(await relay.stop());
});
