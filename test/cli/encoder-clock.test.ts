import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, temporaryFolder, videoTick, videoTimes } from '../helpers/media.js';

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});

async function source(name: string, rate: string, ...options: string[]): Promise<string> {
  const path = join(folder, name);
  await ffmpeg('-f', 'lavfi', '-i', `testsrc=s=64x48:r=${rate}:d=0.5`, '-pix_fmt', 'yuv420p', ...options, path);
  return path;
}

const run = (input: string, output: string, ...options: string[]) => srvid([input, output, '--preset', 'bicubic', '--json', '-y', ...options]);

/** Every third frame is missing: the rate varies, the frames lie on its ticks all the same. */
const GAPS = ['-vf', "select='not(eq(mod(n,3),1))'", '-fps_mode', 'passthrough'];
/** Frames a few milliseconds beside any rate, after a beginning that is even. */
const UNEVEN = ['-vf', "settb=1/1000,setpts='40*N+7*gt(N,4)*mod(N,3)'", '-fps_mode', 'passthrough', '-enc_time_base', '1:1000', '-c:v', 'ffv1'];

it.each([
  ['mpeg4', '25', 'ts'],
  ['mpeg4', '24000/1001', 'ts'],
  ['mpeg4', '30000/1001', 'ts', ...GAPS],
  ['mpeg2video', '25', 'ts'],
  ['mpeg2video', '25', 'ts', ...GAPS],
  ['mpeg2video', '25', 'mp4'],
  ['mpeg2video', '30000/1001', 'mkv'],
  ['mpeg1video', '24000/1001', 'mp4'],
])('%s keeps the time of every frame of %s a second in %s, though it cannot count as the source does', async (encoder, rate, kind, ...options) => {
  const [input, output] = [await source(`in.${kind}`, rate, ...options), join(folder, `out.${kind}`)];
  const { framesIn, framesOut } = endOf(await run(input, output, '--encoder', encoder));
  const [before, after] = [await videoTimes(input), await videoTimes(output)];
  expect([framesIn, framesOut, after.length]).toEqual([before.length, before.length, before.length]);
  // A transport stream's muxer puts everything off by its delay, so there it is the time since the first frame.
  const since = (times: number[]) => times.map((time) => time - (kind === 'ts' ? (times[0] as number) : 0));
  const tick = Math.max(await videoTick(input), await videoTick(output));
  for (const [index, time] of since(after).entries()) expect(Math.abs(time - (since(before)[index] as number))).toBeLessThanOrEqual(tick + 1e-6);
});

it.each([
  ['a beginning between its frames', ['late.ts', '30000/1001'], /30000\/1001 a second for this source, but one is at 1\.\d+ s/],
  ['a rate that it does not know', ['odd.mp4', '7'], /MPEG-1\/2 does not support 7\/1 fps/],
] as const)('mpeg2video is refused before the first frame for %s', async (_, [name, rate], message) => {
  const input = await source(name, rate);
  const before = await readdir(folder);
  const result = await run(input, join(folder, 'none.mkv'), '--encoder', 'mpeg2video', '--keep-start');
  expect(result.events.filter(({ type }) => type === 'progress')).toEqual([]);
  expect(result.events.at(-1)).toMatchObject({ type: 'error', code: 'SRVID_ENCODER_UNAVAILABLE', message: expect.stringMatching(message) });
  expect(await readdir(folder)).toEqual(before);
});

it('a frame that mpeg2video would move ends the run, and nothing is left', async () => {
  const input = await source('uneven.mkv', '25', ...UNEVEN);
  const before = await readdir(folder);
  const result = await run(input, join(folder, 'none.mkv'), '--encoder', 'mpeg2video');
  // ffmpeg 7.1 takes the file for one of 1000 frames a second, which the encoder refuses at once.
  const message = expect.stringMatching(/one is at 0\.2\d+ s, .* ms beside the count|does not support 1000\/1 fps/);
  expect(result.events.at(-1)).toMatchObject({ type: 'error', code: 'SRVID_ENCODER_UNAVAILABLE', message });
  expect(await readdir(folder)).toEqual(before);
  endOf(await run(input, join(folder, 'kept.mkv'), '--encoder', 'mpeg4'));
  expect(await videoTimes(join(folder, 'kept.mkv'))).toEqual(await videoTimes(input));
});
