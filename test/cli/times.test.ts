import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { endOf, exitCodeOf, srvid, warningsOf } from '../helpers/command.js';
import { FAST, maker } from '../helpers/made.js';
import { ffmpeg, ffprobe, lavfi, temporaryFolder, videoTimes } from '../helpers/media.js';

const folder = await temporaryFolder();
const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=0.4'];
const SOUND = ['-f', 'lavfi', '-i', 'sine=r=48000:d=0.4'];

const made = maker(folder);

interface Lengths {
  readonly streams: readonly { readonly codec_type: string; readonly start_time?: string; readonly duration?: string; readonly r_frame_rate: string }[];
  readonly format: { readonly start_time: string; readonly duration: string };
}

function lengths(path: string): Promise<Lengths> {
  return ffprobe<Lengths>(path, '-show_entries', 'stream=codec_type,start_time,duration,r_frame_rate:format=start_time,duration');
}

/** A file whose frames are shown at 0, 0.1, 0.8 and 1 s, the last one for `last` seconds. */
async function slides(name: string, last: number, ...how: string[]): Promise<void> {
  const times = "settb=1/100,setpts='if(eq(N,0),0,if(eq(N,1),10,if(eq(N,2),80,100)))'";
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=64x48:r=25:d=0.16',
    '-vf',
    times,
    '-fps_mode',
    'passthrough',
    '-enc_time_base',
    '1:100',
    ...how,
    join(folder, name),
  );
  expect((await videoTimes(join(folder, name))).length, `${name}, which lasts ${1 + last} s`).toBe(4);
}

/** Time and hash of each picture. */
async function framesOf(path: string): Promise<{ readonly time: number; readonly hash: string }[]> {
  await ffmpeg('-copyts', '-i', path, '-map', '0:v', '-fps_mode', 'passthrough', '-enc_time_base', '1:1000', '-f', 'framemd5', `${path}.md5`);
  const lines = (await readFile(`${path}.md5`, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.split(/,\s*/)).map((fields) => ({ time: Number(fields[2]) / 1000, hash: fields[5] as string }));
}

/** Pieces of a recording, each with a clock of its own, joined as they are. */
async function joined(name: string, ...offsets: number[]): Promise<string> {
  for (const offset of offsets) {
    const piece = join(folder, `piece-${offset}-${name}`);
    await ffmpeg(...PICTURE, ...SOUND, '-c:v', 'mpeg2video', '-c:a', 'mp2', '-output_ts_offset', String(offset), piece);
    await appendFile(join(folder, name), await readFile(piece));
  }
  return name;
}

it.each([
  ['back', 'back.ts', [10, 0]],
  ['far ahead', 'ahead.ts', [0, 1000]],
  ['back, twice', 'back.mpg', [0, 0, 0]],
])('a joined recording whose clock jumps %s goes on without a gap', async (_, name, offsets) => {
  const output = await made(await joined(name, ...offsets), `${name}.mp4`);
  const times = await videoTimes(output);
  expect(times).toHaveLength(10 * offsets.length);
  for (const [index, time] of times.slice(1).entries()) expect(time - (times[index] as number)).toBeCloseTo(0.04, 1);
  expect((times.at(-1) as number) - (times[0] as number)).toBeCloseTo(0.4 * offsets.length - 0.04, 1);
  const { streams } = await lengths(output);
  const [picture, sound] = ['video', 'audio'].map((kind) => Number(streams.find(({ codec_type }) => codec_type === kind)?.duration));
  expect(Math.abs((picture as number) - (sound as number))).toBeLessThan(0.15);
});

it.each([
  ['runs on', 'cut-plain.ts', [0]],
  ['goes back', 'cut-back.ts', [0, 0]],
  ['goes back', 'cut-back.mpg', [0, 0]],
  ['runs over 33 bits', 'cut-wrap.ts', [2 ** 33 / 90_000 - 14]],
])('a cut of a recording whose clock %s takes the frames that are there in the whole: %s', async (_, name, offsets) => {
  const long = ['-f', 'lavfi', '-i', `testsrc2=s=64x48:r=25:d=${28 / offsets.length}`, '-f', 'lavfi', '-i', `sine=r=48000:d=${28 / offsets.length}`];
  for (const offset of offsets) {
    const piece = join(folder, `long-${name}`);
    await ffmpeg(...long, '-c:v', 'mpeg2video', '-c:a', 'mp2', '-output_ts_offset', String(offset), piece);
    await appendFile(join(folder, name), await readFile(piece));
  }
  const whole = await framesOf(await made(name, `${name}-whole.mkv`, '--encoder', 'ffv1'));
  const cut = await framesOf(await made(name, `${name}-cut.mkv`, '--encoder', 'ffv1', '--start', '20', '--duration', '1'));
  const wanted = whole.filter(({ time }) => time > 19.999 && time < 20.999).map(({ time, hash }) => ({ time: (time - 20).toFixed(2), hash }));
  expect(wanted).toHaveLength(25);
  expect(cut.map(({ time, hash }) => ({ time: time.toFixed(2), hash }))).toEqual(wanted);
});

// A clock of 33 bits at 90 kHz begins again at 0 after 95443.7 s.
it.each([
  ['soon after the beginning', 95441.5, '1.6'],
  ['more than a minute after the beginning', 95375, '70'],
])('a recording whose clock begins again %s keeps the distances of all frames and begins at 0', async (_, offset, length) => {
  const name = `wrap-${offset}`;
  const picture = ['-f', 'lavfi', '-i', `testsrc2=s=64x48:r=25:d=${length}`, '-f', 'lavfi', '-i', `sine=r=48000:d=${length}`];
  await ffmpeg(
    ...picture,
    '-vf',
    "select='not(mod(n,5))'",
    '-fps_mode',
    'passthrough',
    '-c:v',
    'mpeg2video',
    '-c:a',
    'mp2',
    '-output_ts_offset',
    String(offset),
    join(folder, `${name}.ts`),
  );
  const frames = (await videoTimes(join(folder, `${name}.ts`))).length;
  const output = await made(`${name}.ts`, `${name}.mp4`);
  const times = await videoTimes(output);
  expect(times).toHaveLength(frames);
  expect(Math.abs(times[0] as number)).toBeLessThan(0.1);
  for (const [index, time] of times.entries()) expect(time - (times[0] as number)).toBeCloseTo(index / 5, 3);
  for (const { duration } of (await lengths(output)).streams) expect(Math.abs(Number(duration) - Number(length))).toBeLessThan(0.3);
});

it('a joined recording of a kind whose jumps ffmpeg does not close is refused, not crowded at one time', async () => {
  const piece = join(folder, 'piece.flv');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=1', '-c:v', 'flv', piece);
  const bytes = await readFile(piece);
  await writeFile(join(folder, 'joined.flv'), Buffer.concat([bytes, bytes.subarray(13)]));
  const result = await srvid([join(folder, 'joined.flv'), join(folder, 'joined.mp4'), ...FAST]);
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(/clock of .* goes back at 0\.9\d* s.*SRVID_INPUT_DAMAGED/s);
});

it('a recording that starts late gives a file that starts at 0, with the offset between picture and sound; --keep-start keeps its clock', async () => {
  const late = ['-itsoffset', '0.2', ...PICTURE, ...SOUND, '-map', '0', '-map', '1', '-pix_fmt', 'yuv420p', '-c:a', 'mp2', '-output_ts_offset', '50000'];
  await ffmpeg(...late, join(folder, 'late.ts'));
  const source = await lengths(join(folder, 'late.ts'));
  const offset = ({ streams }: Lengths) => Number(streams[0]?.start_time) - Number(streams[1]?.start_time);
  const output = await lengths(await made('late.ts', 'late.mp4'));
  expect(Number(output.format.start_time)).toBeCloseTo(0, 2);
  expect(Number(output.format.duration)).toBeLessThan(1);
  expect(offset(output)).toBeCloseTo(offset(source), 2);
  const kept = await lengths(await made('late.ts', 'late.mkv', '--keep-start'));
  expect(Number(kept.format.start_time)).toBeCloseTo(Number(source.format.start_time), 2);
  const refused = await srvid([join(folder, 'late.ts'), join(folder, 'cut.mkv'), '--keep-start', '--start', '1', '-y']);
  expect(refused.stderr).toMatch(/a cut begins at 0.*SRVID_OPTION_INVALID/s);
});

it.each(['mp4', 'webm'])('the last frame of a GIF keeps its duration in %s', async (extension) => {
  await slides('slides.gif', 3, '-final_delay', '300');
  const encoder = extension === 'webm' ? ['--encoder', 'libvpx', '--encoder-option', 'deadline=realtime'] : [];
  const path = join(folder, `gif.${extension}`);
  endOf(await srvid([join(folder, 'slides.gif'), path, '--preset', 'bicubic', '--json', '-y', ...encoder]));
  expect(Number((await lengths(path)).format.duration)).toBeCloseTo(4, 2);
  expect((await videoTimes(path)).map((time) => time.toFixed(2))).toEqual(['0.00', '0.10', '0.80', '1.00']);
});

it.each(['mkv', 'nut', 'asf'])('so few frames that ffprobe tells no first time keep theirs: %s', async (extension) => {
  await slides(`few.${extension}`, 0, '-c:v', 'libx264', '-preset', 'ultrafast');
  const times = await videoTimes(await made(`few.${extension}`, `few-${extension}.mp4`));
  expect(times.map((time) => time.toFixed(2))).toEqual(['0.00', '0.10', '0.80', '1.00']);
});

it('the last frame of an animated PNG keeps its time and its duration, from a file and from standard input', async () => {
  await slides('slides.apng', 0.9, '-f', 'apng', '-final_delay', '9/10');
  const piped = join(folder, 'apng-piped.mp4');
  endOf(await srvid(['-', piped, ...FAST], { stdin: await readFile(join(folder, 'slides.apng')) }));
  for (const path of [await made('slides.apng', 'apng.mkv'), piped]) {
    expect((await videoTimes(path)).map((time) => time.toFixed(2))).toEqual(['0.00', '0.10', '0.80', '1.00']);
    expect(Number((await lengths(path)).format.duration)).toBeCloseTo(1.9, 2);
  }
});

it('an animated WebP keeps its times where ffmpeg can decode it, and is refused in words where it cannot', async () => {
  const input = join(folder, 'moving.webp');
  await ffmpeg(...lavfi('testsrc2=s=64x48:r=5:d=0.6'), '-c:v', 'libwebp_anim', input);
  const can = await ffmpeg('-i', input, '-f', 'null', '-').then(
    () => true,
    () => false,
  );
  const result = await srvid([input, join(folder, 'from-webp.mkv'), ...FAST]);
  if (can) {
    expect(endOf(result)).toMatchObject({ framesIn: 3, framesOut: 3 });
    expect((await videoTimes(join(folder, 'from-webp.mkv'))).map((time) => time.toFixed(2))).toEqual(['0.00', '0.20', '0.40']);
  } else {
    expect(result.code).toBe(1);
    const message = expect.stringMatching(/is an animated WebP, which this ffmpeg cannot decode/);
    expect(result.events.at(-1)).toMatchObject({ code: 'SRVID_INPUT_UNSUPPORTED', message });
  }
});

it('the last frame of an MP4 keeps its duration, or what a cut leaves of it, with B-frames and from one container to another', async () => {
  const long = 'setts=pts=PTS:dts=DTS:duration=if(eq(NEXT_PTS\\,NOPTS)\\,5*12800\\,DURATION)';
  await slides('slides.mp4', 5, '-enc_time_base', '1:12800', '-c:v', 'mpeg4', '-bsf:v', long, '-video_track_timescale', '12800');
  expect(Number((await lengths(join(folder, 'slides.mp4'))).format.duration)).toBeCloseTo(6, 2);
  const first = await made('slides.mp4', 'slides-out.mp4', '--encoder-option', 'bf=3');
  const second = await made('slides-out.mp4', 'slides-out.mkv');
  for (const path of [first, second]) expect(Number((await lengths(path)).format.duration)).toBeCloseTo(6, 2);
  expect(Number((await lengths(await made('slides-out.mkv', 'slides-cut.mp4', '--duration', '3'))).format.duration)).toBeCloseTo(3, 2);
});

it.each([
  ['mkv', ['--encoder', 'ffv1']],
  ['mkv', ['--encoder-option', 'bf=3']],
  ['mp4', ['--encoder-option', 'bf=3']],
])('the last frame of a variable rate ends where the source ends, and not after an average frame: %s, %s', async (extension, options) => {
  const sparse = "select='not(eq(mod(n,7),3))'";
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=2', '-vf', sparse, '-fps_mode', 'passthrough', '-c:v', 'mpeg4', join(folder, 'sparse.mp4'));
  expect(Number((await lengths(join(folder, 'sparse.mp4'))).format.duration)).toBe(2);
  const output = await made('sparse.mp4', `sparse-${options[1]}.${extension}`, ...options);
  expect(Number((await lengths(output)).format.duration)).toBe(2);
});

it('an AVI tells its frame rate, and has no empty frames between', async () => {
  await ffmpeg(...PICTURE, '-pix_fmt', 'yuv420p', join(folder, 'plain.mp4'));
  const output = await made('plain.mp4', 'plain.avi');
  expect((await lengths(output)).streams[0]?.r_frame_rate).toBe('25/1');
  const { streams } = await ffprobe<{ streams: { nb_frames: string }[] }>(output, '-show_entries', 'stream=nb_frames');
  expect(streams[0]?.nb_frames).toBe('10');
});

it('a frame beside the rate is put at a time that an AVI has, which is said, and --strict then publishes nothing', async () => {
  const timed = (name: string, ticks: string) =>
    ffmpeg(...PICTURE, '-fps_mode', 'passthrough', '-enc_time_base', '1:1000', '-c:v', 'ffv1', '-bsf:v', `setts=ts=${ticks}`, join(folder, name));
  await timed('beside.mkv', '40*N+20*eq(N\\,4)');
  await timed('crowd.mkv', '40*N-30*eq(N\\,5)');
  for (const [name, encoder, moved] of [
    ['beside', 'libx264', /25\/1, and 1 frame lay beside it: .*at most 20\.0 ms away/],
    ['crowd', 'mpeg2video', /25\/1, and 1 frame lay beside it: .*at most 30\.0 ms away/],
  ] as const) {
    const output = join(folder, `${name}.avi`);
    const result = await srvid([join(folder, `${name}.mkv`), output, '--preset', 'bicubic', '--encoder', encoder, '--encoder-option', 'bf=0', '--json', '-y']);
    expect(endOf(result)).toMatchObject({ framesIn: 10, framesOut: 10 });
    expect(warningsOf(result)).toEqual([expect.stringMatching(moved)]);
    const times = (await framesOf(output)).map(({ time }) => Math.round(time * 25));
    // Frames that are coded out of order begin later in an AVI, and all else with them.
    expect(times.map((time) => time - (times[0] as number))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
  const refused = await srvid([join(folder, 'beside.mkv'), join(folder, 'refused.avi'), '--preset', 'bicubic', '--json', '--strict']);
  expect(refused.events.at(-1)).toMatchObject({ code: 'SRVID_OUTPUT_FORMAT', message: expect.stringMatching(/20\.0 ms away/) });
  expect((await readdir(folder)).filter((name) => name.includes('refused'))).toEqual([]);
});

it('a reader of standard output that pauses is waited for', async () => {
  const input = join(folder, 'noise.mp4');
  await ffmpeg(...lavfi('nullsrc=s=320x240:r=25:d=2,noise=alls=100:allf=t'), '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', input);
  const program = fileURLToPath(new URL('../fixtures/programs/paused-reader.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, fileURLToPath(new URL('../../dist/index.js', import.meta.url)), input], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  const ended = exitCodeOf(child);
  await new Promise((resolve) => child.stdout.once('readable', resolve));
  await delay(6500);
  await pipeline(child.stdout, createWriteStream(join(folder, 'noise.mkv')));
  expect(await ended, Buffer.concat(said).toString()).toBe(0);
  expect(Buffer.concat(said).toString()).toBe('frames 50');
  expect(await videoTimes(join(folder, 'noise.mkv'))).toHaveLength(50);
});
