import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { srvid } from '../helpers/command.js';
import { ffmpeg, ffprobe, rawFrames, temporaryFolder } from '../helpers/media.js';

const folder = await temporaryFolder();
const PATCHES = ['black', 'white', '0x808080', '0xC04020'];

/** Four flat patches, two frames, stored without loss, tagged with range and matrix. */
async function patches(range: string, matrix: string): Promise<string> {
  const path = join(folder, `${range}-${matrix}.mkv`);
  const inputs = PATCHES.map((color, at) => `color=${color}:s=32x24:r=25:d=0.08,format=rgb24[p${at}]`).join(';');
  const tags = ['-color_range', range, '-colorspace', matrix, '-color_primaries', matrix, '-color_trc', matrix];
  const convert = `scale=out_color_matrix=${matrix}:out_range=${range}:flags=accurate_rnd+full_chroma_int,format=yuv420p`;
  const said = `setparams=range=${range}:colorspace=${matrix}:color_primaries=${matrix}:color_trc=${matrix}`;
  const graph = `${inputs};[p0][p1]hstack[top];[p2][p3]hstack[bottom];[top][bottom]vstack,${convert},${said}`;
  await ffmpeg('-filter_complex', graph, ...tags, '-c:v', 'ffv1', path);
  return path;
}

/** Red, green and blue in the middle of each patch, as ffmpeg shows them. */
async function shown(path: string): Promise<number[]> {
  const bytes = await rawFrames(path, 'rgb24', "select='eq(n,0)'", 'scale=4:4:flags=neighbor');
  return [0, 3, 12, 15].flatMap((pixel) => [...bytes.subarray(3 * pixel, 3 * pixel + 3)]);
}

interface Told {
  readonly pix_fmt?: string;
  readonly color_range?: string;
  readonly color_space?: string;
}

/** Pixel format, range and matrix of the first frame. */
async function told(path: string): Promise<string> {
  const found = await ffprobe<{ frames: Told[] }>(
    path,
    '-select_streams',
    'v:0',
    '-read_intervals',
    '%+#1',
    '-show_entries',
    'frame=pix_fmt,color_range,color_space',
  );
  const { pix_fmt, color_range = 'unsaid', color_space = 'unsaid' } = found.frames[0] as Told;
  return `${pix_fmt} ${color_range} ${color_space}`;
}

it.each([
  // Encoders of one range, of one matrix, of RGB, of ten bits, and containers that say neither range nor matrix.
  ['prores_ks', 'mov', 'pc', 'bt709', 'yuv422p10le tv bt709'],
  ['mpeg2video', 'mkv', 'pc', 'smpte170m', 'yuv420p tv smpte170m'],
  ['mjpeg', 'mp4', 'tv', 'bt709', 'yuvj420p pc bt470bg'],
  ['utvideo', 'avi', 'pc', 'bt709', 'yuv420p unsaid bt709'],
  ['huffyuv', 'avi', 'pc', 'bt709', 'yuv422p unsaid unsaid'],
  ['huffyuv', 'mkv', 'pc', 'bt709', 'yuv422p pc bt709'],
  ['mpeg4', 'avi', 'tv', 'bt709', 'yuv420p unsaid unsaid'],
  ['png', 'mov', 'tv', 'bt709', 'rgb24 pc gbr'],
  ['qtrle', 'mov', 'pc', 'smpte170m', 'rgb24 unsaid gbr'],
  ['libx264rgb', 'mp4', 'tv', 'smpte170m', 'gbrp pc gbr'],
  ['v210', 'mov', 'pc', 'bt709', 'yuv422p10le unsaid bt709'],
  ['libvpx', 'webm', 'pc', 'bt709', 'yuv420p tv bt470bg'],
  // VC-2 takes each tick for a frame, and would give it next to no bits.
  ['vc2', 'mp4', 'pc', 'smpte170m', 'yuv420p pc bt709'],
])('%s in %s shows the colours of a source of range %s by %s', async (encoder, extension, range, matrix, tags) => {
  const [input, output] = [await patches(range, matrix), join(folder, `${encoder}-${range}.${extension}`)];
  const result = await srvid([input, output, '--preset', 'bicubic', '--encoder', encoder, '-y']);
  expect(result.code, result.stderr).toBe(0);
  const [before, after] = [await shown(input), await shown(output)];
  const off = before.map((level, at) => Math.abs(level - (after[at] as number)));
  expect(Math.max(...off), `${before.join()} became ${after.join()}`).toBeLessThanOrEqual(3);
  expect(await told(output)).toBe(tags);
});

const outputOf = (name: string) => join(folder, name);
const streamOf = async (path: string) =>
  (await ffprobe<{ streams: Record<string, unknown>[] }>(path, '-select_streams', 'v:0', '-show_entries', 'stream=codec_tag_string,pix_fmt,width,height'))
    .streams[0];

it.each([
  ['mp4', 'libx265', [], 'hvc1'],
  ['mov', 'libx265', [], 'hvc1'],
  ['mp4', 'libx265', ['--encoder-option', 'tag=hev1'], 'hev1'],
  ['mp4', 'libx264', ['--encoder-option', 'tag=avc3'], 'avc3'],
])('HEVC is tagged as Apple’s players need it, and a tag can be given: %s, %s, %j', async (extension, encoder, options, tag) => {
  const output = outputOf(`tagged.${extension}`);
  const result = await srvid([await patches('tv', 'bt709'), output, '--preset', 'bicubic', '--encoder', encoder, ...options, '-y']);
  expect(result.code, result.stderr).toBe(0);
  expect(await streamOf(output)).toMatchObject({ codec_tag_string: tag });
});

it('an RGB source of odd size becomes what players show in MP4, and a warning says so', async () => {
  const input = outputOf('odd.gif');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=65x49:r=10:d=0.2', input);
  const result = await srvid([input, outputOf('gif.mp4'), '--preset', 'bicubic', '--scale', '3', '-y']);
  expect(result.code, result.stderr).toBe(0);
  expect(result.stderr).toContain('--pix-fmt yuv444p keeps it all');
  expect(await streamOf(outputOf('gif.mp4'))).toMatchObject({ pix_fmt: 'yuv420p', width: 194, height: 146 });
});

it.each([
  ['prores_ks', 'ts', /prores_ks .* mpegts cannot be found .*SRVID_OUTPUT_FORMAT/s],
  ['bmp', 'avi', /bmp .* avi are taken for rawvideo there, and show another picture.*SRVID_OUTPUT_FORMAT/s],
])('%s is refused for .%s, which has no place for the codec', async (encoder, extension, message) => {
  const result = await srvid([await patches('tv', 'bt709'), outputOf(`none.${extension}`), '--preset', 'bicubic', '--encoder', encoder]);
  expect(result.code).toBe(2);
  expect(result.stderr).toMatch(message);
});

it.each(['mpeg4', 'libtheora'])('%s gets the bits a second that were asked for, however fine the source’s ticks are', async (encoder) => {
  const input = outputOf('texture.mp4');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=176x144:r=25:d=0.6', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-qp', '10', input);
  const output = outputOf(`${encoder}.mkv`);
  const result = await srvid([input, output, '--preset', 'bicubic', '--encoder', encoder, '--encoder-option', 'b=1500k', '-y']);
  expect(result.code, result.stderr).toBe(0);
  // Encoders keep to a rate but roughly in so short a time. One that takes ticks for frames would write a tenth of it.
  const seconds = 0.6;
  expect(((await stat(output)).size * 8) / seconds).toBeGreaterThan(900_000);
});

it('the script of the table of encoders prints a row', async () => {
  const script = fileURLToPath(new URL('../../scripts/encoder-table.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, 'mjpeg']);
  const row = stdout.trim();
  expect(row).toMatch(/^\| mjpeg \| mp4 \| yuv420p \| full \| BT\.601 \| [0-3] \|$/);
});
