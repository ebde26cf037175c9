import { expect, test } from 'vitest';
import { type FrameFormat, frameBytes, planesOf } from '../../../dist/pipeline/frames/frame.js';
import { RawFrames } from '../../../dist/relay/stream/raw-frames.js';

const small = { kind: 'yuv420p', width: 5, height: 3 } as const;

test.each<[string, FrameFormat, readonly string[], readonly number[]]>([
  ['a plain frame, all its planes', small, ['y', 'u', 'v'], [0, 1, 2]],
  ['a frame of RGB, its one plane', { kind: 'rgb24', width: 4, height: 3 }, ['rgb'], [0]],
  ['a split frame, the large luma and the chroma as it came', { kind: 'split', width: 10, height: 6, small }, ['y', 'u', 'v'], [0, 2, 3]],
])('a raw message holds %s, after its time', (_, format, names, shown) => {
  const frame = Uint8Array.from({ length: frameBytes(format) }, (_, index) => index % 251);
  const raw = new RawFrames(format, { matrix: 'bt709' });
  const planes = planesOf(format, frame);
  const { bytes, startSeconds } = raw.message(1.25, frame);
  expect(startSeconds).toBe(1.25);
  expect(bytes.readDoubleBE()).toBe(1.25);
  expect(bytes.subarray(8)).toEqual(Buffer.concat(shown.map((index) => planes[index]?.data as Uint8Array)));
  expect(raw.about.planes).toEqual(shown.map((index, order) => ({ name: names[order], width: planes[index]?.width, height: planes[index]?.height })));
});
