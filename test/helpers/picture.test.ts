import { expect, test } from 'vitest';
import { keys, largestDifference, psnr, resampleRow } from './picture.js';

test('psnr is what its formula gives', () => {
  expect(psnr(Uint8Array.of(0, 0), Uint8Array.of(1, 1))).toBeCloseTo(48.13, 2);
  expect(psnr(Uint8Array.of(0, 0, 0, 0), Uint8Array.of(10, 0, 0, 0))).toBeCloseTo(34.15, 2);
  expect(psnr(Uint8Array.of(5), Uint8Array.of(5))).toBe(Number.POSITIVE_INFINITY);
  expect(() => psnr(Uint8Array.of(5), Uint8Array.of(5, 6))).toThrow('lengths differ');
});

test('the largest difference is found wherever it is and whichever way it goes', () => {
  expect(largestDifference(Uint8Array.of(1, 9, 3), Uint8Array.of(2, 4, 3))).toBe(5);
});

test('the cubic kernel is one at its centre, zero at the other samples, and its weights add up to one', () => {
  expect([-2, -1, 0, 1, 2].map((distance) => keys(distance) + 0)).toEqual([0, 0, 1, 0, 0]);
  for (const phase of [0.1, 0.25, 0.5, 0.9]) expect([-2, -1, 0, 1, 2].reduce((sum, at) => sum + keys(at - phase), 0)).toBeCloseTo(1, 12);
});

test('the reference gives what Pillow 13 gives for BICUBIC away from the edges, enlarging and shrinking', () => {
  // Image.fromarray(float32 row).resize((n, 1), Image.BICUBIC). At edges Pillow leaves the missing samples out, and
  // srvid repeats the last one.
  expect(resampleRow([0, 10, 40, 90, 160, 250], 12).slice(3, 9)).toEqual([15.625, 30.625, 50.625, 75.625, 105.625, 140.625]);
  const row = [0, 10, 40, 90, 160, 250, 200, 120, 60, 20, 5, 80, 130, 90, 30, 0, 0, 200, 255, 10];
  const shrunk = resampleRow(row, 8).slice(2, 6);
  for (const [index, value] of [203.715, 48.945, 61.697, 70.524].entries()) expect(shrunk[index]).toBeCloseTo(value, 2);
});
