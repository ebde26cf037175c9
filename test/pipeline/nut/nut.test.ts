import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rational } from '../../../dist/pipeline/frames/time.js';
import { crc32, type NutStream, PacketBody, signedVarint, varint } from '../../../dist/pipeline/nut/syntax.js';
import { failureOf } from '../../helpers/errors.js';
import { inPieces, readNut, type WrittenPacket, writeNut } from '../../helpers/nut.js';

const timeBase = fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 1_000_000 })).map(([num, den]) => rational(num, den));
const codecData = fc.uint8Array({ maxLength: 40 });

const videoStream: fc.Arbitrary<NutStream> = fc.record({
  kind: fc.constant('video' as const),
  fourcc: fc.constantFrom('I420', 'Y800', '444P'),
  timeBase,
  codecData,
  decodeDelay: fc.integer({ min: 0, max: 16 }),
  video: fc.record({
    width: fc.integer({ min: 1, max: 16384 }),
    height: fc.integer({ min: 1, max: 16384 }),
    sampleAspect: fc.constantFrom(undefined, { num: 16, den: 11 }),
  }),
});

const audioStream: fc.Arbitrary<NutStream> = fc.record({
  kind: fc.constant('audio' as const),
  fourcc: fc.constantFrom('PSD\x10', 'mp4a'),
  timeBase,
  codecData,
  decodeDelay: fc.constant(0),
  audio: fc.record({ sampleRate: fc.constantFrom({ num: 48_000, den: 1 }, { num: 44_100, den: 1 }), channels: fc.integer({ min: 1, max: 8 }) }),
});

const anyStream = fc.oneof(videoStream, audioStream);

/** Streams, and packets for them in any order. */
const container = fc.array(anyStream, { minLength: 1, maxLength: 5 }).chain((streams) =>
  fc.record({
    streams: fc.constant(streams),
    packets: fc.array(
      fc.record<WrittenPacket>({
        stream: fc.integer({ min: 0, max: streams.length - 1 }),
        pts: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 45 })),
        data: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 4000, maxLength: 5000 })),
      }),
      { maxLength: 20 },
    ),
  }),
);

test('what the writer writes for any streams, the reader reads, however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(container, fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 8 }), async ({ streams, packets }, sizes) => {
      const read = await readNut(inPieces(await writeNut(streams, packets), sizes));
      expect(read.streams.map((stream) => ({ ...stream, ptsShift: undefined }))).toEqual(streams.map((stream) => ({ ...stream, ptsShift: undefined })));
      expect(read.packets).toEqual(packets);
    }),
    { numRuns: 60 },
  );
});

test('a stream with headers longer than 4096 bytes is read back', async () => {
  const stream: NutStream = {
    kind: 'video',
    fourcc: 'I420',
    timeBase: { num: 1, den: 25 },
    codecData: new Uint8Array(5000).fill(7),
    video: { width: 2, height: 2 },
  };
  const read = await readNut(inPieces(await writeNut([stream], [{ stream: 0, pts: 3, data: new Uint8Array(6) }])));
  expect(read.streams[0]?.codecData).toEqual(stream.codecData);
  expect(read.packets.map((packet) => packet.pts)).toEqual([3]);
});

test('an empty pipe is no stream, and no error', async () => {
  expect(await readNut(inPieces(new Uint8Array(0)))).toEqual({ streams: [], packets: [] });
});

test('a stream with headers and no packet ends at once', async () => {
  const stream: NutStream = { kind: 'video', fourcc: 'Y800', timeBase: { num: 1, den: 25 }, video: { width: 2, height: 2 } };
  const read = await readNut(inPieces(await writeNut([stream], [])));
  expect(read.streams).toHaveLength(1);
  expect(read.packets).toEqual([]);
});

test('the writer refuses a time before zero, which NUT cannot carry', async () => {
  const stream: NutStream = { kind: 'video', fourcc: 'Y800', timeBase: { num: 1, den: 25 }, video: { width: 1, height: 1 } };
  for (const pts of [-1, -128, -1000, 0.5, Number.NaN]) {
    const error = await failureOf(() => writeNut([stream], [{ stream: 0, pts, data: new Uint8Array(1) }]));
    expect(error.code).toBe('SRVID_ENCODE_FAILED');
  }
});

test('a frame larger than the reader was told to expect is refused before memory is taken for it', async () => {
  const stream: NutStream = { kind: 'video', fourcc: 'Y800', timeBase: { num: 1, den: 25 }, video: { width: 10, height: 10 } };
  const bytes = await writeNut([stream], [{ stream: 0, pts: 0, data: new Uint8Array(100) }]);
  expect((await readNut(inPieces(bytes), 100)).packets).toHaveLength(1);
  const error = await failureOf(() => readNut(inPieces(bytes), 99));
  expect(error.code).toBe('SRVID_STREAM_CORRUPT');
  expect(error.message).toContain('100 bytes');
});

test('variable-length integers survive the round trip', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer(), (natural, signed) => {
      const body = new PacketBody(Uint8Array.from([...varint(natural), ...signedVarint(signed)]));
      expect(body.varint()).toBe(natural);
      expect(body.signedVarint()).toBe(signed);
      expect(body.remaining).toBe(0);
    }),
  );
});

test('the checksum is CRC-32 by polynomial 04C11DB7 without reflection or inversion', () => {
  const bitwise = (bytes: Uint8Array) => {
    let crc = 0n;
    for (const byte of bytes) {
      crc ^= BigInt(byte) << 24n;
      for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000n ? ((crc << 1n) ^ 0x04c11db7n) & 0xffffffffn : (crc << 1n) & 0xffffffffn;
    }
    return Number(crc);
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(crc32(bytes)).toBe(bitwise(bytes));
    }),
  );
});
