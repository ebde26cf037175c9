import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  assertFrameSize,
  describeFormat,
  type FrameFormat,
  fillMiddle,
  frameBytes,
  lumaBytes,
  lumaFormat,
  type PlainFormat,
  type Plane,
  type PlaneLayout,
  partsOf,
  planeBytes,
  planeLayouts,
  planesOf,
  type SplitFormat,
  sameFormat,
  smallOffset,
  withChroma,
} from '../../../dist/pipeline/frames/frame.js';
import { failureOf } from '../../helpers/errors.js';
import { ffmpeg, rawFrames, temporaryFolder } from '../../helpers/media.js';

const folder = await temporaryFolder();
const plain: fc.Arbitrary<PlainFormat> = fc.record({
  kind: fc.constantFrom('yuv420p' as const, 'yuv422p' as const, 'yuv444p' as const, 'gray' as const, 'rgb24' as const),
  width: fc.integer({ min: 1, max: 40 }),
  height: fc.integer({ min: 1, max: 40 }),
});

const split: fc.Arbitrary<SplitFormat> = fc.record({
  kind: fc.constant('split' as const),
  width: fc.integer({ min: 1, max: 40 }),
  height: fc.integer({ min: 1, max: 40 }),
  small: plain.filter(({ kind }) => kind !== 'rgb24' && kind !== 'gray'),
});

test('the planes of a frame follow one another without gap or overlap, and fill it', () => {
  fc.assert(
    fc.property(fc.oneof(plain, split), (format) => {
      const bytes = new Uint8Array(frameBytes(format));
      let end = 0;
      for (const [index, plane] of planesOf(format, bytes).entries()) {
        expect(plane.data.byteOffset - bytes.byteOffset).toBe(end);
        expect(planeLayouts(format)[index]?.offset).toBe(end);
        expect(plane.data).toHaveLength(plane.stride * plane.height);
        expect(plane.data).toHaveLength(planeBytes(planeLayouts(format)[index] as PlaneLayout));
        end += plane.data.length;
      }
      expect(end).toBe(bytes.length);
    }),
  );
});

test('a split frame is its luma, then its small frame as that is by itself', () => {
  fc.assert(
    fc.property(split, (format) => {
      const bytes = new Uint8Array(frameBytes(format));
      expect(partsOf(format)).toEqual([lumaFormat(format), format.small]);
      expect(smallOffset(format)).toBe(lumaBytes(format));
      const alone = [...planesOf(lumaFormat(format), bytes), ...planesOf(format.small, bytes.subarray(smallOffset(format)))];
      for (const [index, { data, ...shape }] of planesOf(format, bytes).entries()) {
        const { data: expected, ...expectedShape } = alone[index] as Plane;
        expect(shape).toEqual(expectedShape);
        expect(data.byteOffset).toBe(expected.byteOffset);
        expect(data).toHaveLength(expected.length);
      }
    }),
  );
});

test('what has luma begins with it', () => {
  fc.assert(
    fc.property(fc.oneof(plain, split), (format) => {
      if (format.kind === 'rgb24') return;
      const bytes = new Uint8Array(frameBytes(format));
      expect(planesOf(format, bytes)[0]?.data).toHaveLength(lumaBytes(format));
    }),
  );
});

test('the middle of a sample’s range is gray without colour, as ffmpeg makes it', async () => {
  const path = `${folder}/middle.nut`;
  const source = 'color=c=gray:size=16x16:rate=1:duration=1';
  await ffmpeg('-f', 'lavfi', '-i', source, '-vf', 'scale=out_range=pc', '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p', '-f', 'nut', path);
  const middle = new Uint8Array(frameBytes({ kind: 'yuv420p', width: 16, height: 16 }));
  fillMiddle(middle);
  expect([...(await rawFrames(path, 'yuv420p'))]).toEqual([...middle]);
});

test.each([
  ['yuv420p', 5, 3],
  ['yuv422p', 5, 3],
  ['yuv444p', 5, 3],
  ['gray', 5, 3],
  ['rgb24', 5, 3],
  ['yuv420p', 1, 1],
  ['yuv420p', 4, 2],
] as const)('a frame of %s at %dx%d has as many bytes as ffmpeg gives it', async (kind, width, height) => {
  const path = `${folder}/${kind}-${width}x${height}.nut`;
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'testsrc=size=16x16:rate=1:duration=1',
    '-vf',
    `scale=${width}:${height}`,
    '-c:v',
    'rawvideo',
    '-pix_fmt',
    kind,
    '-f',
    'nut',
    path,
  );
  expect(frameBytes({ kind, width, height })).toBe((await rawFrames(path, kind)).length);
});

test('a split frame is its luma followed by the small frame', () => {
  const split: FrameFormat = { kind: 'split', width: 10, height: 6, small: { kind: 'yuv420p', width: 5, height: 3 } };
  expect(frameBytes(split)).toBe(60 + 15 + 2 * 3 * 2);
  expect(describeFormat(split)).toBe('10x6 luma + 5x3 yuv420p');
});

test('formats are the same when kind, size and small frame are', () => {
  const small = { kind: 'yuv420p', width: 5, height: 3 } as const;
  const split = { kind: 'split', width: 10, height: 6, small } as const;
  expect(sameFormat(split, { ...split, small: { ...small } })).toBe(true);
  expect(sameFormat(small, { ...small })).toBe(true);
  const others: FrameFormat[] = [
    small,
    { ...split, small: { ...small, width: 4 } },
    { ...split, small: { ...small, kind: 'yuv422p' } },
    { ...split, width: 11 },
    { ...split, height: 7 },
  ];
  for (const other of others) expect(sameFormat(split, other)).toBe(false);
});

test.each([
  [0, 10],
  [10, 0],
  [-2, 4],
  [16385, 2],
  [1.5, 2],
  [Number.NaN, 2],
])('a frame of %dx%d is refused', async (width, height) => {
  expect((await failureOf(() => assertFrameSize('A frame', width, height))).code).toBe('SRVID_INPUT_UNSUPPORTED');
});

test('frames of 1x1 and 16384x16384 are not refused', () => {
  assertFrameSize('A frame', 1, 1);
  assertFrameSize('A frame', 16384, 16384);
});

test('a format has relatives of the same samples with other chroma, and says which it has not', () => {
  expect(withChroma('yuv420p', [1, 0])).toBe('yuv422p');
  expect(withChroma('yuv422p', [0, 0])).toBe('yuv444p');
  expect(withChroma('yuv444p', [1, 1])).toBe('yuv420p');
  expect(() => withChroma('rgb24', [0, 0])).toThrow('no format has the samples of rgb24');
});
