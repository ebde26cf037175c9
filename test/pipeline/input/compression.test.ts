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

async function contentOf(file: string): Promise<string | undefined> {
  const opened = await openSource(binary, parseEvaluationOptions({ input: file }));
  return (await measureCompression(binary, opened))?.content;
}

test.each([
  ['x264 at CRF 23', 'a.mp4', ['libx264', '-crf', '23'], 'video'],
  ['x264 at CRF 26, quickly', 'b.mkv', ['libx264', '-crf', '26', '-preset', 'ultrafast'], 'video'],
  ['x264 at CRF 28 without B-frames', 'c.ts', ['libx264', '-crf', '28', '-bf', '0', '-preset', 'fast'], 'video'],
  ['x264 at CRF 33 of full chroma', 'd.mp4', ['libx264', '-crf', '33', '-pix_fmt', 'yuv444p'], 'coarse'],
  ['x264 at a poor rate', 'e.mp4', ['libx264', '-b:v', '40k'], 'coarse'],
  ['x265 at CRF 28', 'f.mp4', ['libx265', '-crf', '28', '-x265-params', 'log-level=none'], 'video'],
  ['x265 at CRF 36', 'g.mkv', ['libx265', '-crf', '36', '-preset', 'ultrafast', '-x265-params', 'log-level=none'], 'coarse'],
  ['MPEG-4 with quantiser 6', 'h.avi', ['mpeg4', '-q:v', '6'], 'video'],
  ['MPEG-4 with quantiser 10 and B-frames', 'i.mp4', ['mpeg4', '-q:v', '10', '-bf', '2'], 'coarse'],
  ['MPEG-2 with quantiser 12', 'j.mpg', ['mpeg2video', '-q:v', '12'], 'coarse'],
  ['MPEG-2 with quantiser 8', 'u.mpg', ['mpeg2video', '-q:v', '8'], 'video'],
  ['x264 at CRF 12', 'k.mp4', ['libx264', '-crf', '12'], 'clean'],
  ['x264 at CRF 15, quickly', 'l.mkv', ['libx264', '-crf', '15', '-preset', 'ultrafast'], 'clean'],
  ['x264 without loss', 'm.mp4', ['libx264', '-qp', '0'], 'clean'],
  ['x265 at CRF 14', 'n.mp4', ['libx265', '-crf', '14', '-x265-params', 'log-level=none'], 'clean'],
  ['MPEG-4 with quantiser 2', 'o.avi', ['mpeg4', '-q:v', '2'], 'clean'],
  ['MPEG-2 with quantiser 2', 'p.mpg', ['mpeg2video', '-q:v', '2'], 'clean'],
  ['FFV1', 'q.mkv', ['ffv1'], undefined],
  ['ProRes', 'r.mov', ['prores_ks', '-pix_fmt', 'yuv422p10le'], undefined],
  ['Motion JPEG', 's.avi', ['mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj420p'], undefined],
  ['nothing at all', 't.y4m', ['rawvideo'], undefined],
] as const)('the compression of video by %s is measured', async (_, name, [codec, ...options], expected) => {
  await ffmpeg(...ZOOM, '-frames:v', '30', '-pix_fmt', 'yuv420p', ...(codec === 'rawvideo' ? [] : ['-c:v', codec]), ...options, join(folder, name));
  expect(await contentOf(join(folder, name))).toBe(expected);
});
