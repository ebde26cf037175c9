import { spawn } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';
import { FFMPEG } from '../helpers/programs.js';
import { type Listener, RelayCommand } from '../helpers/relay-command.js';

const folder = await temporaryFolder();
const clip = join(folder, 'clip.mp4');
const garbage = join(folder, 'garbage.mp4');
const tokens = join(folder, 'tokens');
const WRITE = 'a-token-that-may-write';
const VIEW = 'a-token-that-may-view';
const LIGHT = ['--preset', 'bicubic', '--scale', '2', '--workers', '1', '--budget-ms', '1000'];

beforeAll(async () => {
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=3', '-c:v', 'libx264', '-g', '25', '-pix_fmt', 'yuv420p', clip);
  await writeFile(garbage, Buffer.alloc(100_000, 'not a video '));
  await writeFile(tokens, `${WRITE} write\n${VIEW} view\n`);
});

const opened = (listener: Listener) => new Promise((resolve) => listener.socket.once('open', resolve));

test('a stop is heeded while the source opens, while the networks are loaded and after', async () => {
  for (const wait of [100, 700]) {
    const relay = await RelayCommand.start(clip, '--loop', ...LIGHT);
    await new Promise((resolve) => setTimeout(resolve, wait));
    const ended = new Promise((resolve) => relay.child.once('close', resolve));
    relay.child.kill('SIGTERM');
    expect([0, 130, null]).toContain(await ended); // Not 0 where the machine was too busy to end it in order.
    expect(await relay.children('ffmpeg')).toEqual([]);
  }
});

test('on demand nothing stays live for a viewer who left just as a sender came', async () => {
  const relay = await RelayCommand.start('push', ...LIGHT, '--on-demand', '--token-file', tokens);
  const viewer = relay.listen(`/live/main?token=${VIEW}`);
  await opened(viewer);
  const pusher = relay.listen(`/ingest/main?token=${WRITE}`);
  await opened(pusher);
  viewer.socket.close();
  const sender = spawn(FFMPEG, ['-nostdin', '-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-c', 'copy', '-f', 'mpegts', '-'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void sender.kill('SIGKILL'));
  sender.stdout?.on('data', (bytes: Buffer) => pusher.socket.send(bytes, () => {}));
  await pusher.until(() => pusher.closed !== undefined);
  expect(pusher.texts('error')).toMatchObject([{ code: 'SRVID_INGEST_REFUSED', message: expect.stringContaining('Nobody watches') }]);
  // The sender is told before its stream has ended.
  await vi.waitFor(async () => expect(await relay.json(`/health?token=${VIEW}`)).toMatchObject({ streams: { main: 'idle' } }), { timeout: 10_000 });
});

test.each([['/etc/passwd'], [garbage], ['udp://127.0.0.1:9', '--input-format', 'nonesuch']])(
  '%s cannot be relayed, so the relay ends and says why',
  async (...input) => {
    const relay = await RelayCommand.start(...input, ...LIGHT);
    const viewer = relay.listen();
    expect(await new Promise((resolve) => relay.child.once('close', resolve))).toBe(1);
    expect(relay.said).toMatch(/main: the source cannot be relayed\. .*\[SRVID_INPUT_UNREADABLE\]/s);
    expect(viewer.summary()).not.toMatch(/0x[0-9a-f]{4}|\/etc\//);
  },
);

test('garbage that is pushed is refused as what it is', async () => {
  const relay = await RelayCommand.start('push', ...LIGHT, '--token-file', tokens);
  const pusher = relay.listen(`/ingest/main?token=${WRITE}`);
  await opened(pusher);
  for (let count = 0; count < 40; count++) pusher.socket.send(Buffer.alloc(200_000, count), () => {});
  await pusher.until(() => pusher.closed !== undefined || pusher.texts('error').length > 0);
  expect(pusher.texts('error')[0]).toMatchObject({ code: 'SRVID_INPUT_UNREADABLE' });
});

test('a file begins when the engine is ready: nothing is dropped at its start. Of many presets only the last is prepared', async () => {
  const log = join(folder, 'access.log');
  const relay = await RelayCommand.start(clip, '--loop', ...LIGHT, '--token-file', tokens, '--access-log', log);
  const viewer = relay.listen(`/live/main?token=${WRITE}`);
  const stats = await viewer.until(() => viewer.texts('stats').find(({ outcomes }) => (outcomes as { sr: number }).sr >= 20));
  const { sr, dropped, reused } = stats['outcomes'] as Record<string, number>;
  expect(dropped).toBeLessThan(8); // It was 13 to 23 of the first frames.
  expect((sr ?? 0) + (reused ?? 0)).toBeGreaterThan(10);
  for (let round = 0; round < 9; round++) for (const preset of ['abpn', 'bicubic']) viewer.send({ type: 'set', preset });
  viewer.send({ type: 'ping', t: 1 });
  await viewer.until(() => viewer.texts('pong').length > 0);
  // What is asked for is in use already, or will be at once; nothing stands in line behind it.
  await viewer.until(() => viewer.texts('stats').length > 4);
  expect(viewer.texts('hello').length).toBeLessThan(5);
  expect((await relay.json<{ streams: Record<string, { preset: string; source: string }> }>(`/stats?token=${VIEW}`)).streams['main']).toMatchObject({
    preset: 'bicubic',
    source: 'clip.mp4',
  });

  // The tokens are read again, and the log is one that can be taken away, as tools that rotate logs do.
  await writeFile(tokens, `${VIEW} view\n`);
  relay.child.kill('SIGHUP');
  await viewer.until(() => viewer.closed?.code === 1008);
  await writeFile(tokens, 'damaged');
  relay.child.kill('SIGHUP');
  while (!relay.said.includes('Nothing has changed')) await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await fetch(`http://127.0.0.1:${relay.port}/stats?token=${VIEW}`)).status).toBe(200);
  expect(await relay.stop()).toBe(0);
  await writeFile(tokens, `${WRITE} write\n${VIEW} view\n`);
  const lines = (await readFile(log, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toContainEqual(
    expect.objectContaining({ event: 'request', method: 'GET', path: '/stats', status: 200, address: '127.0.0.1', time: expect.any(String) }),
  );
  expect(lines).toContainEqual(expect.objectContaining({ event: 'close', kind: 'viewer', stream: 'main', code: 1008, bytesSent: expect.any(Number) }));
  expect(JSON.stringify(lines)).not.toMatch(/a-token/);
  expect(((await stat(log)).mode & 0o007) === 0).toBe(true);
});

test('what stands in options and files is checked in words', async () => {
  const config = (text: string) => writeFile(join(folder, 'relay.json'), text).then(() => ['--config', join(folder, 'relay.json')]);
  const failures = [
    [[clip, '--name', 'a/b'], /SRVID_OPTION_INVALID/, /--name .*letters/],
    [[clip, '--max-viewers', '0'], /SRVID_OPTION_INVALID/, /--max-viewers is a whole number/],
    [['rtsp:/user:hunter2@camera/live'], /SRVID_OPTION_INVALID/, /rtsp:\/\/HOST/],
    [await config('\uFEFF{"version":1,"streams":{"a":{"input":"push"},"a":{"input":"push"}}}'), /SRVID_RELAY_CONFIG/, /"a" stands twice/],
  ] as const;
  const tried = failures.map(async ([args, code, words]) => {
    const failure = await RelayCommand.start(...args, '--preset', 'bicubic').catch((error: Error) => error.message);
    expect(failure).toMatch(code);
    expect(failure).toMatch(words);
    expect(failure).not.toContain('hunter2');
  });
  await Promise.all(tried);
});
