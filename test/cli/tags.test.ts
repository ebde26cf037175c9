import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { endOf, srvid, warningsOf } from '../helpers/command.js';
import { ffmpeg, ffprobe, temporaryFolder } from '../helpers/media.js';

let folder = '';
let recorded = '';

const FRAMES = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=30000/1001:d=0.7'];
const H264 = ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast'];
const tagged = (tags: Record<string, string>) => Object.entries(tags).flatMap(([name, value]) => ['-metadata', `${name}=${value}`]);

beforeAll(async () => {
  folder = await temporaryFolder();
  recorded = join(folder, 'recorded.mkv');
  const old = ['BPS=1', 'NUMBER_OF_FRAMES-eng=2', '_STATISTICS_TAGS=BPS', 'ENCODER=Another', 'title=Camera'];
  await ffmpeg(
    ...[...FRAMES, '-f', 'lavfi', '-i', 'sine=d=0.7', '-map', '0:v', '-map', '1:a', ...H264, '-c:a', 'flac', '-timecode', '00:00:59;20'],
    ...old.flatMap((tag) => ['-metadata:s:v', tag]),
    ...['-metadata:s:a', 'BPS=3', '-metadata:s:a', 'language=fra', ...tagged({ ARTIST: 'Somebody', WEBSITE: 'somewhere' }), recorded],
  );
});

interface Tagged {
  readonly streams: readonly { readonly tags?: Readonly<Record<string, string>> }[];
  readonly format: { readonly tags?: Readonly<Record<string, string>> };
}

/** The tags of the file and of its streams, names in small letters. */
async function tagsOf(path: string): Promise<{ file: Record<string, string>; streams: Record<string, string>[] }> {
  const { format, streams } = await ffprobe<Tagged>(path, '-show_format', '-show_streams');
  const small = (tags: Readonly<Record<string, string>> = {}) => Object.fromEntries(Object.entries(tags).map(([name, value]) => [name.toLowerCase(), value]));
  return { file: small(format.tags), streams: streams.map(({ tags }) => small(tags)) };
}

async function converted(input: string, output: string, ...options: string[]) {
  const result = await srvid([input, join(folder, output), '--preset', 'bicubic', '--json', '-y', ...options]);
  endOf(result);
  return { ...(await tagsOf(join(folder, output))), warnings: warningsOf(result) };
}

it('what the source says of its own coding is not said of the output, and all else is', async () => {
  const { file, streams } = await converted(recorded, 'whole.mkv');
  expect(file).toMatchObject({ artist: 'Somebody', website: 'somewhere', timecode: '00:00:59;20' });
  const [video, audio] = streams;
  expect(video).toMatchObject({ title: 'Camera' });
  // ffmpeg 9 leaves the tag out where the source had one.
  expect(video?.['encoder'] ?? 'libx264').toMatch(/libx264/);
  for (const name of ['bps', 'number_of_frames-eng', '_statistics_tags']) expect(video).not.toHaveProperty(name);
  expect(audio).toMatchObject({ language: 'fra', bps: '3' });
});

it('a cut moves the timecode and ends the counts of the sound, and MP4 names the tag that it has no place for', async () => {
  const { file, streams, warnings } = await converted(recorded, 'cut.mp4', '--start', '0.5');
  expect(streams.map(({ timecode }) => timecode)).toEqual(['00:01:00;07', undefined, '00:01:00;07']);
  expect(streams[1]).not.toHaveProperty('bps');
  expect(file).toMatchObject({ artist: 'Somebody' });
  expect(warnings).toEqual([expect.stringMatching(/^The tag WEBSITE is left out: mp4 has no place for it/)]);
});

it('--strict refuses to leave a tag out', async () => {
  const result = await srvid([recorded, join(folder, 'strict.avi'), '--preset', 'bicubic', '--json', '--strict']);
  expect(result.code).toBe(2);
  expect(result.events).toContainEqual(expect.objectContaining({ code: 'SRVID_OUTPUT_FORMAT', message: expect.stringMatching(/WEBSITE/) }));
});

it('from standard input tags come along, too', async () => {
  const result = await srvid(['-', join(folder, 'piped.mkv'), '--preset', 'bicubic', '--json'], { stdin: await readFile(recorded) });
  endOf(result);
  const { file, streams } = await tagsOf(join(folder, 'piped.mkv'));
  expect(file).toMatchObject({ artist: 'Somebody', website: 'somewhere', timecode: '00:00:59;20' });
  expect(streams[0]).toMatchObject({ title: 'Camera', encoder: expect.stringMatching(/libx264/) });
});

it('tags of a phone are kept in MP4, and those of the MOV file itself are not', async () => {
  const phone = join(folder, 'phone.mov');
  const keys = {
    'com.apple.quicktime.make': 'Somebody',
    'com.apple.quicktime.location.ISO6709': '+48.1-122.1+020/',
    'com.apple.quicktime.creationdate': '2024-01-02T03:04:05+0100',
  };
  await ffmpeg(...FRAMES, ...H264, '-movflags', 'use_metadata_tags', ...tagged({ ...keys, creation_time: '2024-01-02T02:04:05Z' }), phone);
  const small = Object.fromEntries(Object.entries(keys).map(([name, value]) => [name.toLowerCase(), value]));
  const { file, warnings } = await converted(phone, 'phone.mp4', '--strict');
  expect(file).toMatchObject({ ...small, creation_time: expect.stringMatching(/^2024-01-02T02:04:05/), major_brand: 'isom' });
  expect(warnings).toEqual([]);
});
