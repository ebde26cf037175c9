import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planResample, resample, resampleScratch } from '../../dist/plugins/resample.js';
import { largestDifference, planeOf, resampleReference, resampleRow } from '../helpers/picture.js';
import { randomBytes } from '../helpers/random.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

function resampled(data: Uint8Array, from: Size, to: Size, shift?: { x: number; y: number }): Uint8Array {
  const plan = planResample(from, to, shift);
  const output = planeOf(new Uint8Array(to.width * to.height), to.width, to.height);
  resample(plan, planeOf(data, from.width, from.height), output, resampleScratch(plan, from.height));
  return output.data;
}

const size = (most: number) => fc.record({ width: fc.integer({ min: 1, max: most }), height: fc.integer({ min: 1, max: most }) });

test('gives what the formula gives in floating point, to one level, enlarging and shrinking by any factor', () => {
  fc.assert(
    fc.property(size(24), size(60), fc.nat(), (from, to, seed) => {
      const data = randomBytes(seed, from.width * from.height);
      expect(largestDifference(resampled(data, from, to), resampleReference(planeOf(data, from.width, from.height), to))).toBeLessThanOrEqual(1);
    }),
    { numRuns: 150 },
  );
});

test('a flat picture stays flat, at every level and every factor', () => {
  fc.assert(
    fc.property(size(12), size(40), fc.integer({ min: 0, max: 255 }), (from, to, level) => {
      const flat = new Uint8Array(from.width * from.height).fill(level);
      expect(resampled(flat, from, to).every((sample) => sample === level)).toBe(true);
    }),
    { numRuns: 300 },
  );
  for (let level = 0; level < 256; level++) {
    for (const to of [
      { width: 14, height: 21 },
      { width: 3, height: 2 },
    ]) {
      expect(new Set(resampled(new Uint8Array(49).fill(level), { width: 7, height: 7 }, to))).toEqual(new Set([level]));
    }
  }
});

test('the same size gives the same bytes', () => {
  fc.assert(
    fc.property(size(30), fc.nat(), (same, seed) => {
      const data = randomBytes(seed, same.width * same.height);
      expect(resampled(data, same, same)).toEqual(data);
    }),
  );
});

test('black beside white neither wraps round nor leaves the range', () => {
  const checks = Uint8Array.from({ length: 64 }, (_, index) => ((index + (index >> 3)) & 1 ? 255 : 0));
  for (const to of [
    { width: 24, height: 24 },
    { width: 5, height: 5 },
    { width: 17, height: 3 },
  ]) {
    const reference = resampleReference(planeOf(checks, 8, 8), to);
    expect(largestDifference(resampled(checks, { width: 8, height: 8 }, to), reference)).toBeLessThanOrEqual(1);
  }
});

test('a mirrored picture gives the mirrored result', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 70 }), fc.nat(), (width, outWidth, seed) => {
      const row = randomBytes(seed, width);
      const [from, to] = [
        { width, height: 1 },
        { width: outWidth, height: 1 },
      ];
      const mirrored = resampled(row.toReversed(), from, to).toReversed();
      expect(largestDifference(resampled(row, from, to), mirrored)).toBeLessThanOrEqual(1);
    }),
  );
});

test('a shift moves where samples are taken, in input samples, to the right and down', () => {
  const row = randomBytes(7, 40);
  const from = { width: 40, height: 1 };
  const moved = resampled(row, from, { width: 80, height: 1 }, { x: 0.375, y: 0 });
  const reference = Uint8Array.from(new Uint8ClampedArray(resampleRow([...row], 80, 0.375)));
  expect(largestDifference(moved, reference)).toBeLessThanOrEqual(1);
  const wholeSample = resampled(row, from, from, { x: 1, y: 0 });
  expect(wholeSample.slice(0, 39)).toEqual(row.slice(1));
  const column = resampled(row, { width: 1, height: 40 }, { width: 1, height: 40 }, { x: 0, y: -2 });
  expect(column.slice(2)).toEqual(row.slice(0, 38));
});

test('rows of a padded plane are read and written by their stride, and nothing outside them is touched', () => {
  const data = randomBytes(3, 8 * 6);
  const padded = { data: new Uint8Array(11 * 6).fill(99), stride: 11, width: 8, height: 6 };
  for (let y = 0; y < 6; y++) padded.data.set(data.subarray(8 * y, 8 * y + 8), 11 * y);
  const plan = planResample(padded, { width: 16, height: 12 });
  const output = { data: new Uint8Array(20 * 12).fill(77), stride: 20, width: 16, height: 12 };
  resample(plan, padded, output, resampleScratch(plan, 6));
  const tight = resampled(data, { width: 8, height: 6 }, { width: 16, height: 12 });
  for (let y = 0; y < 12; y++) {
    expect(output.data.slice(20 * y, 20 * y + 16)).toEqual(tight.slice(16 * y, 16 * y + 16));
    expect([...output.data.slice(20 * y + 16, 20 * y + 20)]).toEqual([77, 77, 77, 77]);
  }
});
