import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorOf, flickerOf, isMeasurable, MAX_PSNR, meanOf, psnr, ssim } from '../../dist/eval/metrics.js';
import { randomFrom } from '../../dist/eval/random.js';
import type { Plane } from '../../dist/pipeline/frames/frame.js';
import { temporaryFolder } from '../helpers/media.js';
import { planeOf } from '../helpers/picture.js';
import { FFMPEG } from '../helpers/programs.js';
import { randomBytes } from '../helpers/random.js';

const flat = (level: number, width = 20, height = 16) => planeOf(new Uint8Array(width * height).fill(level), width, height);

/** A plane and a noisy copy of it. */
function pair(seed: number, width: number, height: number): [Plane, Plane] {
  const random = randomFrom(seed);
  const data = Uint8Array.from({ length: width * height }, (_, at) => 40 + ((at % width) * 5 + Math.floor(at / width) * 3) / 2 + 60 * random());
  return [planeOf(data, width, height), planeOf(new Uint8Array(data.map((level) => level + 30 * random() - 15)), width, height)];
}

test.each([1, 2, 17, 255])('the PSNR of an error of %d everywhere is 20 log10(255 / error)', (error) => {
  expect(psnr(flat(0), flat(error), 3)).toBeCloseTo(20 * Math.log10(255 / error), 10);
});

test('half of the pixels wrong by 10 is a mean square of 50', () => {
  const half = planeOf(
    Uint8Array.from({ length: 64 }, (_, at) => 100 + 10 * (at & 1)),
    8,
    8,
  );
  expect(psnr(flat(100, 8, 8), half, 0)).toBeCloseTo(10 * Math.log10(255 ** 2 / 50), 10);
});

test('equal planes have the most that there is, not infinity', () => {
  expect(psnr(flat(7), flat(7), 0)).toBe(MAX_PSNR);
});

test('the border is left out on every side, by pixels and not by samples', () => {
  for (const [samplesPerPixel, width] of [
    [1, 12],
    [3, 12],
  ] as const) {
    const stride = width * samplesPerPixel;
    const plane = (fill: (x: number, y: number) => number) => ({
      data: Uint8Array.from({ length: stride * 9 }, (_, at) => fill(Math.floor((at % stride) / samplesPerPixel), Math.floor(at / stride))),
      stride,
      width,
      height: 9,
    });
    const framed = plane((x, y) => (x < 2 || y < 2 || x >= width - 2 || y >= 7 ? 255 : 50));
    expect(
      psnr(
        framed,
        plane(() => 50),
        2,
        samplesPerPixel,
      ),
    ).toBe(MAX_PSNR);
    expect(
      psnr(
        framed,
        plane(() => 50),
        1,
        samplesPerPixel,
      ),
    ).toBeLessThan(20);
  }
});

test('PSNR is what ffmpeg’s psnr filter says', async () => {
  const folder = await temporaryFolder();
  const [a, b] = pair(5, 64, 48);
  await writeFile(join(folder, 'a.raw'), a.data);
  await writeFile(join(folder, 'b.raw'), b.data);
  const input = (name: string) => ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', '64x48', '-i', join(folder, name)];
  const { stdout } = await promisify(execFile)(FFMPEG, [
    ...['-v', 'error', ...input('a.raw'), ...input('b.raw')],
    ...['-lavfi', 'psnr=stats_file=-', '-f', 'null', '-'],
  ]);
  expect(psnr(a, b, 0)).toBeCloseTo(Number(/psnr_avg:([\d.]+)/.exec(stdout)?.[1]), 2);
});

test.each([
  [0, 255],
  [100, 110],
  [16, 235],
])('the SSIM of flat planes of %d and %d is that of their luminance alone', (p, q) => {
  const c1 = 2.55 ** 2;
  expect(ssim(flat(p), flat(q), 0)).toBeCloseTo((2 * p * q + c1) / (p * p + q * q + c1), 9);
});

test('a plane is wholly similar to itself', () => {
  const [a] = pair(2, 30, 25);
  expect(ssim(a, a, 2)).toBeCloseTo(1, 12);
});

/** SSIM by its definition: at every place the weighted means, variances and covariance of an 11x11 window. */
function ssimByDefinition(a: Plane, b: Plane, border: number): number {
  const offsets = Array.from({ length: 121 }, (_, index) => [(index % 11) - 5, Math.floor(index / 11) - 5] as const);
  const raw = offsets.map(([x, y]) => Math.exp(-(x * x + y * y) / (2 * 1.5 ** 2)));
  const weights = raw.map((weight) => weight / raw.reduce((sum, each) => sum + each, 0));
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  const found: number[] = [];
  for (let y = border + 5; y < a.height - border - 5; y++) {
    for (let x = border + 5; x < a.width - border - 5; x++) {
      const mean = (of: (at: number) => number) =>
        offsets.reduce((sum, [dx, dy], index) => sum + (weights[index] as number) * of((y + dy) * a.stride + x + dx), 0);
      const [meanA, meanB] = [mean((at) => a.data[at] as number), mean((at) => b.data[at] as number)];
      const varianceA = mean((at) => ((a.data[at] as number) - meanA) ** 2);
      const varianceB = mean((at) => ((b.data[at] as number) - meanB) ** 2);
      const covariance = mean((at) => ((a.data[at] as number) - meanA) * ((b.data[at] as number) - meanB));
      found.push(((2 * meanA * meanB + c1) * (2 * covariance + c2)) / ((meanA ** 2 + meanB ** 2 + c1) * (varianceA + varianceB + c2)));
    }
  }
  return found.reduce((sum, value) => sum + value, 0) / found.length;
}

test('SSIM is what its definition gives, window by window', () => {
  fc.assert(
    fc.property(fc.integer({ min: 15, max: 26 }), fc.integer({ min: 15, max: 26 }), fc.integer({ min: 0, max: 2 }), fc.nat(), (width, height, border, seed) => {
      const [a, b] = pair(seed, width, height);
      expect(ssim(a, b, border)).toBeCloseTo(ssimByDefinition(a, b, border), 9);
    }),
    { numRuns: 25 },
  );
});

test('planes inside larger ones are read by their stride', () => {
  const [a, b] = pair(9, 24, 20);
  const inside = ({ data, width, height }: Plane) => {
    const padded = randomBytes(1, 40 * height);
    for (let y = 0; y < height; y++) padded.set(data.subarray(y * width, (y + 1) * width), y * 40);
    return { data: padded, stride: 40, width, height };
  };
  const [paddedA, paddedB] = [inside(a), inside(b)];
  expect(psnr(paddedA, paddedB, 2)).toBe(psnr(a, b, 2));
  expect(ssim(paddedA, paddedB, 2)).toBe(ssim(a, b, 2));
  expect(meanOf(paddedA)).toBe(meanOf(a));
  expect(errorOf(paddedA, paddedB, 2)).toEqual(errorOf(a, b, 2));
});

test('an error that stays does not flicker; one that changes its sign flickers by twice its size', () => {
  const [below, above] = [errorOf(flat(90), flat(100), 1), errorOf(flat(110), flat(100), 1)];
  expect(below).toHaveLength(18 * 14);
  expect(flickerOf(below, below)).toBe(0);
  expect(flickerOf(below, above)).toBe(20);
  expect(flickerOf(above, below)).toBe(20);
});

test('a picture can be measured where the window fits inside the border', () => {
  expect(isMeasurable(15, 15, 2)).toBe(true);
  expect(isMeasurable(14, 99, 2)).toBe(false);
  expect(isMeasurable(99, 14, 2)).toBe(false);
});
