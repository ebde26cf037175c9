import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Evaluation } from '../../dist/eval/report.js';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, lavfi, temporaryFolder } from '../helpers/media.js';

let folder = '';
let clean = '';
let coarse = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  [clean, coarse] = [join(folder, 'clean.mkv'), join(folder, 'coarse.mkv')];
  const zoom = [...lavfi('mandelbrot=s=96x64:r=25:end_scale=0.05:end_pts=60'), '-frames:v', '6', '-pix_fmt', 'yuv420p', '-c:v'];
  await ffmpeg(...zoom, 'ffv1', clean);
  await ffmpeg(...zoom, 'libx264', '-crf', '30', '-g', '3', coarse);
});

/** The kind of source that a run took its networks for, and those networks. */
async function chosen(input: string, ...options: string[]): Promise<unknown> {
  const end = endOf(await srvid([input, join(folder, 'out.mkv'), '-y', '--preset', 'swift', '--precision', 'int8', '--json', ...options]));
  return { content: end['content'], models: end['models'] };
}

it('networks for compressed video are taken where the source is compressed, in all parts of it alike, and the run says why', async () => {
  const because = { content: 'video', reason: expect.stringMatching(/^h264 with a mean QP of \d\d\.\d in its first 24 frames$/) };
  const whole = await chosen(coarse);
  expect(whole).toEqual({ content: because, models: ['swift-video-x2-int8'] });
  expect(await chosen(coarse, '--start', '0.12', '--duration', '0.08')).toEqual(whole);
  const { stderr } = await srvid([coarse, join(folder, 'out.mkv'), '-y', '--preset', 'swift', '--verbose']);
  expect(stderr.match(/^networks for compressed video: h264 with a mean QP of/gm)).toHaveLength(2);
});

it('networks for clean video are taken where the source is clean, and where nothing can be told', async () => {
  const reason = 'the compression of this source cannot be told beforehand';
  expect(await chosen(clean)).toEqual({ content: { content: 'clean', reason }, models: ['swift-x2-int8'] });
  const piped = await srvid(['-', join(folder, 'out.mkv'), '-y', '--preset', 'swift', '--precision', 'int8', '--json'], { stdin: await readFile(coarse) });
  expect(endOf(piped)).toMatchObject({ content: { content: 'clean', reason }, models: ['swift-x2-int8'] });
});

it('--content says which to take, and refuses what is not installed', async () => {
  expect(await chosen(coarse, '--content', 'clean')).toEqual({ content: { content: 'clean', reason: 'as asked for' }, models: ['swift-x2-int8'] });
  expect(await chosen(clean, '--content', 'video')).toEqual({ content: { content: 'video', reason: 'as asked for' }, models: ['swift-video-x2-int8'] });
  const refused = await srvid([coarse, join(folder, 'never.mkv'), '--preset', 'swift', '--scale', '4', '--content', 'video', '--json']);
  expect(refused.events.at(-1)).toMatchObject({
    type: 'error',
    code: 'SRVID_OPTION_INVALID',
    message: expect.stringContaining('runs swift-x4-int8, of which none'),
  });
});

it('an evaluation on compressed frames compares both kinds of networks', async () => {
  const measured = async (...options: string[]) => {
    const { stdout, code } = await srvid(['eval', clean, '--preset', 'swift', '--precision', 'int8', '--json', ...options]);
    expect(code).toBe(0);
    return JSON.parse(stdout.toString()) as Evaluation;
  };
  const both = await measured('--compress', 'x264:30');
  expect(both).toMatchObject({ compression: 'x264:30', models: ['swift-x2-int8'], videoModels: ['swift-video-x2-int8'], count: 6 });
  expect(both.scores.map(({ method }) => method)).toEqual(['srvid', 'srvid-video', 'bicubic', 'lanczos']);
  const video = await measured('--compress', 'x264:30', '--content', 'video');
  expect(video.models).toEqual(['swift-video-x2-int8']);
  expect({ ...video.scores[0], method: 'srvid-video' }).toEqual(both.scores[1]);
  expect(video.items.map(({ scores }) => scores.srvid)).toEqual(both.items.map(({ scores }) => scores['srvid-video']));
  const reduced = await measured();
  expect(reduced.models).toEqual(['swift-x2-int8']);
  expect(reduced.videoModels).toBeUndefined();
});
