import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FrameFormat, PixelFormat } from '../../../dist/pipeline/frames/frame.js';
import { encodedSize, filterGraph, rawStreams, scaledAspect } from '../../../dist/pipeline/output/encode-graph.js';

const split = (width: number, height: number, kind: PixelFormat = 'yuv420p'): FrameFormat => ({
  kind: 'split',
  width,
  height,
  small: { kind, width: 5, height: 3 },
});

const whole = (kind: PixelFormat, width: number, height: number): FrameFormat => ({ kind, width, height });

test.each<[FrameFormat, { width: number; height: number }]>([
  [whole('yuv420p', 11, 7), { width: 10, height: 6 }],
  [whole('yuv422p', 11, 7), { width: 10, height: 7 }],
  [whole('yuv444p', 11, 7), { width: 11, height: 7 }],
  [whole('gray', 11, 7), { width: 11, height: 7 }],
  [whole('yuv420p', 12, 8), { width: 12, height: 8 }],
  [whole('yuv420p', 1, 1), { width: 1, height: 1 }],
  [split(11, 7), { width: 10, height: 6 }],
  [split(11, 7, 'yuv422p'), { width: 10, height: 7 }],
])('%j is encoded as %j', (format, size) => {
  expect(encodedSize(format)).toEqual(size);
});

test('an odd frame loses its last row and column, never its first', () => {
  expect(filterGraph({ kind: 'yuv420p', width: 11, height: 7 }, {}, undefined)).toContain('crop=10:6:0:0:exact=1');
  expect(filterGraph(split(11, 7), {}, undefined)).toContain('crop=10:6:0:0:exact=1');
});

test('an even frame is not cropped', () => {
  expect(filterGraph({ kind: 'yuv420p', width: 10, height: 6 }, {}, undefined)).not.toContain('crop');
  expect(filterGraph(split(10, 6), {}, undefined)).not.toContain('crop');
});

test('the pixel’s shape is set after planes are merged, since planes of different shapes would not be', () => {
  const graph = filterGraph(split(10, 6), {}, { num: 16, den: 11 });
  expect(graph.indexOf('setsar=16/11')).toBeGreaterThan(graph.indexOf('mergeplanes'));
});

test.each([
  ['left', 'scale=10:3:flags=bicubic:in_h_chr_pos=0:out_h_chr_pos=0,format=yuv422p'],
  [undefined, 'scale=10:3:flags=bicubic:in_h_chr_pos=0:out_h_chr_pos=0,format=yuv422p'],
  ['center', 'scale=5:3:flags=bicubic,format=yuv444p'],
  ['topleft', 'scale=10:6:flags=bicubic:in_h_chr_pos=0:out_h_chr_pos=0:in_v_chr_pos=0:out_v_chr_pos=0,format=yuv420p'],
  ['top', 'in_h_chr_pos=128:out_h_chr_pos=128:in_v_chr_pos=0:out_v_chr_pos=0'],
  ['bottomleft', 'in_h_chr_pos=0:out_h_chr_pos=0:in_v_chr_pos=256:out_v_chr_pos=256'],
])('chroma sited %s is scaled at that place', (chromaLocation, options) => {
  expect(filterGraph(split(10, 6), { chromaLocation }, undefined)).toContain(options);
});

test('the vertical place of chroma is left out where chroma has every row', () => {
  const graph = filterGraph(split(10, 6, 'yuv422p'), { chromaLocation: 'left' }, undefined);
  expect(graph).toContain('in_h_chr_pos=0');
  expect(graph).not.toContain('v_chr_pos');
});

test('a split frame travels as two raw streams, luma and chroma, any other as one', () => {
  const luma = { fourcc: 'Y800', width: 10, height: 6, start: 0, end: 60 };
  const end = 60 + 15 + 2 * 6;
  expect(rawStreams(split(10, 6), {})).toEqual([luma, { fourcc: '422P', width: 5, height: 2, start: end - 12 - 10, end }]);
  expect(rawStreams(split(10, 6), { chromaLocation: 'center' })).toEqual([luma, { fourcc: '444P', width: 3, height: 2, start: end - 12 - 6, end }]);
  expect(rawStreams(split(10, 6), { chromaLocation: 'top' })).toEqual([luma, { fourcc: 'I420', width: 5, height: 3, start: 60, end }]);
  expect(rawStreams({ kind: 'yuv444p', width: 4, height: 2 }, {})).toEqual([{ fourcc: '444P', width: 4, height: 2, start: 0, end: 24 }]);
});

test('the shape of the picture on the screen stays, whatever the size', () => {
  // A size is one scale of another where both sides are roundings of it; then the pixel's shape is left alone.
  const side = fc.integer({ min: 2, max: 4000 });
  const aspect = fc.option(fc.record({ num: fc.integer({ min: 1, max: 100 }), den: fc.integer({ min: 1, max: 100 }) }), { nil: undefined });
  fc.assert(
    fc.property(side, side, side, side, aspect, (width, height, outWidth, outHeight, sampleAspect) => {
      const result = scaledAspect({ width, height, sampleAspect }, { width: outWidth, height: outHeight }) ?? { num: 1, den: 1 };
      const oneScale = Math.abs(outWidth / width - outHeight / height) < 0.5 / width + 0.5 / height;
      if (oneScale) {
        expect(result).toEqual(sampleAspect ?? { num: 1, den: 1 });
        return;
      }
      const before = (width / height) * (sampleAspect ? sampleAspect.num / sampleAspect.den : 1);
      const after = ((outWidth / outHeight) * result.num) / result.den;
      expect(after / before).toBeCloseTo(1, 9);
    }),
  );
});

test('the same scale both ways leaves the pixel’s shape as it is, unknown included', () => {
  const source = { width: 480, height: 360, sampleAspect: undefined };
  expect(scaledAspect(source, { width: 1440, height: 1080 })).toBeUndefined();
  expect(scaledAspect({ ...source, sampleAspect: { num: 4, den: 3 } }, { width: 1440, height: 1080 })).toEqual({ num: 4, den: 3 });
  expect(scaledAspect({ width: 405, height: 720, sampleAspect: undefined }, { width: 608, height: 1080 })).toBeUndefined();
});
