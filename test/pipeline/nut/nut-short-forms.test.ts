import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FLAG, signedVarint, varint } from '../../../dist/pipeline/nut/syntax.js';
import { failureOf } from '../../helpers/errors.js';
import { FILE_START, headerPacket, inPieces, readNut } from '../../helpers/nut.js';

/*
 * Ways of saying less that srvid's writer never uses and ffmpeg uses where it can: the last bits of a pts, beginnings of
 * packets that the header has said already, a pts that follows from the one before. Streams here are made by hand.
 */

const PTS_SHIFT = 7;
const PERIOD = 2 ** PTS_SHIFT;
const CODED = { code: 1, flags: FLAG.key | FLAG.codedPts | FLAG.sizeMsb | FLAG.headerIndex };
const FOLLOWING = { code: 2, flags: FLAG.key | FLAG.sizeMsb, ptsDelta: 3 };
const PREFIXES = [
  [0, 0, 1],
  [255, 250],
];

/** A main header with the two frame codes above and the prefixes, and one video stream. */
function headers(): number[] {
  const row = (flags: number, ptsDelta: number, count: number) => [
    ...varint(flags),
    ...varint(6),
    ...signedVarint(ptsDelta),
    ...[1, 0, 0, 0, count].flatMap(varint),
  ];
  const table = [row(FLAG.invalid, 0, 1), row(CODED.flags, 0, 1), row(FOLLOWING.flags, FOLLOWING.ptsDelta, 1), row(FLAG.invalid, 0, 252)].flat();
  const elision = [...varint(PREFIXES.length), ...PREFIXES.flatMap((prefix) => [...varint(prefix.length), ...prefix])];
  const main = headerPacket('main', [...[3, 1, 65536, 1, 1, 25].flatMap(varint), ...table, ...elision]);
  const stream = headerPacket('stream', [0, 0, 4, ...Buffer.from('I420'), ...[0, PTS_SHIFT, 25, 0, 0, 0, 4, 4, 0, 0, 0].flatMap(varint)]);
  return [...FILE_START, ...main, ...stream];
}

const coded = (ptsCode: number, data: readonly number[], headerIndex = 0) => [
  CODED.code,
  ...varint(ptsCode),
  ...varint(data.length + (PREFIXES[headerIndex - 1]?.length ?? 0)),
  ...varint(headerIndex),
  ...data,
];
const read = async (bytes: readonly number[]) => (await readNut(inPieces(Uint8Array.from(bytes), [5]))).packets;

test('a pts of which only the last bits are said is the one near the pts before', async () => {
  const steps = fc.array(fc.integer({ min: -(PERIOD / 2 - 1), max: PERIOD / 2 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2000, max: 1e9 }), steps, async (first, changes) => {
      const times = [first];
      for (const change of changes) times.push((times.at(-1) as number) + change);
      const bytes = times.flatMap((pts, index) => coded(index === 0 ? pts + PERIOD : pts % PERIOD, [7]));
      expect((await read([...headers(), ...bytes])).map((packet) => packet.pts)).toEqual(times);
    }),
  );
});

test('a pts of which nothing is said follows from the one before', async () => {
  const following = [FOLLOWING.code, ...varint(1), 9];
  const packets = await read([...headers(), ...coded(100 + PERIOD, [7]), ...following, ...following]);
  expect(packets.map((packet) => packet.pts)).toEqual([100, 103, 106]);
});

test('a syncpoint sets the pts that the next one is near to', async () => {
  const packets = await read([...headers(), ...coded(10 + PERIOD, [7]), ...headerPacket('syncpoint', [...varint(5000), 0]), ...coded(5010 % PERIOD, [7])]);
  expect(packets.map((packet) => packet.pts)).toEqual([10, 5010]);
});

test('the beginning of a packet that the header has said is put back', async () => {
  const packets = await read([...headers(), ...coded(PERIOD, [1, 2], 1), ...coded(PERIOD, [3], 2), ...coded(PERIOD, [], 2), ...coded(PERIOD, [4], 0)]);
  expect(packets.map((packet) => [...packet.data])).toEqual([[0, 0, 1, 1, 2], [255, 250, 3], [255, 250], [4]]);
});

test('a packet shorter than its own beginning is damaged', async () => {
  const short = [CODED.code, ...varint(PERIOD), ...varint(2), ...varint(1), 5, 5];
  expect((await failureOf(() => read([...headers(), ...short]))).code).toBe('SRVID_STREAM_CORRUPT');
});

test('headers that come again in mid-stream change nothing', async () => {
  const again = headers().slice(FILE_START.length);
  const packets = await read([...headers(), ...coded(300 + PERIOD, [7]), ...again, ...coded(310 % PERIOD, [8])]);
  expect(packets.map((packet) => packet.pts)).toEqual([300, 310]);
});
