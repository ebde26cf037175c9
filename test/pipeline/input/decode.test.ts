import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type FfmpegBinary, findFfmpeg } from '../../../dist/pipeline/ffmpeg/binary.js';
import { probeFile } from '../../../dist/pipeline/ffmpeg/probe.js';
import { Decoder, type DecoderOptions } from '../../../dist/pipeline/input/decode.js';
import { describeSource, type Source } from '../../../dist/pipeline/input/source.js';
import type { NutStream } from '../../../dist/pipeline/nut/syntax.js';
import { failureOf } from '../../helpers/errors.js';
import { fakeFfmpeg } from '../../helpers/fake-program.js';
import { ffmpeg, lavfi, temporaryFolder } from '../../helpers/media.js';
import { writeNut } from '../../helpers/nut.js';
import { randomBytes } from '../../helpers/random.js';

const folder = await temporaryFolder();
const real = await findFfmpeg();
const FRAME_BYTES = 24;

/** A file of 4x4 frames that a fake ffmpeg pours out: how many, and how large if not as promised. */
async function recording(name: string, frames: number, size = { width: 4, height: 4 }, lastBytes = FRAME_BYTES): Promise<string> {
  const path = join(folder, `${name}.nut`);
  const packets = Array.from({ length: frames }, (_, index) => ({
    stream: 0,
    pts: 10 * index,
    data: randomBytes(index, index === frames - 1 ? lastBytes : FRAME_BYTES),
  }));
  await writeFile(path, await writeNut([{ kind: 'video', fourcc: 'I420', timeBase: { num: 1, den: 1000 }, video: size }], packets));
  return path;
}

const source: Source = describeSource('clip.mp4', {
  streams: [
    {
      index: 0,
      codec_type: 'video',
      codec_name: 'h264',
      width: 4,
      height: 4,
      pix_fmt: 'yuv420p',
      avg_frame_rate: '25/1',
      time_base: '1/1000',
      start_time: '0',
    },
  ],
  chapters: 0,
  formatName: 'mp4',
  durationSeconds: 1,
  startSeconds: 0,
  input: { url: 'file:clip.mp4', options: [] },
});

/** The body of a fake that writes these bytes of a file, then runs `after`. */
const pours = (path: string, bytes: number, after: string) => `
  const bytes = require('fs').readFileSync(${JSON.stringify(path)}).subarray(0, ${bytes});
  process.stdout.write(bytes, () => { ${after} });`;

function decoderOf(binary: FfmpegBinary, of: Source = source, options: Partial<DecoderOptions> = {}): Decoder {
  const decoder = new Decoder(binary, of, { stallTimeoutMs: 60_000, forwarded: [], salvage: false, ...options });
  onTestFinished(() => decoder.stop());
  return decoder;
}

/** Opens, reads to the end and gives every pts. */
async function timesOf(decoder: Decoder): Promise<number[]> {
  await decoder.open();
  const slot = new Uint8Array(FRAME_BYTES);
  const times: number[] = [];
  for (let pts = await decoder.next(() => slot); pts !== undefined; pts = await decoder.next(() => slot)) times.push(pts);
  return times;
}

test('gives every frame with its pts', async () => {
  const path = await recording('whole', 4);
  expect(await timesOf(decoderOf(await fakeFfmpeg(folder, 'whole', pours(path, 1e6, ''))))).toEqual([0, 10, 20, 30]);
});

test('counts the frames of a source that has no timestamps', async () => {
  const path = await recording('counted', 3);
  const binary = await fakeFfmpeg(folder, 'counted', pours(path, 1e6, ''));
  expect(await timesOf(decoderOf(binary, { ...source, hasTimestamps: false }))).toEqual([0, 1, 2]);
});

test.each([
  ['in the middle of a frame', -10],
  ['between frames', 0],
])('an ffmpeg that fails %s is told with its last words, not as damaged frames', async (_, cut) => {
  const path = await recording(`dies${cut}`, 3);
  const { length } = await readFile(path);
  const binary = await fakeFfmpeg(folder, `dies${cut}`, pours(path, length + cut, `process.stderr.write('disk on fire\\n'); process.exitCode = 7;`));
  const error = await failureOf(() => timesOf(decoderOf(binary)));
  expect(error.code).toBe('SRVID_DECODE_FAILED');
  expect(error.message).toMatch(/exit code 7.*disk on fire/);
});

test('an ffmpeg that is killed in the middle of a frame is told as that', async () => {
  const path = await recording('killed', 3);
  const { length } = await readFile(path);
  const error = await failureOf(async () =>
    timesOf(decoderOf(await fakeFfmpeg(folder, 'killed', pours(path, length - 10, `process.kill(process.pid, 'SIGKILL');`)))),
  );
  expect(error.code).toBe('SRVID_DECODE_FAILED');
  expect(error.message).toContain('SIGKILL');
});

test('a stream that breaks off though ffmpeg ended well is damaged', async () => {
  const path = await recording('broken', 3);
  const { length } = await readFile(path);
  const error = await failureOf(async () => timesOf(decoderOf(await fakeFfmpeg(folder, 'broken', pours(path, length - 10, '')))));
  expect(error.code).toBe('SRVID_STREAM_CORRUPT');
});

test('bytes that are no frames are damaged, though ffmpeg goes on', async () => {
  const binary = await fakeFfmpeg(folder, 'garbage', `process.stdout.write('certainly not a container'); setInterval(() => {}, 1000);`);
  expect((await failureOf(() => timesOf(decoderOf(binary)))).code).toBe('SRVID_STREAM_CORRUPT');
});

test.each([
  ['and ends well', '', 'SRVID_INPUT_EMPTY'],
  ['and fails', 'process.exitCode = 1;', 'SRVID_DECODE_FAILED'],
])('an ffmpeg that gives nothing %s is told with what it said', async (what, end, code) => {
  const error = await failureOf(async () =>
    timesOf(decoderOf(await fakeFfmpeg(folder, `mute-${what.length}`, `process.stderr.write('nothing in it\\n'); ${end}`))),
  );
  expect(error.code).toBe(code);
  expect(error.message).toContain('nothing in it');
});

test('a stream with headers alone is empty', async () => {
  const path = await recording('headers', 0);
  expect((await failureOf(async () => timesOf(decoderOf(await fakeFfmpeg(folder, 'headers', pours(path, 1e6, '')))))).code).toBe('SRVID_INPUT_EMPTY');
});

test('frames of another size than promised are refused, at the beginning and in mid-stream', async () => {
  const other = await recording('other', 2, { width: 8, height: 4 });
  const first = await failureOf(async () => timesOf(decoderOf(await fakeFfmpeg(folder, 'other', pours(other, 1e6, '')))));
  expect(first.code).toBe('SRVID_INPUT_UNSUPPORTED');
  expect(first.message).toMatch(/4x4.*8x4/);
  const later = await recording('later', 3, undefined, 48);
  const error = await failureOf(async () => timesOf(decoderOf(await fakeFfmpeg(folder, 'later', pours(later, 1e6, '')))));
  expect(error.code).toBe('SRVID_INPUT_UNSUPPORTED');
  expect(error.message).toContain('Frame 2');
});

test('packets to forward come in their order between the frames, and need somewhere to go', async () => {
  const path = join(folder, 'forwarded.nut');
  const video: NutStream = { kind: 'video', fourcc: 'I420', timeBase: { num: 1, den: 1000 }, video: { width: 4, height: 4 } };
  const audio: NutStream = { kind: 'audio', fourcc: 'mp4a', timeBase: { num: 1, den: 1000 }, audio: { sampleRate: { num: 8000, den: 1 }, channels: 1 } };
  const packets = [
    { stream: 0, pts: 0, data: randomBytes(0, FRAME_BYTES) },
    { stream: 1, pts: 3, data: Uint8Array.of(1, 2) },
    { stream: 1, pts: 5, data: Uint8Array.of(3) },
    { stream: 0, pts: 10, data: randomBytes(1, FRAME_BYTES) },
  ];
  await writeFile(path, await writeNut([video, audio], packets));
  const binary = await fakeFfmpeg(folder, 'forwarded', pours(path, 1e6, ''));
  const heard: unknown[] = [];
  const decoder = decoderOf(binary, source, { forwarded: [1] });
  decoder.forwardTo(async (packet) => {
    heard.push(packet);
  });
  expect(await timesOf(decoder)).toEqual([0, 10]);
  expect(heard).toEqual([
    { stream: 0, pts: 3, data: Uint8Array.of(1, 2) },
    { stream: 0, pts: 5, data: Uint8Array.of(3) },
  ]);
  await expect(timesOf(decoderOf(binary, source, { forwarded: [1] }))).rejects.toThrow('nobody said where to');
});

test('stop ends an ffmpeg that stalls, and settles the read that waits for it', async () => {
  const path = await recording('stalls', 1);
  const decoder = decoderOf(await fakeFfmpeg(folder, 'stalls', pours(path, 1e6, 'setInterval(() => {}, 1000);')));
  await decoder.open();
  await decoder.next(() => new Uint8Array(FRAME_BYTES));
  const waiting = failureOf(() => decoder.next(() => new Uint8Array(FRAME_BYTES)));
  const since = performance.now();
  await decoder.stop();
  expect(performance.now() - since).toBeLessThan(1500);
  expect((await waiting).code).toBe('SRVID_DECODE_FAILED');
});

test('a real file that starts at 0.4 s with a variable rate gives the pts that ffprobe gives', async () => {
  const path = join(folder, 'variable.mkv');
  const gaps = `select='not(eq(mod(n,3),1))',setpts=PTS+0.4/TB`;
  await ffmpeg(
    ...lavfi('testsrc=size=4x4:rate=25:duration=1'),
    '-vf',
    gaps,
    '-fps_mode',
    'passthrough',
    '-copyts',
    '-c:v',
    'ffv1',
    '-pix_fmt',
    'yuv420p',
    path,
  );
  const described = describeSource(path, await probeFile(real, path));
  const times = await timesOf(decoderOf(real, described));
  expect(times).toEqual(
    Array.from({ length: 25 }, (_, n) => n)
      .filter((n) => n % 3 !== 1)
      .map((n) => 400 + 40 * n),
  );
});
