import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomFrom } from '../../../dist/eval/random.js';
import { colorMatrix, rgbToYuv, yuvToRgb } from '../../../dist/plugins/pixels/color-matrix.js';
import { temporaryFolder } from '../../helpers/media.js';
import { FFMPEG } from '../../helpers/programs.js';

const run = promisify(execFile);
const folder = await temporaryFolder();
const COUNT = 1024;
const MATRICES = [
  ['smpte170m', 'bt601'],
  ['bt709', 'bt709'],
  ['bt2020nc', 'bt2020'],
  ['smpte240m', 'smpte240m'],
  ['fcc', 'fcc'],
] as const;
const cases = MATRICES.flatMap(([matrix, scaler]) => (['tv', 'pc'] as const).map((range) => [matrix, range, scaler] as const));

/** 32x32 patches through ffmpeg's swscale at its most exact. */
async function byFfmpeg(bytes: Uint8Array, from: string, to: string, filter: string): Promise<Uint8Array> {
  const path = join(folder, `${from}-${to}-${filter.replaceAll(/\W/g, '-')}.raw`);
  await writeFile(path, bytes);
  const input = ['-f', 'rawvideo', '-pix_fmt', from, '-s', '32x32', '-i', path];
  const args = [
    '-nostdin',
    '-v',
    'error',
    ...input,
    '-vf',
    `scale=${filter}:flags=accurate_rnd+full_chroma_int+full_chroma_inp+bitexact`,
    '-pix_fmt',
    to,
    '-f',
    'rawvideo',
    '-',
  ];
  return (await run(FFMPEG, args, { encoding: 'buffer' })).stdout;
}

function toYuv(matrix: string, range: 'tv' | 'pc', rgb: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length);
  const count = rgb.length / 3;
  rgbToYuv(colorMatrix({ matrix, range }, 1080), rgb, out.subarray(0, count), out.subarray(count, 2 * count), out.subarray(2 * count));
  return out;
}

function toRgb(matrix: string, range: 'tv' | 'pc', yuv: Uint8Array): Uint8Array {
  const out = new Uint8Array(yuv.length);
  const count = yuv.length / 3;
  yuvToRgb(colorMatrix({ matrix, range }, 1080), yuv.subarray(0, count), yuv.subarray(count, 2 * count), yuv.subarray(2 * count), out);
  return out;
}

/** Largest and mean absolute difference. */
function off(a: Uint8Array, b: Uint8Array): { worst: number; mean: number } {
  expect(a).toHaveLength(b.length);
  const all = Array.from(a, (value, index) => Math.abs(value - (b[index] as number)));
  return { worst: Math.max(...all), mean: all.reduce((sum, value) => sum + value, 0) / all.length };
}

const random = randomFrom(11);
const patches = Uint8Array.from({ length: 3 * COUNT }, () => Math.floor(random() * 256));

test.each(cases)('RGB becomes Y’CbCr by %s, %s range, as ffmpeg makes it, within two levels', async (matrix, range, scaler) => {
  const expected = await byFfmpeg(patches, 'rgb24', 'yuv444p', `out_color_matrix=${scaler}:out_range=${range}`);
  const { worst, mean } = off(toYuv(matrix, range, patches), expected);
  expect(worst).toBeLessThanOrEqual(2);
  expect(mean).toBeLessThan(0.5);
});

test.each(cases)('Y’CbCr becomes RGB by %s, %s range, as ffmpeg makes it, within two levels', async (matrix, range, scaler) => {
  const yuv = toYuv(matrix, range, patches);
  const expected = await byFfmpeg(yuv, 'yuv444p', 'rgb24', `in_color_matrix=${scaler}:in_range=${range}`);
  const { worst, mean } = off(toRgb(matrix, range, yuv), expected);
  expect(worst).toBeLessThanOrEqual(2);
  expect(mean).toBeLessThan(0.6);
});

test('RGB comes back from Y’CbCr within two levels', () => {
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.uint8Array({ minLength: 3, maxLength: 3 }), ([matrix, range], rgb) => {
      expect(off(toRgb(matrix, range, toYuv(matrix, range, rgb)), rgb).worst).toBeLessThanOrEqual(2);
    }),
    { numRuns: 2000 },
  );
});

test.each(cases)('gray has no colour and white is white by %s, %s range', (matrix, range) => {
  for (let level = 0; level < 256; level++) {
    const [, u, v] = toYuv(matrix, range, Uint8Array.of(level, level, level));
    expect([u, v]).toEqual([128, 128]);
  }
  const [black, white] = range === 'tv' ? [16, 235] : [0, 255];
  expect(toYuv(matrix, range, Uint8Array.of(0, 0, 0))[0]).toBe(black);
  expect(toYuv(matrix, range, Uint8Array.of(255, 255, 255))[0]).toBe(white);
  expect([...toRgb(matrix, range, Uint8Array.of(white, 128, 128))]).toEqual([255, 255, 255]);
  expect([...toRgb(matrix, range, Uint8Array.of(black, 128, 128))]).toEqual([0, 0, 0]);
});

test('a stream that does not say its matrix is BT.709 from 720 lines up and BT.601 below, in limited range', () => {
  expect(colorMatrix({}, 720)).toEqual(colorMatrix({ matrix: 'bt709', range: 'tv' }, 100));
  expect(colorMatrix({}, 719)).toEqual(colorMatrix({ matrix: 'smpte170m', range: 'tv' }, 100));
  expect(colorMatrix({ matrix: 'something-new' }, 720)).toEqual(colorMatrix({}, 720));
});
