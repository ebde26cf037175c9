import { execFile, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { RelayServer } from '../../dist/relay/server/server.js';
import { Tokens } from '../../dist/relay/server/tokens.js';
import { openPage } from '../helpers/browser.js';
import { ClipStream, encodeClip } from '../helpers/clip-stream.js';
import { COMMAND } from '../helpers/command.js';
import { ffprobe, temporaryFolder, videoTimes } from '../helpers/media.js';
import { FFMPEG } from '../helpers/programs.js';

const EXAMPLES = fileURLToPath(new URL('../../examples/relay/', import.meta.url));
const folder = await temporaryFolder();

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A web server as whoever tries the example has one: not the relay. */
async function serveExamples(): Promise<string> {
  const server: Server = createServer(async ({ url = '/' }, response) => {
    const body = await readFile(join(EXAMPLES, new URL(url, 'http://examples').pathname)).catch(() => undefined);
    // Browsers ask for an icon; 204 is no error that they would report.
    response.writeHead(body ? 200 : 204, { 'Content-Type': 'text/html; charset=utf-8' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serveRelay(stream: ClipStream, options: Partial<ConstructorParameters<typeof RelayServer>[0]> = {}): Promise<string> {
  const server = new RelayServer({ host: '127.0.0.1', port: 0, streams: [stream], ...options });
  const { port } = await server.listen();
  undo.push(
    () => stream.stop(),
    () => server.close(),
  );
  return `ws://127.0.0.1:${port}`;
}

test('record.js writes what viewers get as an .mp4 that plays, and another file where the stream begins anew', async () => {
  const stream = new ClipStream();
  const small = await encodeClip(folder, { seconds: 6, sourceSize: '64x48', size: '128x96' });
  const large = await encodeClip(folder, { seconds: 6, sourceSize: '64x48', size: '256x192' });
  stream.show(small);
  const relay = await serveRelay(stream);
  const output = join(folder, 'recorded.mp4');
  const recorder = spawn(process.execPath, [join(EXAMPLES, 'record.js'), `${relay}/live/main`, output, '3'], { stdio: ['ignore', 'ignore', 'pipe'] });
  undo.push(() => recorder.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => recorder.once('exit', resolve));
  let said = '';
  recorder.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  await expect.poll(() => said, { timeout: 30_000 }).toContain('128x96');
  await expect.poll(async () => (await readFile(output)).length, { timeout: 30_000 }).toBeGreaterThan(50_000);
  stream.show(large);
  expect(await ended, said).toBe(0);

  const [first, second] = [output, join(folder, 'recorded-2.mp4')];
  for (const [path, width] of [
    [first, 128],
    [second, 256],
  ] as const) {
    const { streams } = await ffprobe<{ streams: { codec_type: string; width?: number }[] }>(path, '-show_streams');
    expect(streams.map(({ codec_type }) => codec_type)).toEqual(['video', 'audio']);
    expect(streams[0]?.width).toBe(width);
  }
  // Three seconds of 25 frames, none missing.
  const times = await videoTimes(second);
  expect(times.length).toBeGreaterThanOrEqual(75);
  for (const [index, time] of times.entries()) if (index > 0) expect(time - (times[index - 1] as number)).toBeCloseTo(0.04, 3);
  // The whole file decodes without a word.
  const { stderr } = await promisify(execFile)(FFMPEG, ['-nostdin', '-v', 'error', '-i', second, '-f', 'null', '-']);
  expect(stderr).toBe('');
});

test('watch.html plays a stream without any library, and plays on after a new epoch', async () => {
  const stream = new ClipStream();
  stream.show(await encodeClip(folder, { seconds: 30, sourceSize: '96x64', size: '192x128' }));
  const origin = await serveExamples();
  const relay = await serveRelay(stream, { allowOrigins: [origin] });
  const { page, errors } = await openPage();
  undo.push(() => page.close());
  await page.goto(`${origin}/watch.html?relay=${relay}/live/main`);
  const plays = (height: number) =>
    page.waitForFunction((expected) => {
      const video = document.querySelector('video');
      return video && video.videoHeight === expected && video.currentTime > 1 && video.readyState >= 3;
    }, height);
  await plays(128);
  stream.show(await encodeClip(folder, { seconds: 30, sourceSize: '96x64', size: '288x192' }));
  await plays(192);
  expect(errors).toEqual([]);
});

test('webcam.html pushes a camera that ffmpeg can read at the other end', async () => {
  const pushed: Buffer[] = [];
  const stream = new (class extends ClipStream {
    override async ingest(bytes: Readable): Promise<void> {
      bytes.on('data', (chunk: Buffer) => pushed.push(chunk));
    }
  })();
  const origin = await serveExamples();
  const relay = await serveRelay(stream, { allowOrigins: [origin], tokens: Tokens.parse('writes-0123456789 write\n', 'test') });
  const { page, errors } = await openPage({ permissions: ['camera', 'microphone'] });
  undo.push(() => page.close());
  await page.goto(`${origin}/webcam.html?relay=${relay}/ingest/main&token=writes-0123456789`);
  await page.getByText('Live').waitFor();
  await expect.poll(() => pushed.length, { timeout: 30_000 }).toBeGreaterThan(15);
  const path = join(folder, 'pushed.webm');
  await writeFile(path, Buffer.concat(pushed));
  const { streams } = await ffprobe<{ streams: { codec_name: string }[] }>(path, '-show_streams');
  expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual(['opus', 'vp8']);
  expect((await videoTimes(path)).length).toBeGreaterThan(10);
  expect(errors).toEqual([]);
});

test('relay-file.sh relays a file over and over, and its page plays it with sound', async () => {
  const path = join(folder, 'looped.mp4');
  await promisify(execFile)(FFMPEG, [
    ...['-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=160x96:r=25:d=4', '-f', 'lavfi', '-i', 'sine=d=4'],
    ...['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac', path],
  ]);
  // The last --preset counts: a light one, since what is tested is not the picture.
  const light = ['--preset', 'bicubic', '--scale', '2', '--workers', '1', '--budget-ms', '1000', '--listen', '127.0.0.1:0'];
  const command = spawn('sh', [join(EXAMPLES, 'relay-file.sh'), path, ...light], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, SRVID: `${process.execPath} ${COMMAND}` },
  });
  undo.push(() => command.kill('SIGKILL'));
  let said = '';
  command.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  await expect.poll(() => said, { timeout: 30_000 }).toMatch(/watch: http\S+/);
  const { page, errors } = await openPage();
  undo.push(() => page.close());
  await page.goto(/watch: (http\S+)/.exec(said)?.[1] ?? '');
  // Beyond, both videos of the size that they should have, and nothing missing in either.
  await page.waitForFunction(() => (document.getElementById('after') as HTMLVideoElement).currentTime > 6);
  await page.waitForFunction(() => (document.getElementById('before') as HTMLVideoElement).currentTime > 1);
  const shown = await page.evaluate(() =>
    ['after', 'before'].map((id) => {
      const video = document.getElementById(id) as HTMLVideoElement;
      return { height: video.videoHeight, pieces: video.buffered.length };
    }),
  );
  expect(shown).toEqual([
    { height: 192, pieces: 1 },
    { height: 96, pieces: 1 },
  ]);
  expect(await page.getByRole('button', { name: 'Sound' }).isVisible()).toBe(true);
  expect(errors).toEqual([]);
});

test('every example of the relay has a line in its README, and the shell scripts are sound', async () => {
  const readme = await readFile(join(EXAMPLES, 'README.md'), 'utf8');
  for (const name of ['relay-file.sh', 'relay-rtsp.sh', 'webcam.html', 'record.js', 'watch.html']) expect(readme).toContain(`](${name})`);
  for (const name of ['relay-file.sh', 'relay-rtsp.sh']) await promisify(execFile)('sh', ['-n', join(EXAMPLES, name)]);
});
