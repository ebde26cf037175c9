import { spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../bench/free-port.mjs';
import { ffmpeg } from '../helpers/media.js';
import { FFMPEG } from '../helpers/programs.js';
import { LIGHT, playing, relayClips } from '../helpers/relay-clips.js';
import { RelayCommand } from '../helpers/relay-command.js';
import { startRtspServer } from '../helpers/rtsp-server.js';

const { folder, clip } = await relayClips();

test.each([
  ['SRT', 'srt://127.0.0.1:PORT?mode=listener', 'srt://127.0.0.1:PORT', ['-f', 'mpegts']],
  ['RTMP', 'rtmp://127.0.0.1:PORT/live/key', 'rtmp://127.0.0.1:PORT/live/key', ['-f', 'flv', '-listen', '1']],
  ['UDP', 'udp://127.0.0.1:PORT?pkt_size=1316', 'udp://127.0.0.1:PORT', ['-f', 'mpegts']],
])('%s is relayed', async (_, to, from, how) => {
  const port = await freePort();
  const send = ['-nostdin', '-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-c', 'copy', ...how, to.replace('PORT', String(port))];
  const sender = spawn(FFMPEG, send, { stdio: 'ignore' });
  onTestFinished(() => void sender.kill('SIGKILL'));
  const relay = await RelayCommand.start(from.replace('PORT', String(port)), ...LIGHT);
  const viewer = relay.listen();
  await viewer.until(playing(30));
  expect(viewer.texts('hello')[0]).toMatchObject({ width: 320, height: 192 });
});

test('HLS over HTTP is relayed', async () => {
  const hls = join(folder, 'hls');
  await mkdir(hls);
  await ffmpeg('-i', clip, '-c', 'copy', '-f', 'hls', '-hls_time', '1', '-hls_list_size', '0', join(hls, 'index.m3u8'));
  const files = createHttpServer(async (request, response) => {
    const body = await readFile(join(hls, basename(request.url ?? ''))).catch(() => undefined);
    response.writeHead(body ? 200 : 404).end(body);
  });
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void files.close());
  const relay = await RelayCommand.start(`http://127.0.0.1:${(files.address() as { port: number }).port}/index.m3u8`, ...LIGHT);
  await relay.listen().until(playing(30));
});

test('a camera over RTSP is relayed, and its password told to nobody', async () => {
  const { port } = await startRtspServer(clip);
  const relay = await RelayCommand.start(`rtsp://admin:hunter2@127.0.0.1:${port}/stream1`, ...LIGHT);
  const viewer = relay.listen();
  await viewer.until(playing(40));
  expect(viewer.texts('hello')[0]).toMatchObject({ width: 320, height: 192, source: { width: 160, height: 96 } });
  const told = [relay.said, viewer.summary(), JSON.stringify(await relay.json('/stats'))].join('\n');
  expect(told).toContain(`rtsp://127.0.0.1:${port}/...`);
  expect(told).not.toMatch(/hunter2|admin|stream1/);
});
