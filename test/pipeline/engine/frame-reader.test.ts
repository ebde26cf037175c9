import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader } from '../../../dist/pipeline/engine/frame-reader.js';
import { SlotRing } from '../../../dist/pipeline/frames/ring.js';

const FORMAT = { kind: 'gray', width: 3, height: 1 } as const;

/** A source whose frames hold one number each, in their last byte. */
function sourceOf(contents: readonly number[]) {
  let read = 0;
  const next = async (slot: () => Uint8Array) => {
    if (read === contents.length) return undefined;
    slot().set([0, 0, contents[read] as number]);
    return 10 * read++;
  };
  return { next };
}

test('a frame is marked exactly where it equals the one before it, and two slots are enough', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 2 })), async (contents) => {
      const ring = new SlotRing(FORMAT, 2);
      const reader = new FrameReader(sourceOf(contents), ring, true);
      for (const [index, content] of contents.entries()) {
        const frame = await reader.next();
        expect(frame).toMatchObject({ pts: 10 * index, duplicate: index > 0 && content === contents[index - 1] });
        expect(ring.bytes(frame?.slot as number)[2]).toBe(content);
        ring.release(frame?.slot as number);
        expect(ring.inUse).toBe(1);
      }
      expect(await reader.next()).toBeUndefined();
      expect(ring.inUse).toBe(0);
    }),
  );
});

test('a frame that the caller holds is not touched by the next one', async () => {
  const ring = new SlotRing(FORMAT, 4);
  const reader = new FrameReader(sourceOf([1, 1, 2]), ring, true);
  const frames = [await reader.next(), await reader.next(), await reader.next()];
  expect(frames.map((frame) => ring.bytes(frame?.slot as number)[2])).toEqual([1, 1, 2]);
});

test('without comparing no frame is marked', async () => {
  const reader = new FrameReader(sourceOf([1, 1]), new SlotRing(FORMAT, 3), false);
  expect([await reader.next(), await reader.next()]).toMatchObject([{ duplicate: false }, { duplicate: false }]);
});
