import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { type PlainFormat, planesOf } from '../../../dist/pipeline/frames/frame.js';
import { loadModelLibrary, ModelLibrary } from '../../../dist/plugins/inference/library.js';
import { expectBetween } from '../../helpers/between.js';
import { ffmpeg, rawFrames, temporaryFolder } from '../../helpers/media.js';
import { psnr } from '../../helpers/picture.js';
import { hostFor, through } from '../../helpers/plugins.js';

const CLIP = fileURLToPath(new URL('../../../examples/clips/city-360p25.mp4', import.meta.url));
const SIZE = { width: 320, height: 240 };
const format: PlainFormat = { kind: 'yuv420p', ...SIZE };
const CROP = [`select='lt(n,8)'`, `crop=${SIZE.width}:${SIZE.height}:200:80`];
const FRAME_BYTES = (SIZE.width * SIZE.height * 3) / 2;
/** The last of the frames: one that an encoder has predicted from others. */
const lastOf = (frames: Uint8Array) => Uint8Array.from(frames.subarray(frames.length - FRAME_BYTES));
const clean = lastOf(await rawFrames(CLIP, 'yuv420p', ...CROP));

async function compressed(...encoder: readonly string[]): Promise<Uint8Array> {
  const folder = await temporaryFolder();
  const path = join(folder, 'coded.mkv');
  await ffmpeg('-i', CLIP, '-vf', CROP.join(','), '-frames:v', '8', '-an', ...encoder, path);
  return lastOf(await rawFrames(path, 'yuv420p'));
}

async function deblocked(bytes: Uint8Array, spec = 'deblock', settings = {}): Promise<Uint8Array> {
  const host = await hostFor([spec], format, settings);
  onTestFinished(() => host.close());
  await host.open();
  return through(host, bytes);
}

const luma = (bytes: Uint8Array) => planesOf(format, bytes)[0]?.data as Uint8Array;
/** The mean of the differences between two lumas, in levels. */
function changeOf(result: Uint8Array, given: Uint8Array): number {
  const [changed, before] = [luma(result), luma(given)];
  return changed.reduce((sum, value, index) => sum + Math.abs(value - (before[index] as number)), 0) / before.length;
}
const gainOf = (result: Uint8Array, given: Uint8Array) => psnr(luma(result), luma(clean)) - psnr(luma(given), luma(clean));

test.each([
  ['x264', ['-c:v', 'libx264', '-crf', '30']],
  ['x265', ['-c:v', 'libx265', '-crf', '30', '-x265-params', 'log-level=none']],
  ['MPEG-4', ['-c:v', 'mpeg4', '-q:v', '8']],
])('the luma of video compressed by %s comes nearer to the original, half the strength changes less, and the chroma stays', async (_, encoder) => {
  const given = await compressed(...encoder);
  const [whole, half] = [await deblocked(given), await deblocked(given, 'deblock?strength=0.5')];
  expect(gainOf(whole, given)).toBeGreaterThan(0.06);
  expect(gainOf(half, given)).toBeGreaterThan(0.03);
  // Most changes are of one level, of which the half is rounded.
  expectBetween(changeOf(half, given) / changeOf(whole, given), 0.4, 0.9);
  for (const result of [whole, half]) expect(result.subarray(SIZE.width * SIZE.height)).toEqual(given.subarray(SIZE.width * SIZE.height));
});

test('a clean picture changes by less than a level, on average', async () => {
  expect(changeOf(await deblocked(clean), clean)).toBeLessThan(1);
});

test('at a strength of 0 a frame keeps its bytes, and no network is needed', async () => {
  const { folder } = await loadModelLibrary();
  expect(await deblocked(clean, 'deblock?strength=0', { library: new ModelLibrary(folder, []) })).toEqual(clean);
});
