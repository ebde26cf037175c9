import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Color, type FrameFormat, frameBytes, type PixelFormat, type PlainFormat, planesOf } from '../../../dist/pipeline/frames/frame.js';
import { planConversion } from '../../../dist/plugins/pixels/convert.js';
import { largestDifference, paint } from '../../helpers/picture.js';
import { randomBytes } from '../../helpers/random.js';

const SITES = ['left', 'center', 'topleft', 'top', 'bottomleft', 'bottom', undefined] as const;
const STEP = { yuv420p: [2, 2], yuv422p: [2, 1], yuv444p: [1, 1] } as const;
type Planar = keyof typeof STEP;

function converted(from: FrameFormat, to: FrameFormat, bytes: Uint8Array, color: Color = {}): Uint8Array {
  const output = new Uint8Array(frameBytes(to));
  const convert = planConversion(from, to, color);
  if (!convert) throw new Error('nothing to convert');
  convert(bytes, output);
  return output;
}

/** Place of a chroma sample among luma samples, by the definition of its site (ITU-T H.273, chroma sample location). */
function place(kind: Planar, site: (typeof SITES)[number], axis: 0 | 1, index: number): number {
  const step = STEP[kind][axis];
  if (step === 1) return index;
  const name = site ?? 'left';
  if (axis === 0) return 2 * index + (name.endsWith('left') ? 0 : 0.5);
  return 2 * index + (name.startsWith('top') ? 0 : name.startsWith('bottom') ? 1 : 0.5);
}

/** Whole and half luma pixels give whole levels; what remains is half a level of rounding, an eighth of a pixel. */
const SLOPE = 4;
const ROUNDING = 0.5 / SLOPE + 1e-9;
/** Chroma that rises by SLOPE a luma pixel along one axis: a sample's value tells where it was taken. */
function ramp(format: PlainFormat & { kind: Planar }, site: (typeof SITES)[number], axis: 0 | 1): Uint8Array {
  return paint(format, (plane, x, y) => (plane === 0 ? 50 : 20 + SLOPE * place(format.kind, site, axis, axis === 0 ? x : y)));
}

/** Luma pixels of the input by which the chroma of `bytes` is off along an axis: worst and mean, edges left out. */
function misplacement(
  bytes: Uint8Array,
  format: PlainFormat & { kind: Planar },
  site: (typeof SITES)[number],
  axis: 0 | 1,
  scale: number,
): { worst: number; mean: number } {
  const offs: number[] = [];
  for (const plane of planesOf(format, bytes).slice(1)) {
    const margin = Math.ceil((3 * scale * 2) / STEP[format.kind][axis]);
    const length = axis === 0 ? plane.width : plane.height;
    for (let at = margin; at < length - margin; at++) {
      const sample = axis === 0 ? plane.data[plane.stride * (plane.height >> 1) + at] : plane.data[plane.stride * at + (plane.width >> 1)];
      const expected = (place(format.kind, site, axis, at) + 0.5) / scale - 0.5;
      offs.push(((sample as number) - 20) / SLOPE - expected);
    }
  }
  return { worst: Math.max(...offs.map(Math.abs)), mean: Math.abs(offs.reduce((sum, off) => sum + off, 0) / offs.length) };
}

const cases = (['yuv420p', 'yuv422p', 'yuv444p'] as const).flatMap((kind) =>
  SITES.flatMap((site) => ([0, 1] as const).flatMap((axis) => [2, 3, 4, 1.5].map((scale) => [kind, site, axis, scale] as const))),
);

test.each(cases)('chroma of a split %s frame, sited %s, stays in its place along axis %d at x%d', (kind, site, axis, scale) => {
  const small = { kind, width: 44, height: 44 };
  const whole = { kind, width: 44 * scale, height: 44 * scale };
  const split: FrameFormat = { kind: 'split', width: whole.width, height: whole.height, small };
  const bytes = new Uint8Array(frameBytes(split));
  bytes.set(ramp(small, site, axis), whole.width * whole.height);
  const { worst, mean } = misplacement(converted(split, whole, bytes, { chromaLocation: site }), whole, site, axis, scale);
  expect(worst).toBeLessThanOrEqual(0.25);
  expect(mean).toBeLessThanOrEqual(ROUNDING);
});

test.each(SITES.flatMap((site) => ([0, 1] as const).flatMap((axis) => (['yuv420p', 'yuv422p'] as const).map((kind) => [kind, site, axis] as const))))(
  '%s sited %s keeps its chroma in place along axis %d on the way to yuv444p and back',
  (kind, site, axis) => {
    const size = { width: 44, height: 44 };
    const [from, full] = [
      { kind, ...size },
      { kind: 'yuv444p' as const, ...size },
    ];
    const bytes = ramp(from, site, axis);
    const there = converted(from, full, bytes, { chromaLocation: site });
    expect(misplacement(there, full, site, axis, 1).mean).toBeLessThanOrEqual(ROUNDING);
    const back = converted(full, from, there, { chromaLocation: site });
    const { worst, mean } = misplacement(back, from, site, axis, 1);
    expect(worst).toBeLessThanOrEqual(0.25);
    expect(mean).toBeLessThanOrEqual(ROUNDING);
  },
);

const planar = fc.record({
  kind: fc.constantFrom<PixelFormat>('yuv420p', 'yuv422p', 'yuv444p', 'gray'),
  width: fc.integer({ min: 1, max: 19 }),
  height: fc.integer({ min: 1, max: 19 }),
});

test('luma is never touched where only chroma changes', () => {
  fc.assert(
    fc.property(planar, fc.constantFrom<PixelFormat>('yuv420p', 'yuv422p', 'yuv444p', 'gray'), fc.nat(), (from, kind, seed) => {
      const to = { ...from, kind };
      fc.pre(to.kind !== from.kind);
      const bytes = randomBytes(seed, frameBytes(from));
      const luma = from.width * from.height;
      expect(converted(from, to, bytes).slice(0, luma)).toEqual(bytes.slice(0, luma));
    }),
  );
});

test('what gray lacks is neutral chroma', () => {
  const bytes = converted({ kind: 'gray', width: 5, height: 3 }, { kind: 'yuv420p', width: 5, height: 3 }, randomBytes(1, 15));
  expect(new Set(bytes.slice(15))).toEqual(new Set([128]));
});

test('a split frame keeps its luma when it is completed', () => {
  const split: FrameFormat = { kind: 'split', width: 11, height: 7, small: { kind: 'yuv420p', width: 5, height: 3 } };
  const bytes = randomBytes(5, frameBytes(split));
  expect(converted(split, { kind: 'yuv420p', width: 11, height: 7 }, bytes).slice(0, 77)).toEqual(bytes.slice(0, 77));
});

test('equal formats need no conversion', () => {
  expect(planConversion({ kind: 'yuv420p', width: 4, height: 4 }, { kind: 'yuv420p', width: 4, height: 4 }, {})).toBeUndefined();
});

test('a frame of one colour comes back from RGB within two levels, in any format and matrix', () => {
  const color = fc.record({
    matrix: fc.constantFrom('bt709', 'smpte170m', 'bt2020nc', undefined),
    range: fc.constantFrom('tv' as const, 'pc' as const),
    chromaLocation: fc.constantFrom(...SITES),
  });
  fc.assert(
    fc.property(
      planar,
      color,
      fc.integer({ min: 60, max: 200 }),
      fc.integer({ min: 110, max: 146 }),
      fc.integer({ min: 110, max: 146 }),
      (from, tags, luma, u, v) => {
        fc.pre(from.kind !== 'gray');
        const rgb: PlainFormat = { kind: 'rgb24', width: from.width, height: from.height };
        const bytes = paint(from, (plane) => [luma, u, v][plane] as number);
        const back = converted(rgb, from, converted(from, rgb, bytes, tags), tags);
        expect(largestDifference(back, bytes)).toBeLessThanOrEqual(2);
      },
    ),
  );
});
