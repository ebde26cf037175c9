import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseEvaluationOptions } from '../../../dist/options/session.js';
import { findFfmpeg } from '../../../dist/pipeline/ffmpeg/binary.js';
import { measureCompression } from '../../../dist/pipeline/input/compression.js';
import { openSource } from '../../../dist/pipeline/input/open.js';
import { ffmpeg, lavfi, temporaryFolder } from '../../helpers/media.js';

const folder = await temporaryFolder();
const binary = await findFfmpeg();
const ZOOM = lavfi('mandelbrot=s=160x120:r=25:end_scale=0.05:end_pts=60');

async function isCoarse(file: string): Promise<boolean | undefined> {
  const opened = await openSource(binary, parseEvaluationOptions({ input: file }));
  return (await measureCompression(binary, opened))?.isCoarse;
}

test.each([
  ['x264 at CRF 23', 'a.mp4', ['libx264', '-crf', '23']],
  ['x264 at CRF 26, quickly', 'b.mkv', ['libx264', '-crf', '26', '-preset', 'ultrafast']],
  ['x264 at CRF 28 without B-frames', 'c.ts', ['libx264', '-crf', '28', '-bf', '0', '-preset', 'fast']],
  ['x264 at CRF 33 of full chroma', 'd.mp4', ['libx264', '-crf', '33', '-pix_fmt', 'yuv444p']],
  ['x264 at a poor rate', 'e.mp4', ['libx264', '-b:v', '40k']],
  ['x265 at CRF 28', 'f.mp4', ['libx265', '-crf', '28', '-x265-params', 'log-level=none']],
  ['x265 at CRF 36', 'g.mkv', ['libx265', '-crf', '36', '-preset', 'ultrafast', '-x265-params', 'log-level=none']],
  ['MPEG-4 with quantiser 6', 'h.avi', ['mpeg4', '-q:v', '6']],
  ['MPEG-4 with quantiser 10 and B-frames', 'i.mp4', ['mpeg4', '-q:v', '10', '-bf', '2']],
  ['MPEG-2 with quantiser 8', 'j.mpg', ['mpeg2video', '-q:v', '8']],
])('video by %s is found to be compressed', async (_, name, [codec = '', ...options]) => {
  await ffmpeg(...ZOOM, '-frames:v', '30', '-pix_fmt', 'yuv420p', '-c:v', codec, ...options, join(folder, name));
  expect(await isCoarse(join(folder, name))).toBe(true);
});

test.each([
  ['x264 at CRF 12', 'k.mp4', ['libx264', '-crf', '12'], false],
  ['x264 at CRF 15, quickly', 'l.mkv', ['libx264', '-crf', '15', '-preset', 'ultrafast'], false],
  ['x264 without loss', 'm.mp4', ['libx264', '-qp', '0'], false],
  ['x265 at CRF 14', 'n.mp4', ['libx265', '-crf', '14', '-x265-params', 'log-level=none'], false],
  ['MPEG-4 with quantiser 2', 'o.avi', ['mpeg4', '-q:v', '2'], false],
  ['MPEG-2 with quantiser 2', 'p.mpg', ['mpeg2video', '-q:v', '2'], false],
  ['FFV1', 'q.mkv', ['ffv1'], undefined],
  ['ProRes', 'r.mov', ['prores_ks', '-pix_fmt', 'yuv422p10le'], undefined],
  ['Motion JPEG', 's.avi', ['mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj420p'], undefined],
  ['nothing at all', 't.y4m', ['rawvideo'], undefined],
] as const)('video by %s is not', async (_, name, [codec, ...options], expected) => {
  await ffmpeg(...ZOOM, '-frames:v', '30', '-pix_fmt', 'yuv420p', ...(codec === 'rawvideo' ? [] : ['-c:v', codec]), ...options, join(folder, name));
  expect(await isCoarse(join(folder, name))).toBe(expected);
});
