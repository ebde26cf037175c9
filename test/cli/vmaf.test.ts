import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import type { Evaluation } from '../../dist/eval/report.js';
import { srvid } from '../helpers/command.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';
import { FFMPEG } from '../helpers/programs.js';

const run = promisify(execFile);
let folder = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  await ffmpeg('-f', 'lavfi', '-i', 'mandelbrot=s=192x128:r=10', '-t', '0.5', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', join(folder, 'clip.mkv'));
});

it('an evaluation of a clip has the VMAF that libvmaf gives the same frames, where this ffmpeg has it', async () => {
  const clip = join(folder, 'clip.mkv');
  const { code, stdout } = await srvid(['eval', clip, '--preset', 'bicubic', '--scale', '2', '--json']);
  expect(code).toBe(0);
  const { scores } = JSON.parse(stdout.toString()) as Evaluation;
  const { stdout: filters } = await run(FFMPEG, ['-hide_banner', '-filters']);
  if (!/ libvmaf /.test(filters)) {
    for (const { vmaf } of scores) expect(vmaf).toBeUndefined();
    return;
  }
  const small = join(folder, 'small.mkv');
  // swscale's bicubic filters before it drops samples, as Pillow's does, but has other weights: the scores agree within two points of a hundred.
  await ffmpeg('-i', clip, '-vf', 'scale=96:64:flags=bicubic:param0=0:param1=0.5,scale=192:128:flags=bicubic:param0=0:param1=0.5', '-c:v', 'ffv1', small);
  const { stderr } = await run(FFMPEG, ['-hide_banner', '-i', small, '-i', clip, '-lavfi', 'libvmaf', '-f', 'null', '-']);
  const expected = Number(/VMAF score: ([\d.]+)/.exec(stderr)?.[1]);
  for (const method of ['srvid', 'bicubic']) expect(Math.abs((scores.find((score) => score.method === method)?.vmaf ?? 0) - expected)).toBeLessThan(2);
  expect((await srvid(['eval', clip, '--preset', 'bicubic', '--scale', '2'])).stdout.toString()).toMatch(/SSIM +VMAF/);
});
