import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { LocalScheduler } from '../../dist/jobs/local-scheduler.js';
import type { MakePiece, Scheduler } from '../../dist/jobs/scheduler.js';
import { runSession } from '../../dist/session.js';
import { endOf, srvid, warningsOf } from '../helpers/command.js';
import { ffmpeg, ffprobe, lavfi, temporaryFolder, videoTimes } from '../helpers/media.js';
import { seen } from '../helpers/same-video.js';

const CODED = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-bf', '3', '-b_strategy', '0'];
const PICTURES = (seconds: number, rate = '25') => lavfi(`testsrc2=size=64x36:rate=${rate}:duration=${seconds}`);
const SOUND = (seconds: number) => [...lavfi(`sine=duration=${seconds}`), '-c:a', 'aac'];
const TOLD = fileURLToPath(new URL('../fixtures/programs/told-processes.mjs', import.meta.url));
const PLUGIN = (name: string) => fileURLToPath(new URL(`../fixtures/plugins/${name}`, import.meta.url));

/** Made-up sources, each with what makes it hard to cut. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  'variable-rate.mp4': [
    ...[...PICTURES(6), ...SOUND(6), ...CODED],
    ...['-vf', "select='not(eq(mod(n,7),3))',setpts='if(gt(N,80),PTS+N*3/2500/TB,PTS)'", '-fps_mode', 'passthrough'],
  ],
  'open-gop.mp4': [...PICTURES(6), ...SOUND(6), ...CODED, '-x264-params', 'open-gop=1'],
  'offset.mkv': [...PICTURES(6), ...SOUND(6), ...CODED, '-output_ts_offset', '12.34'],
  'before-zero.mkv': [...PICTURES(6), ...lavfi('sine=duration=6'), '-c:a', 'libopus', ...CODED],
  'more-sound.mp4': [...PICTURES(6, '30000/1001'), '-itsoffset', '0.7', ...SOUND(9), ...CODED],
  'tail-of-one.mkv': [...PICTURES(7), '-frames:v', '151', ...CODED, '-force_key_frames', 'expr:eq(n,150)'],
};

/** Sources for tests of colours. */
const COLORS: Readonly<Record<string, readonly string[]>> = {
  'unsaid.mkv': [...PICTURES(4), ...CODED],
  'said.mkv': [...PICTURES(4), ...CODED, ...['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709']],
  'gray.mkv': [...PICTURES(4), '-c:v', 'ffv1', '-g', '25', '-pix_fmt', 'gray'],
};

// Each runs the command twice.
vi.setConfig({ testTimeout: 300_000 });
let folder = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  for (const [name, options] of Object.entries({ ...SOURCES, ...COLORS })) await ffmpeg(...options, '-metadata', 'title=A title', join(folder, name));
});

/** Runs the command on a source, as one piece and in segments of two seconds. */
async function bothWays(name: string, extension: string, ...options: string[]) {
  const [whole, cut] = [join(folder, `${name}.whole.${extension}`), join(folder, `${name}.cut.${extension}`)];
  const plain = await srvid([join(folder, name), whole, '--preset', 'bicubic', '--json', '-y', '--no-resume', ...options]);
  const told = join(folder, `${name}.${extension}.told`);
  const env = { NODE_OPTIONS: `--import ${TOLD}`, TOLD_PROCESSES: told };
  const segmented = await srvid([join(folder, name), cut, '--preset', 'bicubic', '--json', '-y', '--segment', '2', ...options], { env });
  expect(segmented.code, segmented.stderr).toBe(0);
  const decoders = (await readFile(told, 'utf8')).split('\n').filter((line) => line.includes('-c:v rawvideo')).length;
  const { count } = segmented.events.find(({ type }) => type === 'segments') ?? { count: 1 };
  return { whole, cut, plain, segmented, decoders, count: count as number };
}

describe.each(Object.keys(SOURCES))('%s', (name) => {
  it('in segments gives the frames, times, sound and tags of one piece', async () => {
    const { whole, cut, plain, segmented, count, decoders } = await bothWays(name, 'mkv', '--encoder', 'ffv1');
    expect(count).toBeGreaterThan(2);
    expect(decoders).toBe(1);
    const [before, after] = [await seen(whole), await seen(cut)];
    expect(after).toEqual(before);
    expect(before.frames.length).toBeGreaterThan(100);
    expect(endOf(segmented)).toMatchObject({ framesIn: endOf(plain)['framesIn'], framesOut: endOf(plain)['framesOut'] });
    expect(warningsOf(segmented)).toEqual(warningsOf(plain));
    expect((await readdir(folder)).filter((file) => file.startsWith('.'))).toEqual([]);
    expect(await seen(await backwards(name))).toEqual(before);
  });
});

/** Makes the segments from the last to the first, each by a decoder of its own, as other machines and a run that goes on do. */
async function backwards(name: string): Promise<string> {
  const output = join(folder, `${name}.backwards.mkv`);
  const scheduler = async ({ make }: { readonly make: MakePiece }): Promise<Scheduler> => {
    const forwards = new LocalScheduler(make, { concurrency: 2 });
    return { run: (jobs, hooks) => forwards.run([...jobs].reverse(), hooks), close: () => forwards.close() };
  };
  await runSession({ input: join(folder, name), output, preset: 'bicubic', encoder: 'ffv1', segment: 2 }, {}, { scheduler });
  return output;
}

it.each(['mp4', 'mkv'])('frames that are coded out of order are all there, with their times, in %s', async (extension) => {
  const { whole, cut, count } = await bothWays('open-gop.mp4', extension, '--encoder-option', 'bf=3');
  expect(count).toBeGreaterThan(2);
  expect(await videoTimes(cut)).toEqual(await videoTimes(whole));
  expect((await seen(cut)).streams).toEqual((await seen(whole)).streams);
  if (extension === 'mkv') return; // Matroska keeps no times of decoding.
  const { packets } = await ffprobe<{ packets: { pts: number; dts: number }[] }>(cut, '-select_streams', 'v:0', '-show_entries', 'packet=pts,dts');
  for (const [index, { pts, dts }] of packets.entries()) {
    expect(pts).toBeGreaterThanOrEqual(dts);
    if (index > 0) expect(dts).toBeGreaterThan(packets[index - 1]?.dts ?? 0);
  }
});

// Neither a piece nor the plan knows a tag that an encoder, or ffmpeg by itself, adds to the source's.
it.each([
  ['unsaid', 'libvpx-vp9', 'webm', []],
  ['unsaid', 'mjpeg', 'mov', []],
  ['unsaid', 'mpeg4', 'mp4', []],
  ['unsaid', 'ffv1', 'mkv', ['--pix-fmt', 'yuv444p']],
  ['said', 'prores_ks', 'mov', []],
  ['gray', 'libx264', 'mkv', []],
] as const)('colours that are %s have the tags of one piece, by %s in %s', async (colors, encoder, extension, options) => {
  const { whole, cut, count } = await bothWays(`${colors}.mkv`, extension, '--encoder', encoder, ...options);
  expect(count).toBeGreaterThan(1);
  expect(await tagsOf(cut)).toEqual(await tagsOf(whole));
});

async function tagsOf(path: string): Promise<unknown> {
  const entries = ['pix_fmt', 'color_range', 'color_space', 'color_primaries', 'color_transfer', 'chroma_location'];
  return (await ffprobe<{ streams: unknown[] }>(path, '-select_streams', 'v:0', '-show_entries', `stream=${entries.join(',')}`)).streams;
}

it('a part of the source is cut as it is in one piece', async () => {
  const { whole, cut, count } = await bothWays('open-gop.mp4', 'mkv', '--encoder', 'ffv1', '--start', '0.73', '--duration', '4.4');
  expect(count).toBeGreaterThan(1);
  expect(await seen(cut)).toEqual(await seen(whole));
});

it.each(['mp4', 'mkv'])(
  'sound, subtitles and chapters end with the part that was asked for, though frames are coded out of order, in %s',
  async (extension) => {
    const [marks, words, name] = [join(folder, 'marks.txt'), join(folder, 'words.srt'), 'chapters.mkv'];
    const chapter = (from: number, to: number) => `[CHAPTER]\nTIMEBASE=1/1000\nSTART=${from}\nEND=${to}\ntitle=from ${from}\n`;
    await writeFile(marks, `;FFMETADATA1\n${chapter(0, 2000)}${chapter(2000, 4450)}${chapter(4450, 6000)}`);
    await writeFile(words, '1\n00:00:00,500 --> 00:00:02,000\nEarly\n\n2\n00:00:04,000 --> 00:00:05,900\nLate\n');
    const sounds = ['-map', '1', '-map', '1', '-map', '1', '-c:a:0', 'aac', '-c:a:1', 'libopus', '-c:a:2', 'pcm_s16le'];
    const made = ['-i', marks, '-i', words, '-map', '0', ...sounds, '-map', '3', '-c:s', 'srt', '-map_chapters', '2', ...CODED];
    await ffmpeg(...PICTURES(6), ...lavfi('sine=duration=6:sample_rate=48000'), ...made, join(folder, name));
    for (const range of [
      ['--start', '0.4', '--duration', '4'],
      ['--duration', '4.4'],
    ]) {
      const { whole, cut, count } = await bothWays(name, extension, '--encoder-option', 'bf=3', ...range);
      expect(count).toBeGreaterThan(1);
      const [before, after] = [await seen(whole), await seen(cut)];
      expect({ ...after, frames: after.frames.length }).toEqual({ ...before, frames: before.frames.length });
      expect(before.chapters).toHaveLength(2);
      expect(before.beside.length).toBeGreaterThan(500);
      const ends = (path: string) => ffprobe(path, '-show_entries', 'format=duration:stream=duration:stream_tags=DURATION');
      expect(await ends(cut)).toEqual(await ends(whole));
    }
  },
);

it('a plugin that reads neighbours has them across the border of a segment', async () => {
  const { whole, cut, count } = await bothWays('open-gop.mp4', 'mkv', '--encoder', 'ffv1', '--plugin', PLUGIN('median-of-three.js'));
  expect(count).toBeGreaterThan(2);
  const [before, after] = [await seen(whole), await seen(cut)];
  expect(after).toEqual(before);
});

it('a plugin that keeps something from frame to frame makes the video one piece, and that is said', async () => {
  const { whole, cut, segmented, count } = await bothWays('open-gop.mp4', 'mkv', '--encoder', 'ffv1', '--plugin', PLUGIN('count-frames.js'));
  expect(count).toBe(1);
  expect(warningsOf(segmented).join()).toContain('the plugin count-frames keeps something from frame to frame');
  expect((await seen(cut)).frames).toEqual((await seen(whole)).frames);
});
