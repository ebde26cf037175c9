import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Handover } from '../../../dist/pipeline/input/handover.js';

/** Frames 0, 1, 2 ... each when it is asked to come. */
function counting() {
  let next = 0;
  let waiting: (() => void)[] = [];
  return {
    next: async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return next++;
    },
    come: async () => {
      const due = waiting;
      waiting = [];
      for (const resolve of due) resolve();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('each frame goes to one taker, in order, and who was taken over from sees the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 }), async (lengths) => {
      const source = counting();
      const handover = new Handover(source);
      const got: number[][] = [];
      const readers = lengths.map(async () => {});
      for (const [index, length] of lengths.entries()) {
        const taker = handover.take();
        const mine: number[] = [];
        got.push(mine);
        readers[index] = (async () => {
          for (let pts = await taker.next(() => new Uint8Array()); pts !== undefined; pts = await taker.next(() => new Uint8Array())) mine.push(pts);
        })();
        for (let frame = 0; frame < length; frame++) await source.come();
      }
      handover.release();
      await source.come();
      await source.come();
      await Promise.all(readers);
      const all = got.flat();
      expect(all).toEqual(all.map((_, index) => index));
      expect(all.length).toBeGreaterThanOrEqual(lengths.reduce((sum, length) => sum + length, 0));
    }),
    { numRuns: 50 },
  );
});

test('a source that fails tells whoever reads', async () => {
  const handover = new Handover({ next: () => Promise.reject(new Error('gone')) });
  await expect(handover.take().next(() => new Uint8Array())).rejects.toThrow('gone');
  await expect(handover.take().next(() => new Uint8Array())).rejects.toThrow('gone');
});
