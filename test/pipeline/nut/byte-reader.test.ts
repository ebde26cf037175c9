import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader } from '../../../dist/pipeline/nut/byte-reader.js';
import { inPieces } from '../../helpers/nut.js';

const read = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), count: fc.constant(1) }),
  fc.record({ kind: fc.constant('into' as const), count: fc.integer({ min: 0, max: 40 }) }),
);

test('gives the bytes of the stream in order, however they arrive and are asked for', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      fc.array(read, { maxLength: 30 }),
      async (bytes, pieces, reads) => {
        const reader = new ByteReader(inPieces(bytes, pieces));
        let at = 0;
        for (const { kind, count } of reads) {
          const enough = at + count <= bytes.length;
          if (kind === 'byte') {
            expect(await reader.byte()).toBe(bytes[at]);
          } else {
            const target = new Uint8Array(count);
            expect(await reader.into(target)).toBe(enough);
            if (enough) expect(target).toEqual(bytes.slice(at, at + count));
          }
          if (!enough) return;
          at += count;
        }
      },
    ),
  );
});

test('an empty chunk is not the end', async () => {
  const reader = new ByteReader(Readable.from([Buffer.from([1]), Buffer.alloc(0), Buffer.from([2])]));
  expect([await reader.byte(), await reader.byte(), await reader.byte()]).toEqual([1, 2, undefined]);
});

test('the stream’s failure is the reader’s', async () => {
  const stream = new PassThrough();
  const reader = new ByteReader(stream);
  const waiting = reader.byte();
  stream.destroy(new Error('pulled out'));
  await expect(waiting).rejects.toThrow('pulled out');
});

test('a stream that is closed without its end counts as ended', async () => {
  const stream = new PassThrough();
  const reader = new ByteReader(stream);
  const waiting = reader.into(new Uint8Array(4));
  stream.destroy();
  expect(await waiting).toBe(false);
});

test('stops the stream when nobody reads, and lets it go on when somebody does', async () => {
  const piece = Buffer.alloc(64 * 1024, 7);
  let made = 0;
  const stream = new Readable({
    highWaterMark: piece.length,
    read() {
      this.push(made++ < 100 ? piece : null);
    },
  });
  const reader = new ByteReader(stream);
  expect(await reader.byte()).toBe(7);
  // All that the stream gives without being asked has been given once it is paused.
  while (!stream.isPaused()) await new Promise(setImmediate);
  expect(made).toBeLessThan(10);
  expect(await reader.into(new Uint8Array(100 * piece.length - 1))).toBe(true);
  expect(await reader.byte()).toBeUndefined();
});

test('tells for how long it waited for bytes', async () => {
  const stream = new PassThrough();
  const reader = new ByteReader(stream);
  const waiting = reader.byte();
  const since = performance.now();
  while (performance.now() - since < 20) await new Promise(setImmediate);
  stream.write(Buffer.from([5]));
  expect(await waiting).toBe(5);
  expect(reader.waitedMs).toBeGreaterThan(15);
});
