import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { maker } from '../helpers/made.js';
import { ffmpeg, temporaryFolder, videoTimes } from '../helpers/media.js';

const folder = await temporaryFolder();
const made = maker(folder);

// From 7.0 on ffprobe says 25 of each, or twice the rate.
it.each([
  ['h264', ['-c:v', 'libx264'], '30000/1001'],
  ['h264', ['-c:v', 'libx264', '-flags', '+ildct'], '60'],
  ['hevc', ['-c:v', 'libx265', '-x265-params', 'log-level=none'], '24000/1001'],
  ['mpeg2video', ['-c:v', 'mpeg2video'], '24'],
  ['mpeg1video', ['-c:v', 'mpeg1video'], '30'],
])('a raw stream has the rate that it tells: %s, %s, %s', async (format, coded, rate) => {
  await ffmpeg(...['-f', 'lavfi', '-i', `testsrc2=s=128x96:r=${rate}:d=1`, '-pix_fmt', 'yuv420p', ...coded, '-f', format, join(folder, `told.${format}`)]);
  const times = await videoTimes(await made(`told.${format}`, `told-${format}.mov`));
  const [num = 0, den = 1] = rate.split('/').map(Number);
  // The first frame of MPEG-1 lasts for two in ffmpeg 5.
  for (const [index, time] of times.slice(1, -1).entries()) expect((times[index + 2] as number) - time).toBeCloseTo(den / num, 3);
});

it.each([
  ['h264', 'libx264'],
  ['hevc', 'libx265'],
])('a raw stream of 30 frames a second is cut by the count of its frames: %s', async (format, encoder) => {
  const quiet = encoder === 'libx265' ? ['-x265-params', 'log-level=none'] : [];
  const raw = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=30:d=1', '-pix_fmt', 'yuv420p', '-c:v', encoder, ...quiet, '-f', format];
  await ffmpeg(...raw, join(folder, `raw.${format}`));
  const output = await made(`raw.${format}`, `raw-${format}.mp4`, '--duration', '0.5');
  expect((await videoTimes(output)).map((time) => Math.round(time * 30))).toEqual(Array.from({ length: 15 }, (_, index) => index));
});

/** Marks frames of an MPEG-2 stream with the flags of 3:2 pulldown: they are shown for 3 and 2 fields in turn. */
function pulledDown(stream: Buffer): Buffer {
  const bytes = Buffer.from(stream);
  const set = (at: number, mask: number, value: number) => bytes.writeUInt8((bytes.readUInt8(at) & ~mask) | value, at);
  const code = Buffer.from([0, 0, 1, 0xb5]);
  let pictures = 0;
  for (let at = bytes.indexOf(code); at >= 0; at = bytes.indexOf(code, at + 4)) {
    const extension = bytes.readUInt8(at + 4) >> 4;
    if (extension === 1) set(at + 5, 0x08, 0); // The sequence is not progressive.
    if (extension !== 8) continue;
    const [top, repeat] = [
      [1, 1],
      [0, 0],
      [0, 1],
      [1, 0],
    ][pictures++ % 4] as [number, number];
    set(at + 7, 0x83, (top << 7) | (repeat << 1) | 1);
    set(at + 8, 0x80, 0x80); // The frame is.
  }
  return bytes;
}

it('a raw MPEG-2 stream with pulldown is shown at its speed: each frame for as many fields as it says', async () => {
  const plain = join(folder, 'plain.m2v');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=30000/1001', '-frames:v', '24', '-c:v', 'mpeg2video', '-bf', '0', '-pix_fmt', 'yuv420p', plain);
  await writeFile(join(folder, 'pulled.m2v'), pulledDown(await readFile(plain)));
  const times = await videoTimes(await made('pulled.m2v', 'pulled.mp4'));
  const fields = times.map((time) => Math.round((time * 60_000) / 1001));
  // ffmpeg 5 guesses the time of the last frame, for which no packet comes any more.
  expect(fields.slice(0, 23)).toEqual(Array.from({ length: 23 }, (_, index) => Math.ceil(index * 2.5)));
  expect(fields).toHaveLength(24);
});
