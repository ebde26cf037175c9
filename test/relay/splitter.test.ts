import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SrvidError } from '../../dist/errors.js';
import { randomFrom } from '../../dist/eval/random.js';
import { FragmentSplitter, type Piece } from '../../dist/relay/fmp4/splitter.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, ffprobe, temporaryFolder } from '../helpers/media.js';
import { fuzzCases, randomBytes } from '../helpers/random.js';
import { pictureArgs } from '../helpers/relay.js';

const CASES = fuzzCases(1500);
const folder = await temporaryFolder();
const path = join(folder, 'live.mp4');
await ffmpeg(...pictureArgs({ seconds: 2, gop: 8 }, path).slice(4));
/** Without the index of fragments (mfra) that a file, and no live stream, ends with. */
const whole = await readFile(path).then((bytes) => bytes.subarray(0, bytes.lastIndexOf('mfra') - 4));

const split = (bytes: Uint8Array, sizes: readonly number[] = [bytes.length]): Piece[] => {
  const splitter = new FragmentSplitter();
  const pieces: Piece[] = [];
  for (let offset = 0, index = 0; offset < bytes.length; index++) {
    const size = sizes[index % sizes.length] as number;
    pieces.push(...splitter.push(bytes.subarray(offset, offset + size)));
    offset += size;
  }
  return pieces;
};
const fragmentsOf = (pieces: readonly Piece[]) => pieces.filter((piece) => piece.kind === 'fragment');

const described = (pieces: readonly Piece[]) => pieces.map(({ bytes, ...rest }) => ({ ...rest, sha: createHash('sha1').update(bytes).digest('hex') }));

const box = (type: string, ...content: Uint8Array[]) => {
  const payload = Buffer.concat(content);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(payload.length + 8);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, payload]);
};

test('the pieces together are the stream, byte for byte, wherever it was cut on its way', () => {
  const expected = split(whole);
  expect(Buffer.concat(expected.map(({ bytes }) => bytes)).equals(whole)).toBe(true);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 8 }), (sizes) => {
      expect(described(split(whole, sizes))).toEqual(described(expected));
    }),
    { numRuns: 50 },
  );
  expect(described(split(whole, [1]))).toEqual(described(expected));
});

test('a fragment is a keyframe’s where ffprobe sees a key picture, and has its time', async () => {
  const { packets } = await ffprobe<{ packets: { dts_time: string; duration_time: string; flags: string; codec_type: string }[] }>(
    path,
    '-show_entries',
    'packet=dts_time,duration_time,flags,codec_type',
  );
  const pictures = packets.filter(({ codec_type }) => codec_type === 'video');
  const fragments = fragmentsOf(split(whole));
  const keyframes = fragments.filter(({ keyframe }) => keyframe);
  expect(keyframes.map(({ startSeconds }) => startSeconds.toFixed(3))).toEqual(
    pictures.filter(({ flags }) => flags.startsWith('K')).map(({ dts_time }) => Number(dts_time).toFixed(3)),
  );
  expect(keyframes.length).toBe(Math.ceil(50 / 8));
  // Sound has fragments of its own or shares the pictures', as ffmpeg's version has it; either way two seconds of it lie in them.
  expect(Math.max(...fragments.map(({ startSeconds, durationSeconds }) => startSeconds + durationSeconds))).toBeCloseTo(2, 1);
  expect(fragments.reduce((total, { durationSeconds }) => total + durationSeconds, 0)).toBeGreaterThan(1.95);
});

test('the init segment says size, time scale and codecs as ffprobe does', async () => {
  const [init] = split(whole);
  const { streams } = await ffprobe<{ streams: { codec_type: string; width: number; height: number; time_base: string; level: number }[] }>(
    path,
    '-show_streams',
  );
  const video = streams.find(({ codec_type }) => codec_type === 'video');
  expect(init).toMatchObject({ kind: 'init', width: video?.width, height: video?.height, timescale: Number(video?.time_base.split('/')[1]) });
  const level = (video?.level ?? 0).toString(16).padStart(2, '0');
  expect(init?.kind === 'init' && init.mime).toBe(`video/mp4; codecs="avc1.42c0${level},mp4a.40.2"`);
});

test.each([
  ['libx265', ['-preset', 'ultrafast', '-x265-params', 'log-level=none', '-tag:v', 'hvc1'], /^hvc1\.1\.6\.L\d+\.90$/],
  ['libx265', ['-preset', 'ultrafast', '-x265-params', 'log-level=none', '-tag:v', 'hev1'], /^hev1\.1\.6\.L\d+\.90$/],
  ['libvpx-vp9', ['-deadline', 'realtime', '-cpu-used', '8'], /^vp09\.00\.\d\d\.08$/],
  ['libaom-av1', ['-cpu-used', '8', '-usage', 'realtime'], /^av01\.0\.\d\dM\.08$/],
])('names the codec of %s %j', async (encoder, options, name) => {
  const file = join(folder, `${encoder}-${options.at(-1)}.mp4`);
  await ffmpeg(
    ...['-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=10:duration=0.5', '-f', 'lavfi', '-i', 'sine=duration=0.5'],
    ...['-pix_fmt', 'yuv420p', '-c:v', encoder, ...options, '-c:a', 'libopus', '-movflags', 'frag_keyframe+delay_moov+default_base_moof', file],
  );
  const [init, first] = split(await readFile(file));
  expect(init?.kind === 'init' && init.mime.replace(/^video\/mp4; codecs="(.*),opus"$/, '$1')).toMatch(name);
  expect(first).toMatchObject({ kind: 'fragment' });
});

test('a second init segment in the same stream begins anew', () => {
  const pieces = split(Buffer.concat([whole, whole]), [4096]);
  expect(pieces.filter(({ kind }) => kind === 'init')).toHaveLength(2);
  expect(fragmentsOf(pieces)).toHaveLength(2 * fragmentsOf(split(whole)).length);
});

test('boxes that belong to a fragment travel with it, others are left out', () => {
  const [init, first] = split(whole) as [Piece, Piece];
  const [, again] = split(Buffer.concat([init.bytes, box('styp', Buffer.from('msdh0000')), box('free', Buffer.alloc(9)), first.bytes]));
  expect(again?.bytes.length).toBe(first.bytes.length + 16);
});

test('an ordinary MP4 file is refused and told how to be written', async () => {
  const plain = join(folder, 'plain.mp4');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=10:duration=0.5', '-movflags', 'faststart', plain);
  const bytes = await readFile(plain);
  const error = await failureOf(() => split(bytes));
  expect(error.code).toBe('SRVID_FRAGMENT_INVALID');
  expect(error.message).toContain('frag_every_frame');
});

const FTYP = Buffer.from('ftyp');

test.each<[string, Buffer]>([
  ['a box of 3 GiB', Buffer.from([0xb0, 0, 0, 0, ...FTYP])],
  ['a box of 2^60 bytes', Buffer.from([0, 0, 0, 1, ...FTYP, 0x10, 0, 0, 0, 0, 0, 0, 0])],
  ['a box that lasts to the end of the file', Buffer.from([0, 0, 0, 0, ...FTYP])],
  ['a box shorter than its header', Buffer.from([0, 0, 0, 7, ...FTYP])],
  ['another kind of file', Buffer.from('GIF89a something else')],
  ['a fragment without an init segment', Buffer.concat([box('ftyp'), box('moof')])],
  ['an index without tracks', Buffer.concat([box('ftyp'), box('moov', box('mvex'))])],
  ['boxes without end before a fragment', Buffer.concat([box('ftyp'), ...Array.from({ length: 1000 }, () => box('styp'))])],
  ['an index of many megabytes', Buffer.concat([box('ftyp'), box('moov', Buffer.alloc(2 << 20))])],
])('refuses %s', async (_, bytes) => {
  const splitter = new FragmentSplitter();
  const error = await failureOf(() => splitter.push(bytes));
  expect(error.code).toBe('SRVID_FRAGMENT_INVALID');
  // What is refused is not kept, and more of it is not taken.
  expect(await failureOf(() => splitter.push(Buffer.alloc(1 << 20)))).toBe(error);
  expect(splitter.held).toBeLessThan(2 << 20);
});

test('a run of four thousand million samples is not counted one by one', () => {
  const [init, first] = split(whole) as [Piece, Piece];
  const bytes = Buffer.from(first.bytes);
  const trun = bytes.indexOf('trun');
  bytes.writeUInt32BE(0x000001, trun + 4);
  bytes.writeUInt32BE(0xffffffff, trun + 8);
  expect(split(Buffer.concat([init.bytes, bytes]))).toHaveLength(2);
});

/** Ends well or with the one code that damage has; anything else fails the test and tells the case. */
function survives(bytes: Uint8Array, sizes: readonly number[], what: string): 'split' | 'refused' {
  const splitter = new FragmentSplitter({ maxFragmentBytes: 1 << 18 });
  try {
    for (let offset = 0, index = 0; offset < bytes.length; index++) {
      const size = sizes[index % sizes.length] as number;
      splitter.push(bytes.subarray(offset, offset + size));
      if (splitter.held > (1 << 18) + size) throw new Error(`${splitter.held} bytes are held`);
      offset += size;
    }
    return 'split';
  } catch (error) {
    if (error instanceof SrvidError && error.code === 'SRVID_FRAGMENT_INVALID') return 'refused';
    throw new Error(`${what}: ${error}`, { cause: error });
  }
}

test('no damage does more than end the stream, and no more is held than allowed', () => {
  let refused = 0;
  for (let seed = 0; seed < CASES; seed++) {
    const random = randomFrom(seed);
    const bytes = Uint8Array.from(whole.subarray(0, 3000 + Math.floor(random() * 60_000)));
    for (let change = 0; change < 1 + Math.floor(random() * 6); change++) {
      // Half of the changes fall on the init segment, where there is more to understand.
      const at = Math.floor(random() * (random() < 0.5 ? 1300 : bytes.length));
      bytes[at] = random() < 0.5 ? (bytes[at] as number) ^ (1 << Math.floor(random() * 8)) : Math.floor(random() * 256);
    }
    const cut = bytes.subarray(0, random() < 0.3 ? Math.floor(random() * bytes.length) : bytes.length);
    if (survives(cut, [1 + Math.floor(random() * 9000), 1 + Math.floor(random() * 20_000)], `seed ${seed}`) === 'refused') refused++;
  }
  expect(refused).toBeGreaterThan(CASES / 20);
});

test('bytes of any kind do no more than end the stream', () => {
  for (let seed = 0; seed < CASES; seed++) {
    const garbage = randomBytes(seed, 400);
    const head =
      seed % 2 === 0 ? Buffer.alloc(0) : Buffer.concat([box('ftyp'), box(['moov', 'moof', 'free', 'mdat'][seed % 4] as string, randomBytes(seed + 1, 60))]);
    survives(Buffer.concat([head, garbage]), [97], `seed ${seed}`);
  }
});
