import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectBetween } from '../helpers/between.js';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, ffprobe, frameHashes, lavfi, packetHashes, temporaryFolder, videoTick, videoTimes } from '../helpers/media.js';
import { FFMPEG } from '../helpers/programs.js';

const FAST = ['--encoder-option', 'preset=ultrafast', '--json', '-y'];
const KEPT_TIMES = ['-fps_mode', 'passthrough', '-pix_fmt', 'yuv420p'];
let folder = '';

beforeAll(async () => {
  folder = await temporaryFolder();
});

/** Runs srvid and checks that every frame came out at its time, to one tick of the output. */
async function expectSameTimes(input: string, output: string, expected: readonly number[], ...options: string[]): Promise<void> {
  const result = await srvid([input, output, '--preset', 'bicubic', ...FAST, ...options]);
  const end = endOf(result);
  const [found, tick] = [await videoTimes(output), await videoTick(output)];
  expect(found).toHaveLength(expected.length);
  expect(end).toMatchObject({ framesIn: expected.length, framesOut: expected.length });
  for (const [index, time] of expected.entries()) expect(Math.abs((found[index] as number) - time)).toBeLessThanOrEqual(tick * 1.001);
}

describe.each(['mp4', 'mkv'])('into %s', (extension) => {
  it('keeps every frame and pts of a constant frame rate, B-frames included', async () => {
    const input = join(folder, `constant-${extension}.mp4`);
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=96x64:r=30000/1001:d=1', '-pix_fmt', 'yuv420p', '-bf', '3', input);
    const times = await videoTimes(input);
    expect(times).toHaveLength(30);
    await expectSameTimes(input, join(folder, `constant-out.${extension}`), times);
  });

  it('keeps every frame and pts of a variable frame rate', async () => {
    const input = join(folder, `variable-${extension}.mkv`);
    const variable = "settb=1/1000,setpts='(N*40+if(mod(N,3),13,0)+if(gt(N,12),400,0))/1000/TB'";
    await ffmpeg(...lavfi('testsrc=s=96x64:r=25:d=1'), '-vf', variable, '-enc_time_base', '1:1000', ...KEPT_TIMES, input);
    const times = await videoTimes(input);
    expect(new Set(times.slice(1).map((time, index) => (time - (times[index] as number)).toFixed(3))).size).toBeGreaterThan(2);
    await expectSameTimes(input, join(folder, `variable-out.${extension}`), times);
  });

  it('keeps a start that is not 0, and so the offset between picture and sound', async () => {
    const input = join(folder, `late-${extension}.mkv`);
    await ffmpeg(...lavfi('testsrc=s=96x64:r=25:d=0.6'), ...lavfi('sine=d=1.2'), '-filter:v', 'setpts=PTS+0.48/TB', ...KEPT_TIMES, '-c:a', 'aac', input);
    const output = join(folder, `late-out.${extension}`);
    const times = await videoTimes(input);
    expect(times[0]).toBeGreaterThan(0.4);
    await expectSameTimes(input, output, times);
    // By packets: what an audio encoder puts before its sound counts for the start of a stream in one container and not in another.
    const offset = async (path: string) => ((await videoTimes(path))[0] as number) - (await soundStart(path));
    expect(Math.abs((await offset(input)) - (await offset(output)))).toBeLessThan(0.0015);
  });
});

it('carries times before 0 without moving picture against sound', async () => {
  const input = join(folder, 'early.mkv');
  await ffmpeg(
    ...['-f', 'lavfi', '-i', 'testsrc=s=96x64:r=25:d=0.4', '-f', 'lavfi', '-i', 'sine=d=0.6', '-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-c:a', 'pcm_s16le'],
    ...['-output_ts_offset', '-0.2', '-avoid_negative_ts', 'disabled', input],
  );
  const times = await videoTimes(input);
  expect(times[0]).toBeCloseTo(-0.2, 3);
  await expectSameTimes(input, join(folder, 'early-out.mp4'), times);
  // Matroska's own times begin at 0: everything is moved alike.
  await expectSameTimes(
    input,
    join(folder, 'early-out.mkv'),
    times.map((time) => time + 0.2),
  );
  expect((await videoTimes(join(folder, 'early-out.mkv')))[0]).toBe(0);
});

it('counts the pts of a raw stream that has none: n / rate', async () => {
  const input = join(folder, 'raw.264');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=96x64:r=30:d=1', '-pix_fmt', 'yuv420p', '-bf', '2', '-f', 'h264', input);
  await expectSameTimes(
    input,
    join(folder, 'raw-out.mp4'),
    Array.from({ length: 30 }, (_, index) => index / 30),
  );
});

it.each([1, 2])('keeps a video of %i frame(s)', async (count) => {
  const input = join(folder, `short-${count}.mp4`);
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=96x64:r=25', '-frames:v', String(count), '-pix_fmt', 'yuv420p', input);
  await expectSameTimes(input, join(folder, `short-out-${count}.mkv`), await videoTimes(input));
});

it('copies every audio track, packet for packet, in order', async () => {
  const input = join(folder, 'tracks.mkv');
  const output = join(folder, 'tracks-out.mkv');
  await ffmpeg(
    ...['-f', 'lavfi', '-i', 'testsrc=s=96x64:r=25:d=1', '-f', 'lavfi', '-i', 'sine=300:d=1', '-f', 'lavfi', '-i', 'sine=500:d=1'],
    ...['-map', '0', '-map', '1', '-map', '2', '-pix_fmt', 'yuv420p', '-c:a:0', 'aac', '-c:a:1', 'flac', '-metadata:s:a:0', 'language=fra', input],
  );
  endOf(await srvid([input, output, '--preset', 'bicubic', ...FAST]));
  for (const track of ['a:0', 'a:1']) expect(await packetHashes(output, track)).toEqual(await packetHashes(input, track));
  const { streams } = await ffprobe<{ streams: { tags?: { language?: string } }[] }>(output, '-select_streams', 'a', '-show_entries', 'stream_tags=language');
  expect(streams.map((stream) => stream.tags?.language)).toEqual(['fra', undefined]);
});

it.each(['aac', 'libmp3lame'])('from Matroska to Matroska sound coded by %s is kept from its first sample on, and no picture moves', async (codec) => {
  const input = join(folder, `delay-${codec}.mkv`);
  const output = join(folder, `delay-${codec}-out.mkv`);
  await ffmpeg(...lavfi('testsrc=s=96x64:r=25:d=0.4'), ...lavfi('sine=d=0.5'), ...KEPT_TIMES, '-c:a', codec, input);
  await expectSameTimes(input, output, await videoTimes(input));
  expect(await packetHashes(output, 'a:0')).toEqual(await packetHashes(input, 'a:0'));
  expect(await soundHash(output)).toBe(await soundHash(input));
});

it('cuts picture and sound alike with --start and --duration', async () => {
  const input = join(folder, 'long.mkv');
  const output = join(folder, 'cut.mkv');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=96x64:r=25:d=4', '-f', 'lavfi', '-i', 'sine=d=4', '-pix_fmt', 'yuv420p', '-g', '50', '-c:a', 'flac', input);
  const end = endOf(await srvid([input, output, '--preset', 'bicubic', '--start', '1.2', '--duration', '0:01', ...FAST]));
  expect(end).toMatchObject({ framesIn: 25, framesOut: 25 });
  const times = await videoTimes(output);
  expect(times[0]).toBeCloseTo(0, 2);
  expect(times.at(-1)).toBeCloseTo(0.96, 2);
  const { packets } = await ffprobe<{ packets: { pts_time: string }[] }>(output, '-select_streams', 'a', '-show_entries', 'packet=pts_time');
  const sound = packets.map((packet) => Number(packet.pts_time));
  expectBetween(Math.min(...sound), -0.11, 0.11);
  expectBetween(Math.max(...sound), 0.85, 1.05);
});

it.each(['mp4', 'mkv'])('a cut counts from where the source begins, and begins at 0: MPEG-TS into %s', async (extension) => {
  const input = join(folder, 'broadcast.ts');
  const output = join(folder, `broadcast-cut.${extension}`);
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=96x64:r=25:d=3', '-f', 'lavfi', '-i', 'sine=d=3', '-pix_fmt', 'yuv420p', '-c:a', 'aac', input);
  endOf(await srvid([input, output, '--preset', 'bicubic', '--start', '1', '--duration', '1', ...FAST]));
  const { format } = await ffprobe<{ format: { start_time: string } }>(input, '-show_entries', 'format=start_time');
  const from = Number(format.start_time) + 1;
  expect(from).toBeGreaterThan(2);
  const times = async (path: string, stream: string) => {
    const { packets } = await ffprobe<{ packets: { pts_time: string }[] }>(path, '-select_streams', stream, '-show_entries', 'packet=pts_time');
    return packets.map((packet) => Number(packet.pts_time)).sort((a, b) => a - b);
  };
  for (const stream of ['v:0', 'a:0']) {
    const expected = (await times(input, stream)).filter((time) => time >= from && time < from + 1).map((time) => time - from);
    const found = await times(output, stream);
    expect(found[0], `${stream} begins`).toBeCloseTo(expected[0] as number, 2);
    // A packet of sound more or less at the end is a matter of where its middle lies.
    expect(Math.abs(found.length - expected.length), stream).toBeLessThanOrEqual(stream === 'v:0' ? 0 : 1);
    expect(found.at(-1), `${stream} ends`).toBeCloseTo(expected.at(-1) as number, 1);
  }
});

it.each(['ts', 'mp4', 'h264'])('a cut of .%s takes the very frames that were asked for', async (extension) => {
  const input = join(folder, `frames.${extension}`);
  const output = join(folder, `frames-${extension}.mkv`);
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=96x64:r=25:d=6', '-pix_fmt', 'yuv420p', '-g', '25', '-bf', '2', input);
  const shrink = ['--preset', 'bicubic', '--scale', '1', '--encoder', 'ffv1'];
  endOf(await srvid([input, output, ...shrink, '--start', '0.52', '--duration', '0.4', '--json', '-y']));
  expect(await frameHashes(output)).toEqual((await frameHashes(input)).slice(13, 23));
});

it.each(['libmp3lame', 'mp2', 'pcm_s16le'])('sound coded by %s comes through standard input whole', async (codec) => {
  const input = join(folder, `piped-${codec}.mkv`);
  const output = join(folder, `piped-${codec}-out.mkv`);
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=96x64:r=25:d=1', '-f', 'lavfi', '-i', 'sine=d=1', '-pix_fmt', 'yuv420p', '-c:a', codec, input);
  endOf(await srvid(['-', output, '--preset', 'bicubic', ...FAST], { stdin: await readFile(input) }));
  expect(await packetHashes(output, 'a:0')).toEqual(await packetHashes(input, 'a:0'));
});

it('a video that begins long after the sound is found', async () => {
  const input = join(folder, 'late-picture.mkv');
  await ffmpeg(...lavfi('sine=d=11'), ...lavfi('testsrc=s=96x64:r=25:d=0.4'), '-filter:v', 'setpts=PTS+10/TB', ...KEPT_TIMES, input);
  await expectSameTimes(input, join(folder, 'late-picture-out.mkv'), await videoTimes(input));
});

it('never takes cover art for the video', async () => {
  const cover = join(folder, 'cover.png');
  const input = join(folder, 'covered.mkv');
  await ffmpeg('-f', 'lavfi', '-i', 'color=red:s=300x300', '-frames:v', '1', cover);
  await ffmpeg(
    '-i',
    cover,
    '-f',
    'lavfi',
    '-i',
    'testsrc=s=96x64:r=25:d=0.2',
    '-map',
    '0',
    '-map',
    '1',
    '-c:v:0',
    'copy',
    '-disposition:v:0',
    'attached_pic',
    '-c:v:1',
    'libx264',
    '-pix_fmt:v:1',
    'yuv420p',
    '-f',
    'mp4',
    `${input}.mp4`,
  );
  const end = endOf(await srvid([`${input}.mp4`, join(folder, 'covered-out.mkv'), '--preset', 'bicubic', ...FAST]));
  expect(end).toMatchObject({ framesIn: 5 });
});

it('refuses a file that holds only cover art and sound', async () => {
  const input = join(folder, 'song.mp3');
  await ffmpeg('-f', 'lavfi', '-i', 'color=red:s=96x96', '-frames:v', '1', join(folder, 'song.png'));
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'sine=d=0.3',
    '-i',
    join(folder, 'song.png'),
    '-map',
    '0',
    '-map',
    '1',
    '-c:v',
    'copy',
    '-disposition:v:0',
    'attached_pic',
    input,
  );
  const result = await srvid([input, join(folder, 'song.mp4'), '--preset', 'bicubic']);
  expect(result.code).toBe(1);
  expect(result.stderr).toContain('SRVID_INPUT_NO_VIDEO');
});

it('streams through standard input and output, sound included', async () => {
  const input = join(folder, 'pipe.mkv');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=96x64:r=25:d=1', '-f', 'lavfi', '-i', 'sine=d=1', '-pix_fmt', 'yuv420p', '-c:a', 'aac', input);
  const result = await srvid(['-', '-', '--format', 'matroska', '--preset', 'bicubic', '-q'], { stdin: await readFile(input) });
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  const output = join(folder, 'piped.mkv');
  await writeFile(output, result.stdout);
  // Sound that begins before 0 by its encoder's delay may move everything: raw NUT does not tell the delay.
  const timesBySound = async (path: string) => {
    const zero = await soundStart(path);
    return (await videoTimes(path)).map((time) => (time - zero).toFixed(3));
  };
  expect(await timesBySound(output)).toEqual(await timesBySound(input));
  expect(await packetHashes(output, 'a:0')).toEqual(await packetHashes(input, 'a:0'));
});

/** md5 of the sound as it is played. */
async function soundHash(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(FFMPEG, ['-nostdin', '-v', 'error', '-i', path, '-map', '0:a:0', '-f', 'md5', '-']);
  return stdout.trim();
}

/** Time of the first packet of sound, in seconds. */
async function soundStart(path: string): Promise<number> {
  const { packets } = await ffprobe<{ packets: { pts_time: string }[] }>(path, '-select_streams', 'a:0', '-show_entries', 'packet=pts_time');
  return Number(packets[0]?.pts_time);
}
