import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { endOf, srvid, warningsOf } from '../helpers/command.js';
import { ffmpeg, ffprobe, packetHashes, temporaryFolder } from '../helpers/media.js';
import { pgsSubtitle } from '../helpers/pgs.js';

interface Stream {
  readonly index: number;
  readonly codec_type: string;
  readonly codec_name?: string;
  readonly disposition: Record<string, number>;
  readonly tags?: Record<string, string>;
}

interface Contents {
  readonly streams: Stream[];
  readonly chapters: { start_time: string; end_time: string; tags?: { title?: string } }[];
  readonly format: { tags?: Record<string, string> };
}

const CHAPTERS = `;FFMETADATA1
title=A film
artist=Somebody
[CHAPTER]
TIMEBASE=1/1000
START=0
END=400
title=First
[CHAPTER]
TIMEBASE=1/1000
START=400
END=1000
title=Second
`;
const SUBTITLE = `1
00:00:00,100 --> 00:00:00,600
Hello
`;

let folder = '';
let full = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  full = join(folder, 'full.mkv');
  const at = (name: string) => join(folder, name);
  await writeFile(at('text.srt'), SUBTITLE);
  await writeFile(at('picture.sup'), pgsSubtitle(0.2));
  await writeFile(at('chapters.txt'), CHAPTERS);
  await writeFile(at('font.ttf'), 'not really a font');
  await writeFile(at('data.bin'), Buffer.from([0, 1, 2, 255]));
  await ffmpeg('-f', 'lavfi', '-i', 'color=red:s=64x64', '-frames:v', '1', at('cover.png'));
  const lavfi = (graph: string) => ['-f', 'lavfi', '-i', graph];
  await ffmpeg(
    ...lavfi('testsrc=s=96x64:r=25:d=1'),
    ...lavfi('sine=300:d=1'),
    ...lavfi('sine=500:d=1'),
    ...['-i', at('text.srt'), '-i', at('picture.sup'), '-i', at('chapters.txt'), '-map_metadata', '5', '-map_chapters', '5'],
    ...[
      '-map',
      '0',
      '-map',
      '1',
      '-map',
      '2',
      '-map',
      '3',
      '-map',
      '4',
      '-pix_fmt',
      'yuv420p',
      '-c:a:0',
      'aac',
      '-c:a:1',
      'flac',
      '-c:s:0',
      'ass',
      '-c:s:1',
      'copy',
    ],
    ...['-metadata:s:v', 'title=Camera', '-metadata:s:a:0', 'language=fra', '-metadata:s:a:1', 'language=deu', '-metadata:s:s:0', 'language=eng'],
    ...['-disposition:a:0', '0', '-disposition:a:1', 'default', '-disposition:s:0', 'forced'],
    ...['-attach', at('font.ttf'), '-metadata:s:t:0', 'mimetype=font/ttf', '-attach', at('data.bin'), '-metadata:s:t:1', 'mimetype=application/octet-stream'],
    ...['-attach', at('cover.png'), '-metadata:s:t:2', 'mimetype=image/png', '-metadata:s:t:2', 'filename=cover.png'],
    full,
  );
});

const contentsOf = (path: string) => ffprobe<Contents>(path, '-show_streams', '-show_chapters', '-show_format');

/** Facts that must be the same before and after, a line a stream. */
function essence({ streams, chapters, format }: Contents) {
  const kept = (tags: Record<string, string> = {}) =>
    Object.fromEntries(Object.entries(tags).filter(([name]) => !/^(encoder|duration|handler_name|vendor_id|_statistics.*)$/i.test(name)));
  return {
    streams: streams.map((stream) => ({
      type: stream.codec_type,
      codec: stream.codec_type === 'video' && !stream.disposition['attached_pic'] ? 'any' : stream.codec_name,
      tags: kept(stream.tags),
      flags: Object.keys(stream.disposition).filter((name) => stream.disposition[name] === 1),
    })),
    chapters: chapters.map((chapter) => [Number(chapter.start_time), Number(chapter.end_time), chapter.tags?.title]),
    tags: kept(format.tags),
  };
}

describe('from Matroska to Matroska', () => {
  it('everything is carried: sound, text and bitmap subtitles, chapters, fonts, data, cover, tags, languages, flags', async () => {
    const output = join(folder, 'out.mkv');
    const result = await srvid([full, output, '--preset', 'bicubic', '--json', '-y']);
    endOf(result);
    expect(warningsOf(result)).toEqual([]);
    const before = essence(await contentsOf(full));
    expect(before.streams).toHaveLength(8);
    expect(essence(await contentsOf(output))).toEqual(before);
    for (const stream of ['a:0', 'a:1', 's:0', 's:1']) expect(await packetHashes(output, stream)).toEqual(await packetHashes(full, stream));
  });
});

describe('from Matroska to MP4', () => {
  it('carries what MP4 can hold and names the rest', async () => {
    const output = join(folder, 'out.mp4');
    const result = await srvid([full, output, '--preset', 'bicubic', '--json', '-y']);
    endOf(result);
    const after = await contentsOf(output);
    const codecs = after.streams.filter((stream) => stream.codec_type !== 'data').map((stream) => stream.codec_name);
    expect(codecs).toEqual(['h264', 'aac', 'flac', 'mov_text', 'png']);
    expect(essence(after).chapters).toEqual(essence(await contentsOf(full)).chapters);
    expect(after.format.tags).toMatchObject({ title: 'A film', artist: 'Somebody' });
    expect(after.streams[1]?.tags).toMatchObject({ language: 'fra' });
    expect(warningsOf(result)).toEqual([
      expect.stringMatching(/Subtitle stream 3 \(ass, eng\) becomes mov_text, which loses its styles/),
      expect.stringMatching(/Subtitle stream 4 \(hdmv_pgs_subtitle\) is left out: mp4 cannot hold it/),
      expect.stringMatching(/Attachment stream 5 .* is left out/),
      expect.stringMatching(/Attachment stream 6 .* is left out/),
    ]);
  });
});

describe('into other containers', () => {
  it('WebM gets VP9, Opus and WebVTT without being asked', async () => {
    const output = join(folder, 'out.webm');
    const result = await srvid([full, output, '--preset', 'bicubic', '--json', '-y']);
    endOf(result);
    expect((await contentsOf(output)).streams.map((stream) => stream.codec_name)).toEqual(['vp9', 'opus', 'opus', 'webvtt']);
    expect(warningsOf(result).filter((warning) => warning.includes('becomes libopus'))).toHaveLength(2);
  });

  it('MPEG-TS says that it has no chapters', async () => {
    const output = join(folder, 'out.ts');
    const result = await srvid([full, output, '--preset', 'bicubic', '--json', '-y']);
    endOf(result);
    expect(warningsOf(result)).toContainEqual(expect.stringContaining('2 chapters are left out'));
  });
});

it('chapters are cut like picture and sound', async () => {
  const output = join(folder, 'chapters.mkv');
  for (const [range, expected] of [
    [
      ['--start', '0.08', '--duration', '0.4'],
      [0, 0.32, 0.32, 0.4],
    ],
    [
      ['--duration', '0.2'],
      [0, 0.2],
    ],
  ] as const) {
    endOf(await srvid([full, output, '--preset', 'bicubic', ...range, '--json', '-y']));
    const { chapters } = await contentsOf(output);
    const found = chapters.flatMap((chapter) => [Number(chapter.start_time), Number(chapter.end_time)]);
    expect(found).toEqual(expected.map((time) => expect.closeTo(time, 1)));
  }
});

it('subtitles are cut like picture and sound', async () => {
  const output = join(folder, 'cut.mkv');
  endOf(await srvid([full, output, '--preset', 'bicubic', '--start', '0.08', '--duration', '0.4', '--json', '-y']));
  const times = async (path: string, stream: string) => {
    const { packets } = await ffprobe<{ packets: { pts_time: string }[] }>(path, '-select_streams', stream, '-show_entries', 'packet=pts_time');
    return packets.map((packet) => Number(packet.pts_time)).sort((a, b) => a - b);
  };
  const [subtitle] = (await times(full, 's:0')) as [number];
  const firstFrame = (await times(full, 'v:0')).find((time) => time >= 0.08) as number;
  const [firstWritten] = (await times(output, 'v:0')) as [number];
  expect(await times(output, 's:0')).toEqual([expect.closeTo(firstWritten + subtitle - firstFrame, 2)]);
});
