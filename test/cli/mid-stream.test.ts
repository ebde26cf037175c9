import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findFfmpeg } from '../../dist/pipeline/ffmpeg/binary.js';
import { srvid } from '../helpers/command.js';
import { ffmpeg, rawFrames, temporaryFolder } from '../helpers/media.js';

const folder = await temporaryFolder();
const { version } = await findFfmpeg();

/** Three flat frames as a raw H.264 stream: gray of this luma, written in this pixel format, with these tags. */
async function part(name: string, format: string, luma: number, tags: string, filter = 'null'): Promise<Buffer> {
  const path = join(folder, name);
  const graph = `color=gray:s=64x48:r=25:d=0.12,format=yuv444p,lutyuv=y=${luma}:u=90:v=150,${filter},format=${format}`;
  await ffmpeg('-f', 'lavfi', '-i', graph, '-c:v', 'libx264', '-qp', '0', '-pix_fmt', format, '-bsf:v', `h264_metadata=${tags}`, '-f', 'h264', path);
  return readFile(path);
}

const TV = 'video_full_range_flag=0:matrix_coefficients=1';

it('range, chroma and depth that change in mid-stream are converted to the first frames’', async () => {
  const parts = [
    await part('first.h264', 'yuv420p', 120, TV),
    // 120 of limited range is (120 - 16) x 255 / 219 = 121 of full range; chroma differs by the same factor.
    await part('full.h264', 'yuv420p', 60, 'video_full_range_flag=1:matrix_coefficients=1'),
    await part('chroma.h264', 'yuv444p', 120, TV),
    await part('depth.h264', 'yuv420p10le', 120, TV),
  ];
  await writeFile(join(folder, 'joined.h264'), Buffer.concat(parts));
  const output = join(folder, 'joined.mkv');
  const result = await srvid([join(folder, 'joined.h264'), output, '--preset', 'bicubic', '--scale', '2', '--encoder', 'ffv1', '-y']);
  expect(result.code, result.stderr).toBe(0);
  expect(result.stderr).toContain('12 frames in, 12 out');
  const bytes = await rawFrames(output, 'yuv420p');
  const size = 128 * 96 * 1.5;
  const found = [1, 4, 7, 10].map((frame) => [bytes[frame * size] as number, bytes[frame * size + 128 * 96] as number]);
  for (const [index, [luma, u]] of [
    [120, 90],
    [16 + (60 * 219) / 255, 128 - (38 * 224) / 255],
    [120, 90],
    [120, 90],
  ].entries()) {
    expect(Math.abs((found[index]?.[0] as number) - (luma as number)), `luma of part ${index}`).toBeLessThanOrEqual(1);
    expect(Math.abs((found[index]?.[1] as number) - (u as number)), `chroma of part ${index}`).toBeLessThanOrEqual(2);
  }
});

it('a shape of pixels that changes in mid-stream is told, and refused with --strict, where ffmpeg shows it', async () => {
  const shapes = [await part('square.h264', 'yuv420p', 120, TV), await part('wide.h264', 'yuv420p', 120, TV, 'setsar=4/3')];
  await writeFile(join(folder, 'shapes.h264'), Buffer.concat(shapes));
  const args = [join(folder, 'shapes.h264'), join(folder, 'shapes.mkv'), '--preset', 'bicubic', '-y'];
  const [warned, refused] = [await srvid(args), await srvid([...args, '--strict'])];
  const shows = Number.parseFloat(version) < 7;
  expect(warned.code, warned.stderr).toBe(0);
  expect(/shape of pixels changes in mid-stream: \S+ and \S+ were found/.test(warned.stderr)).toBe(shows);
  expect(refused.code).toBe(shows ? 1 : 0);
});
