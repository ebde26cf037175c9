import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import type { Evaluation } from '../../dist/eval/report.js';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, lavfi, temporaryFolder } from '../helpers/media.js';

let folder = '';
let clean = '';
let video = '';
let coarse = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  [clean, video, coarse] = ['clean', 'video', 'coarse'].map((name) => join(folder, `${name}.mkv`)) as [string, string, string];
  const zoom = [...lavfi('mandelbrot=s=96x64:r=25:end_scale=0.05:end_pts=60'), '-frames:v', '6', '-pix_fmt', 'yuv420p', '-c:v'];
  await ffmpeg(...zoom, 'ffv1', clean);
  await ffmpeg(...zoom, 'libx264', '-qp', '28', '-g', '3', video);
  await ffmpeg(...zoom, 'libx264', '-qp', '38', '-g', '3', coarse);
});

/** The kind of source that a run took its networks for, and those networks. */
async function chosen(input: string, ...options: string[]): Promise<unknown> {
  const end = endOf(await srvid([input, join(folder, 'out.mkv'), '-y', '--preset', 'swift', '--precision', 'int8', '--json', ...options]));
  return { content: end['content'], models: end['models'] };
}

it('networks for compressed video are taken where the source is compressed, in all parts of it alike, and the run says why', async () => {
  const because = { content: 'video', reason: expect.stringMatching(/^h264 with a mean QP of \d\d\.\d in its first 24 frames$/) };
  const whole = await chosen(video);
  expect(whole).toEqual({ content: because, models: ['swift-video-x2-int8'] });
  expect(await chosen(video, '--start', '0.12', '--duration', '0.08')).toEqual(whole);
  const { stderr } = await srvid([video, join(folder, 'out.mkv'), '-y', '--preset', 'swift', '--verbose']);
  expect(stderr.match(/^networks for compressed video: h264 with a mean QP of/gm)).toHaveLength(2);
});

it('networks for strongly compressed video are taken where the source is that, and the run says so', async () => {
  const found = expect.stringMatching(/^h264 with a mean QP of 3\d\.\d in its first 24 frames$/);
  expect(await chosen(coarse)).toEqual({ content: { content: 'coarse', reason: found }, models: ['swift-coarse-x2-int8'] });
  const { stderr } = await srvid([coarse, join(folder, 'out.mkv'), '-y', '--preset', 'swift', '--verbose']);
  expect(stderr.match(/^networks for strongly compressed video: h264 with a mean QP of/gm)).toHaveLength(2);
});

it('where only networks for ordinary compressed video are installed, they run on the strongly compressed, too', async () => {
  const models = join(folder, 'models');
  const shipped = fileURLToPath(new URL('../../models/', import.meta.url));
  const { version, models: all } = JSON.parse(await readFile(join(shipped, 'manifest.json'), 'utf8')) as {
    version: number;
    models: { id: string; file: string }[];
  };
  const listed = all.filter(({ id }) => ['swift-x2-int8', 'swift-video-x2-int8'].includes(id));
  await mkdir(models);
  await writeFile(join(models, 'manifest.json'), JSON.stringify({ version, models: listed }));
  for (const { file } of listed) await copyFile(join(shipped, file), join(models, file));
  for (const asked of [[], ['--content', 'coarse']])
    expect(await chosen(coarse, '--models', models, ...asked)).toMatchObject({ content: { content: 'video' }, models: ['swift-video-x2-int8'] });
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
  const measured = expect.stringMatching(/^as asked for; h264 with a mean QP of 3\d/);
  expect(await chosen(coarse, '--content', 'video')).toEqual({ content: { content: 'coarse', reason: measured }, models: ['swift-coarse-x2-int8'] });
  expect(await chosen(clean, '--content', 'coarse')).toEqual({ content: { content: 'coarse', reason: 'as asked for' }, models: ['swift-coarse-x2-int8'] });
  const refused = await srvid([coarse, join(folder, 'never.mkv'), '--preset', 'swift', '--scale', '4', '--content', 'video', '--json']);
  expect(refused.events.at(-1)).toMatchObject({
    type: 'error',
    code: 'SRVID_OPTION_INVALID',
    message: expect.stringContaining('runs swift-x4-int8, of which none'),
  });
});

it('an evaluation on compressed frames compares the network for clean video with that for video compressed as strongly', async () => {
  const measured = async (...options: string[]) => {
    const { stdout, code } = await srvid(['eval', clean, '--preset', 'swift', '--precision', 'int8', '--json', ...options]);
    expect(code).toBe(0);
    return JSON.parse(stdout.toString()) as Evaluation;
  };
  for (const [by, ending] of [
    ['x264:20', 'video'],
    ['x264:34', 'coarse'],
  ] as const) {
    const both = await measured('--compress', by);
    const [first, second] = ['swift-x2-int8', `swift-${ending}-x2-int8`];
    expect(both).toMatchObject({ compression: by, models: [first], videoModels: [second], count: 6 });
    expect(both.scores.map(({ method }) => method)).toEqual(['srvid', 'srvid-video', 'bicubic', 'lanczos']);
    const alone = await measured('--compress', by, '--content', 'video');
    expect(alone.models).toEqual([second]);
    expect({ ...alone.scores[0], method: 'srvid-video' }).toEqual(both.scores[1]);
    expect(alone.items.map(({ scores }) => scores.srvid)).toEqual(both.items.map(({ scores }) => scores['srvid-video']));
  }
  const reduced = await measured();
  expect(reduced.models).toEqual(['swift-x2-int8']);
  expect(reduced.videoModels).toBeUndefined();
});
