import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CUBIC, LANCZOS3, type ResampleOptions, Resampler } from '../../../dist/plugins/pixels/resample.js';
import { largestDifference, planeOf, resampleReference, resampleRow } from '../../helpers/picture.js';
import { randomBytes } from '../../helpers/random.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

function resampled(data: Uint8Array, from: Size, to: Size, options?: ResampleOptions): Uint8Array {
  const output = planeOf(new Uint8Array(to.width * to.height), to.width, to.height);
  new Resampler(from, to, options).run(planeOf(data, from.width, from.height), output);
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
  const moved = resampled(row, from, { width: 80, height: 1 }, { shift: { x: 0.375, y: 0 } });
  const reference = Uint8Array.from(new Uint8ClampedArray(resampleRow([...row], 80, 0.375)));
  expect(largestDifference(moved, reference)).toBeLessThanOrEqual(1);
  const wholeSample = resampled(row, from, from, { shift: { x: 1, y: 0 } });
  expect(wholeSample.slice(0, 39)).toEqual(row.slice(1));
  const column = resampled(row, { width: 1, height: 40 }, { width: 1, height: 40 }, { shift: { x: 0, y: -2 } });
  expect(column.slice(2)).toEqual(row.slice(0, 38));
});

test('rows of a padded plane are read and written by their stride, and nothing outside them is touched', () => {
  const data = randomBytes(3, 8 * 6);
  const padded = { data: new Uint8Array(11 * 6).fill(99), stride: 11, width: 8, height: 6 };
  for (let y = 0; y < 6; y++) padded.data.set(data.subarray(8 * y, 8 * y + 8), 11 * y);
  const output = { data: new Uint8Array(20 * 12).fill(77), stride: 20, width: 16, height: 12 };
  new Resampler({ width: 8, height: 6 }, { width: 16, height: 12 }).run(padded, output);
  const tight = resampled(data, { width: 8, height: 6 }, { width: 16, height: 12 });
  for (let y = 0; y < 12; y++) {
    expect(output.data.slice(20 * y, 20 * y + 16)).toEqual(tight.slice(16 * y, 16 * y + 16));
    expect([...output.data.slice(20 * y + 16, 20 * y + 20)]).toEqual([77, 77, 77, 77]);
  }
});

/** The result of Pillow 13's `Image.resize` for `pattern`, row by row. */
const PILLOW = [
  ['CUBIC', { width: 12, height: 9 }, { width: 6, height: 3 }, [108, 142, 141, 131, 121, 98, 116, 139, 145, 131, 145, 103, 145, 153, 150, 148, 153, 152]],
  ['LANCZOS3', { width: 12, height: 9 }, { width: 6, height: 3 }, [107, 142, 140, 132, 117, 98, 114, 141, 148, 127, 152, 99, 143, 152, 149, 148, 152, 153]],
  [
    'CUBIC',
    { width: 4, height: 3 },
    { width: 8, height: 6 },
    [
      0, 0, 17, 36, 55, 74, 94, 102, 15, 21, 42, 65, 89, 111, 132, 142, 62, 72, 96, 126, 160, 190, 214, 225, 113, 127, 159, 174, 167, 180, 212, 227, 161, 181,
      224, 201, 108, 85, 127, 147, 184, 207, 254, 214, 80, 39, 87, 110,
    ],
  ],
  [
    'LANCZOS3',
    { width: 4, height: 3 },
    { width: 8, height: 6 },
    [
      0, 0, 17, 35, 46, 64, 84, 92, 11, 16, 36, 64, 90, 118, 139, 146, 53, 60, 83, 120, 159, 196, 219, 226, 118, 138, 171, 183, 168, 181, 213, 233, 157, 191,
      232, 206, 112, 85, 126, 160, 173, 215, 255, 212, 72, 23, 69, 111,
    ],
  ],
] as const;

const pattern = ({ width, height }: Size) =>
  Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return (x * 37 + y * 91 + x * y * 13) % 256;
  });

test.each(PILLOW)('in Pillow’s manner %s from %j to %j gives what Pillow gives, to one level', (name, from, to, expected) => {
  const kernel = name === 'CUBIC' ? CUBIC : LANCZOS3;
  const found = resampled(pattern(from), from, to, { kernel, manner: 'pillow' });
  expect(largestDifference(found, Uint8Array.from(expected))).toBeLessThanOrEqual(1);
});

test('a video’s edges repeat where Pillow sees nothing, so the two manners differ there and only there', () => {
  const [from, to] = [
    { width: 40, height: 1 },
    { width: 20, height: 1 },
  ];
  const row = randomBytes(11, 40).map((level) => 64 + (level >> 2));
  [row[0], row[39]] = [200, 200];
  const [video, pillow] = [resampled(row, from, to), resampled(row, from, to, { manner: 'pillow' })];
  expect(largestDifference(video.slice(2, 18), pillow.slice(2, 18))).toBeLessThanOrEqual(1);
  expect(largestDifference(video, pillow)).toBeGreaterThan(2);
});

test('the Lanczos kernel is 1 in the middle and 0 at every other sample', () => {
  expect(LANCZOS3.weight(0)).toBe(1);
  for (const distance of [-3, -2, -1, 1, 2, 3, 4, 2.999999]) expect(LANCZOS3.weight(distance)).toBeCloseTo(0, 5);
  expect(LANCZOS3.weight(1.5)).toBeCloseTo((Math.sin(1.5 * Math.PI) / (1.5 * Math.PI)) * (Math.sin(0.5 * Math.PI) / (0.5 * Math.PI)), 12);
});
