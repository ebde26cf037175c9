import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatRational } from '../../../dist/pipeline/frames/time.js';
import type { NutStream } from '../../../dist/pipeline/nut/syntax.js';
import { NutWriter } from '../../../dist/pipeline/nut/writer.js';
import { framemd5, sumsOf } from '../../helpers/framemd5.js';
import { ffmpeg, ffprobe, temporaryFolder } from '../../helpers/media.js';
import { ByteSink, inPieces, readNut } from '../../helpers/nut.js';
import { randomBytes } from '../../helpers/random.js';

const folder = await temporaryFolder();
const picture = (size: string, rate: string) => ['-f', 'lavfi', '-i', `testsrc=size=${size}:rate=${rate}:duration=1`];
const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100:duration=1'];
const asNut = ['-fps_mode', 'passthrough', '-enc_time_base:v', '1:90000', '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p', '-f', 'nut', '-write_index', '0'];

const CASES: readonly (readonly [name: string, arguments_: readonly string[]])[] = [
  ['a constant rate', [...picture('32x24', '10'), ...asNut]],
  ['30000/1001 frames a second', [...picture('32x24', '30000/1001'), ...asNut]],
  ['a variable rate', [...picture('32x24', '25'), '-vf', "select='not(eq(mod(n,5),1))*not(eq(mod(n,7),2))'", ...asNut]],
  ['a start of 0.423 s', [...picture('32x24', '25'), '-vf', 'setpts=PTS+0.423/TB', ...asNut]],
  ['odd sizes', [...picture('33x25', '10'), ...asNut]],
  ['an audio stream beside the video', [...picture('32x24', '10'), ...tone, '-map', '0:v', '-map', '1:a', '-c:a', 'pcm_s16le', ...asNut]],
  ['coded audio', [...picture('32x24', '10'), ...tone, '-map', '0:v', '-map', '1:a', '-c:a', 'aac', ...asNut]],
  ['coded video with frames out of order', [...picture('64x48', '25'), '-c:v', 'mpeg4', '-bf', '2', '-f', 'nut']],
  ['coded video with an index at its end', [...picture('64x48', '25'), '-c:v', 'mpeg4', '-f', 'nut']],
  ['headers that ffmpeg repeats after the first megabyte', [...picture('320x240', '25'), ...asNut]],
];

test.each(CASES)('reads from ffmpeg the pts and bytes of %s', async (name, args) => {
  const path = join(folder, `${name.replaceAll(/\W/g, '-')}.nut`);
  await ffmpeg('-copyts', ...args, path);
  const expected = await framemd5(path);
  const read = await readNut(inPieces(await readFile(path), [4096, 1, 777]));
  expect(read.streams.map((stream) => formatRational(stream.timeBase))).toEqual(expected.map((stream) => stream.timeBase));
  expect(expected[0]?.packets.length).toBeGreaterThan(5);
  for (const [stream, { packets }] of expected.entries()) expect(sumsOf(read.packets, stream)).toEqual(packets);
});

test('tells size and kind of the streams that ffmpeg writes', async () => {
  const path = join(folder, 'kinds.nut');
  await ffmpeg(...picture('34x26', '10'), ...tone, '-map', '0:v', '-map', '1:a', '-c:a', 'pcm_s16le', ...asNut, path);
  const { streams } = await readNut(inPieces(await readFile(path)));
  expect(streams[0]).toMatchObject({ kind: 'video', fourcc: 'I420', video: { width: 34, height: 26 } });
  expect(streams[1]).toMatchObject({ kind: 'audio', audio: { sampleRate: { num: 44_100, den: 1 }, channels: 1 } });
});

test('ffmpeg reads what srvid writes: two raw streams with every pts and byte', async () => {
  const timeBase = { num: 1, den: 90_000 };
  const streams: NutStream[] = [
    { kind: 'video', fourcc: 'Y800', timeBase, video: { width: 64, height: 48 } },
    { kind: 'video', fourcc: 'I420', timeBase, video: { width: 32, height: 24 } },
  ];
  const times = [38_070, 41_073, 44_076, 60_000, 60_001, 900_000, 4_000_000_000];
  const frames = times.map((pts, index) => ({ pts, luma: randomBytes(index, 64 * 48), small: randomBytes(100 + index, 1.5 * 32 * 24) }));
  const sink = new ByteSink();
  const writer = new NutWriter(sink, streams);
  await writer.writeHeaders();
  for (const { pts, luma, small } of frames) {
    await writer.write(pts, [
      { stream: 0, data: luma },
      { stream: 1, data: small },
    ]);
  }
  writer.end();
  const path = join(folder, 'written.nut');
  await writeFile(path, sink.bytes);

  const packets = frames.flatMap(({ pts, luma, small }) => [
    { stream: 0, pts, data: luma },
    { stream: 1, pts, data: small },
  ]);
  const seen = await framemd5(path);
  expect(seen.map((stream) => stream.timeBase)).toEqual(['1/90000', '1/90000']);
  for (const stream of [0, 1]) expect(seen[stream]?.packets).toEqual(sumsOf(packets, stream));

  const probed = await ffprobe<{ streams: object[] }>(path, '-f', 'nut', '-show_entries', 'stream=pix_fmt,width,height');
  expect(probed.streams).toMatchObject([
    { pix_fmt: 'gray', width: 64, height: 48 },
    { pix_fmt: 'yuv420p', width: 32, height: 24 },
  ]);
});

test('ffmpeg reads streams of different time bases that srvid writes', async () => {
  const streams: NutStream[] = [
    { kind: 'video', fourcc: 'I420', timeBase: { num: 1001, den: 30_000 }, video: { width: 16, height: 16, sampleAspect: { num: 4, den: 3 } } },
    { kind: 'audio', fourcc: 'PSD\x10', timeBase: { num: 1, den: 48_000 }, audio: { sampleRate: { num: 48_000, den: 1 }, channels: 2 } },
  ];
  const packets = Array.from({ length: 8 }, (_, index) => [
    { stream: 0, pts: index + 5, data: randomBytes(index, 384) },
    { stream: 1, pts: Math.round((index + 5) * 1601.6), data: randomBytes(50 + index, 6400) },
  ]).flat();
  const sink = new ByteSink();
  const writer = new NutWriter(sink, streams);
  await writer.writeHeaders();
  for (const { stream, pts, data } of packets) await writer.write(pts, [{ stream, data }]);
  const path = join(folder, 'bases.nut');
  await writeFile(path, sink.bytes);
  const seen = await framemd5(path);
  expect(seen.map((stream) => stream.timeBase)).toEqual(['1001/30000', '1/48000']);
  for (const stream of [0, 1]) expect(seen[stream]?.packets).toEqual(sumsOf(packets, stream));
  const probed = await ffprobe<{ streams: object[] }>(path, '-f', 'nut', '-show_entries', 'stream=sample_aspect_ratio');
  expect(probed.streams[0]).toMatchObject({ sample_aspect_ratio: '4:3' });
});
