import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { peekStream } from '../../../dist/pipeline/input/standard-input.js';
import { inPieces } from '../../helpers/nut.js';
import { randomBytes } from '../../helpers/random.js';

async function all(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('a stream that was looked at is still whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 5 << 20 }), fc.integer({ min: 1000, max: 1 << 20 }), async (length, piece) => {
      const bytes = Buffer.from(randomBytes(length, 4096));
      const whole = Buffer.alloc(length, bytes);
      const { head, bytes: stream } = await peekStream(inPieces(whole, [piece]));
      expect(head.equals(whole.subarray(0, head.length))).toBe(true);
      expect(head.length).toBeGreaterThanOrEqual(Math.min(length, 4 << 20));
      expect((await all(stream)).equals(whole)).toBe(true);
    }),
    { numRuns: 10 },
  );
});

test('no more than the beginning is read before it is asked for', async () => {
  const whole = Buffer.alloc(40 << 20);
  const source = inPieces(whole, [1 << 20]);
  const { head } = await peekStream(source);
  expect(head.length).toBeLessThan(6 << 20);
});

test('the failure of the stream is not lost', async () => {
  const source = new PassThrough();
  source.write(Buffer.alloc(10));
  const peeked = peekStream(source);
  source.destroy(new Error('cable pulled'));
  await expect(peeked.then(({ bytes }) => all(bytes))).rejects.toThrow('cable pulled');
});
