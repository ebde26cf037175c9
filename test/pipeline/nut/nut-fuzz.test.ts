import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { SrvidError } from '../../../dist/errors.js';
import { randomFrom } from '../../../dist/eval/random.js';
import { type NutStream, varint } from '../../../dist/pipeline/nut/syntax.js';
import { failureOf } from '../../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../../helpers/media.js';
import { FILE_START, headerPacket, inPieces, readNut, writeNut } from '../../helpers/nut.js';
import { fuzzCases, randomBytes } from '../../helpers/random.js';

const CASES = fuzzCases(1500);
const MAX_PACKET_BYTES = 1 << 16;
const folder = await temporaryFolder();

/** Ends well, or with the one code that damage has; anything else fails the test and tells the case. */
async function survives(bytes: Uint8Array, what: string): Promise<'read' | 'refused'> {
  try {
    await readNut(inPieces(bytes, [3001]), MAX_PACKET_BYTES);
    return 'read';
  } catch (error) {
    if (error instanceof SrvidError && error.code === 'SRVID_STREAM_CORRUPT') return 'refused';
    throw new Error(`${what}: ${error}`, { cause: error });
  }
}

const video: NutStream = { kind: 'video', fourcc: 'I420', timeBase: { num: 1, den: 25 }, video: { width: 16, height: 16 } };

async function seeds(): Promise<Uint8Array[]> {
  const path = join(folder, 'seed.nut');
  const sources = ['-f', 'lavfi', '-i', 'testsrc=size=16x16:rate=25:duration=0.3', '-f', 'lavfi', '-i', 'sine=duration=0.3'];
  await ffmpeg(...sources, '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le', '-f', 'nut', path);
  const written = await writeNut(
    [video],
    Array.from({ length: 5 }, (_, index) => ({ stream: 0, pts: index, data: randomBytes(index, 384) })),
  );
  return [await readFile(path), written];
}

test('a stream cut off anywhere is read up to there or refused', async () => {
  const [, written] = (await seeds()) as [Uint8Array, Uint8Array];
  let refused = 0;
  for (let length = 1; length < written.length; length += 1 + Math.floor(length / 200)) {
    if ((await survives(written.subarray(0, length), `cut at ${length}`)) === 'refused') refused++;
  }
  expect(refused).toBeGreaterThan(10);
});

test('no damage to bytes does more than end the stream', async () => {
  const inputs = await seeds();
  let refused = 0;
  for (let index = 0; index < CASES; index++) {
    const random = randomFrom(index);
    const bytes = Uint8Array.from(inputs[index % inputs.length] as Uint8Array);
    const changes = 1 + Math.floor(random() * 6);
    for (let change = 0; change < changes; change++) {
      // Half of the changes fall on the headers at the front, where there is more to understand.
      const at = Math.floor(random() * (random() < 0.5 ? Math.min(600, bytes.length) : bytes.length));
      bytes[at] = random() < 0.5 ? (bytes[at] as number) ^ (1 << Math.floor(random() * 8)) : Math.floor(random() * 256);
    }
    if ((await survives(bytes, `seed ${index}`)) === 'refused') refused++;
  }
  expect(refused).toBeGreaterThan(CASES / 20);
});

test('headers with valid checksums and any content do no more than end the stream', async () => {
  for (let index = 0; index < CASES; index++) {
    const random = randomFrom(index);
    const number = () => varint(Math.floor(2 ** (random() * (random() < 0.2 ? 53 : 6))));
    const body = (length: number) => Array.from({ length }, number).flat();
    const valid = [...(await writeNut([video], [{ stream: 0, pts: 1, data: randomBytes(index, 20) }]))].slice(FILE_START.length);
    const kinds = ['main', 'stream', 'syncpoint', 'info', 'index'] as const;
    const made = Array.from({ length: 3 }, () => headerPacket(kinds[Math.floor(random() * kinds.length)] ?? 'main', body(Math.floor(random() * 60)))).flat();
    const order = random() < 0.5 ? [...made, ...valid] : [...valid, ...made, ...randomBytes(index, 30)];
    await survives(Uint8Array.from([...FILE_START, ...order]), `seed ${index}`);
  }
});

test.each<[string, number[]]>([
  ['a header that announces an absurd size', [0x4e, 0x4d, 0x7a, 0x56, 0x1f, 0x5f, 0x04, 0xad, ...varint(2 ** 50)]],
  ['a number above 2^53', [0x4e, 0x4d, 0x7a, 0x56, 0x1f, 0x5f, 0x04, 0xad, ...Array(20).fill(0xff), 0]],
  ['more streams than there can be', headerPacket('main', [3, ...varint(1e9), 0, 1, 1, 25])],
  ['a time base of zero', headerPacket('main', [3, 1, 0, 1, 0, 25])],
  ['another version of NUT', headerPacket('main', [9, 1, 0, 1, 1, 25])],
  ['a stream before the main header', headerPacket('stream', [0, 0, 4, 73, 52, 50, 48, 0, 7, 25, 0, 0, 0])],
  ['a syncpoint before the main header', headerPacket('syncpoint', [5, 0])],
  ['a start code that nobody knows', [0x4e, 1, 2, 3, 4, 5, 6, 7, 0]],
  ['a frame before the main header', [1, 0, 0]],
  ['other bytes', [71, 73, 70, 56]],
])('refuses %s', async (_, bytes) => {
  const error = await failureOf(() => readNut(inPieces(Uint8Array.from([...FILE_START, ...bytes])), MAX_PACKET_BYTES));
  expect(error.code).toBe('SRVID_STREAM_CORRUPT');
});

test('refuses a frame that announces an absurd size', async () => {
  const valid = await writeNut([video], []);
  const huge = [1, 0, ...varint(128), ...varint(2 ** 45), 0, 0, 0, 0];
  const error = await failureOf(() => readNut(inPieces(Uint8Array.from([...valid, ...huge])), MAX_PACKET_BYTES));
  expect(error.code).toBe('SRVID_STREAM_CORRUPT');
});

test('refuses a number without end, before it has read much of it', async () => {
  const piece = Buffer.alloc(1024, 0x80);
  let given = 0;
  function* endless() {
    yield Buffer.from([...FILE_START, 0x4e, 0x4d, 0x7a, 0x56, 0x1f, 0x5f, 0x04, 0xad]);
    for (; given < 1e6; given += piece.length) yield piece;
  }
  const error = await failureOf(() => readNut(Readable.from(endless(), { objectMode: false }), MAX_PACKET_BYTES));
  expect(error.code).toBe('SRVID_STREAM_CORRUPT');
  expect(given).toBeLessThan(1e6);
});

test('refuses what is not NUT', async () => {
  const error = await failureOf(() => readNut(inPieces(Buffer.from('nut/multimedia containes\0')), MAX_PACKET_BYTES));
  expect(error.code).toBe('SRVID_STREAM_CORRUPT');
});
