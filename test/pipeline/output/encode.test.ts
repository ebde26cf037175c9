import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type FfmpegBinary, findFfmpeg } from '../../../dist/pipeline/ffmpeg/binary.js';
import { type FrameFormat, frameBytes, type PixelFormat, smallOffset } from '../../../dist/pipeline/frames/frame.js';
import type { NutStream } from '../../../dist/pipeline/nut/syntax.js';
import { containerFor } from '../../../dist/pipeline/output/container.js';
import { Encoder } from '../../../dist/pipeline/output/encode.js';
import type { EncodePlan } from '../../../dist/pipeline/output/encode-plan.js';
import { failureOf } from '../../helpers/errors.js';
import { fakeFfmpeg } from '../../helpers/fake-program.js';
import { ffmpeg, ffprobe, rawFrames, temporaryFolder, videoTimes } from '../../helpers/media.js';
import { randomBytes } from '../../helpers/random.js';

const folder = await temporaryFolder();
const real = await findFfmpeg();
const plain: FrameFormat = { kind: 'yuv420p', width: 16, height: 16 };

const plan = (changes: Partial<EncodePlan> = {}): EncodePlan => ({
  format: plain,
  timeBase: { num: 1, den: 1000 },
  stallTimeoutMs: 60_000,
  frameRate: { num: 25, den: 1 },
  color: {},
  sampleAspect: undefined,
  encoder: { name: 'ffv1', options: [] },
  container: containerFor('x.mkv', undefined),
  output: join(folder, 'out.mkv'),
  shiftSeconds: 0,
  carry: { from: 'nothing' },
  ...changes,
});

function encoderOf(binary: FfmpegBinary, changes: Partial<EncodePlan> = {}): Encoder {
  const encoder = new Encoder(binary, plan(changes), 'ignore');
  onTestFinished(() => encoder.stop());
  return encoder;
}

/** Opens, writes a frame at each pts and finishes. */
async function encode(encoder: Encoder, frames: readonly (readonly [pts: number, bytes: Uint8Array])[]): Promise<void> {
  await encoder.open();
  for (const [pts, bytes] of frames) await encoder.write(pts, bytes);
  await encoder.finish();
}

const frame = (seed: number, format = plain) => randomBytes(seed, frameBytes(format));

test('what a lossless codec was given, it holds: bytes and times, uneven ones too', async () => {
  const output = join(folder, 'lossless.mkv');
  const frames = [423, 463, 503, 620, 621].map((pts) => [pts, frame(pts)] as const);
  await encode(encoderOf(real, { output }), frames);
  expect(await videoTimes(output)).toEqual([0.423, 0.463, 0.503, 0.62, 0.621]);
  expect(await rawFrames(output, 'yuv420p')).toEqual(Buffer.concat(frames.map(([, bytes]) => bytes)));
});

test('a split frame arrives with its luma untouched and chroma at full size', async () => {
  const format: FrameFormat = { kind: 'split', width: 32, height: 32, small: plain };
  const output = join(folder, 'split.mkv');
  const bytes = frame(1, format as never);
  bytes.fill(90, 32 * 32 + 256, 32 * 32 + 320).fill(170, 32 * 32 + 320);
  await encode(encoderOf(real, { output, format }), [[0, bytes]]);
  const raw = await rawFrames(output, 'yuv420p');
  expect(Uint8Array.from(raw.subarray(0, 1024))).toEqual(bytes.slice(0, 1024));
  expect(new Set(raw.subarray(1024, 1280))).toEqual(new Set([90]));
  expect(new Set(raw.subarray(1280))).toEqual(new Set([170]));
});

test.each<[PixelFormat, string | undefined, string]>([
  ['yuv420p', undefined, 'in_h_chr_pos=0:out_h_chr_pos=0:in_v_chr_pos=128:out_v_chr_pos=128'],
  ['yuv420p', 'center', 'in_h_chr_pos=128:out_h_chr_pos=128:in_v_chr_pos=128:out_v_chr_pos=128'],
  ['yuv420p', 'topleft', 'in_h_chr_pos=0:out_h_chr_pos=0:in_v_chr_pos=0:out_v_chr_pos=0'],
  ['yuv420p', 'bottom', 'in_h_chr_pos=128:out_h_chr_pos=128:in_v_chr_pos=256:out_v_chr_pos=256'],
  ['yuv422p', 'left', 'in_h_chr_pos=0:out_h_chr_pos=0'],
  ['yuv422p', 'center', 'in_h_chr_pos=128:out_h_chr_pos=128'],
  ['yuv444p', undefined, ''],
])('a split frame’s chroma (%s, %s) is what scaling the small frame as a whole gives, to a level', async (kind, chromaLocation, positions) => {
  const small = { kind, width: 37, height: 23 };
  const [width, height] = [2 * small.width, 2 * small.height];
  const format: FrameFormat = { kind: 'split', width, height, small };
  const bytes = randomBytes(7, frameBytes(format));
  const [output, whole, scaled] = [join(folder, 'chroma.mkv'), join(folder, 'small.raw'), join(folder, 'scaled.nut')];
  await encode(encoderOf(real, { output, format, color: { chromaLocation } }), [[0, bytes]]);
  await writeFile(whole, bytes.subarray(smallOffset(format)));
  const input = ['-f', 'rawvideo', '-pix_fmt', kind, '-s', `${small.width}x${small.height}`, '-i', whole];
  await ffmpeg(...input, '-vf', `scale=${width}:${height}:flags=bicubic:${positions}`, '-pix_fmt', kind, '-c:v', 'rawvideo', '-f', 'nut', scaled);
  const [found, expected] = [await rawFrames(output, kind), await rawFrames(scaled, kind)];
  expect(found).toHaveLength(expected.length);
  const chroma = width * height;
  const off = expected.subarray(chroma).map((value, index) => Math.abs(value - (found[chroma + index] as number)));
  expect(Math.max(...off)).toBeLessThanOrEqual(1);
});

test('times that were moved away from below zero are moved back', async () => {
  const output = join(folder, 'shifted.mkv');
  await encode(encoderOf(real, { output, shiftSeconds: 1 }), [
    [1100, frame(1)],
    [1140, frame(2)],
  ]);
  expect(await videoTimes(output)).toEqual([0.1, 0.14]);
});

test('colour and the pixel’s shape are what the plan says', async () => {
  const output = join(folder, 'tags.mkv');
  const color = { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', range: 'tv' as const };
  await encode(encoderOf(real, { output, color, sampleAspect: { num: 4, den: 3 }, encoder: { name: 'libx264', options: [['preset', 'ultrafast']] } }), [
    [0, frame(1)],
  ]);
  const { streams } = await ffprobe<{ streams: object[] }>(output, '-show_streams');
  expect(streams[0]).toMatchObject({ color_space: 'bt709', color_primaries: 'bt709', color_transfer: 'bt709', color_range: 'tv', sample_aspect_ratio: '4:3' });
});

test('an option that the encoder refuses is told in its own words', async () => {
  const encoder = encoderOf(real, { encoder: { name: 'libx264', options: [['preset', 'breakneck']] } });
  const error = await failureOf(() => encode(encoder, [[0, frame(1)]]));
  expect(error.code).toBe('SRVID_ENCODE_FAILED');
  expect(error.details['log']?.toString()).toMatch(/breakneck|preset/);
});

const many = Array.from({ length: 400 }, (_, index) => [index, frame(index)] as const);

test('an ffmpeg that dies while it is given frames is told with its last words', async () => {
  const binary = await fakeFfmpeg(
    folder,
    'dies',
    `process.stdin.once('data', () => { process.stderr.write('no space left'); process.exitCode = 1; process.stdin.destroy(); });`,
  );
  const error = await failureOf(() => encode(encoderOf(binary), many));
  expect(error.code).toBe('SRVID_ENCODE_FAILED');
  expect(error.message).toMatch(/exit code 1.*no space left/);
});

test('an ffmpeg that takes no more frames and ends well has still failed', async () => {
  const binary = await fakeFfmpeg(folder, 'leaves', `process.stdin.once('data', () => process.exit(0));`);
  expect((await failureOf(() => encode(encoderOf(binary), many))).code).toMatch(/^SRVID_(ENCODE_FAILED|FRAMES_LOST)$/);
});

const counts = (text: string) => `process.stdin.resume().on('end', () => require('fs').writeSync(3, ${JSON.stringify(text)}));`;

test('an ffmpeg that says it encoded fewer frames than it was given has lost some', async () => {
  const binary = await fakeFfmpeg(folder, 'fewer', counts('frame=1\nprogress=continue\nframe=2\nprogress=end\n'));
  const error = await failureOf(() => encode(encoderOf(binary), many.slice(0, 3)));
  expect(error.code).toBe('SRVID_FRAMES_LOST');
  expect(error.details).toMatchObject({ written: 3, encoded: 2 });
});

// As ffmpeg 7.0 does.
test.each([3, 4])('of coded pictures that an ffmpeg copies without saying how many, three are found in the file, where %d were given', async (given) => {
  const output = join(folder, `silent-${given}.mkv`);
  await encode(encoderOf(real, { output }), many.slice(0, 3));
  const silent = await fakeFfmpeg(folder, `silent-${given}`, counts('progress=end\n'));
  const coded: NutStream = { kind: 'video', fourcc: 'FFV1', timeBase: { num: 1, den: 1000 }, video: { width: 16, height: 16, frameRate: { num: 25, den: 1 } } };
  const encoder = encoderOf({ ...silent, ffprobe: real.ffprobe }, { output, coded });
  await encoder.open();
  for (const [pts, bytes] of many.slice(0, given)) await encoder.writeCoded(pts, true, bytes);
  if (given === 3) return await encoder.finish();
  expect((await failureOf(() => encoder.finish())).details).toMatchObject({ written: given, encoded: 3 });
});

test('the count of frames is read whole, however its bytes arrive', async () => {
  const slowly = `
    const fs = require('fs');
    const pieces = ['fra', 'me=1', '2', '\\nprogress=', 'end\\n'];
    const next = () => { if (pieces.length > 0) { fs.writeSync(3, pieces.shift()); setTimeout(next, 30); } };
    process.stdin.resume().on('end', next);`;
  await encode(encoderOf(await fakeFfmpeg(folder, 'slowly', slowly)), many.slice(0, 12));
});

test('stop ends an ffmpeg that takes nothing, and settles the write that waits for it', async () => {
  const encoder = encoderOf(await fakeFfmpeg(folder, 'stalls', `setInterval(() => {}, 1000);`), { format: { kind: 'gray', width: 2048, height: 2048 } });
  await encoder.open();
  const waiting = encoder.write(0, new Uint8Array(2048 * 2048)).catch((error: Error) => error.message);
  const since = performance.now();
  await encoder.stop();
  expect(performance.now() - since).toBeLessThan(1500);
  // Node reports no error for a write that was under way when its pipe was closed.
  expect([undefined, expect.stringContaining('encode')]).toContainEqual(await waiting);
});
