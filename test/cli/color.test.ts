import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, ffprobe, rawFrames, temporaryFolder } from '../helpers/media.js';

const COLOR_TAGS = ['color_range', 'color_space', 'color_primaries', 'color_transfer', 'chroma_location'] as const;
type Tags = Partial<Record<(typeof COLOR_TAGS)[number] | 'pix_fmt', string>>;

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});

async function tagsOf(path: string): Promise<Tags> {
  const { streams } = await ffprobe<{ streams: Tags[] }>(path, '-select_streams', 'v:0', '-show_entries', `stream=pix_fmt,${COLOR_TAGS.join(',')}`);
  return streams[0] as Tags;
}

/** A flat picture of one Y, U, V, stored without loss, tagged as told. */
async function flat(name: string, format: string, yuv: readonly number[], tags: readonly string[]): Promise<string> {
  const path = join(folder, `${name}.mkv`);
  const [y, u, v] = yuv;
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    `color=gray:s=64x48:r=5:d=0.4,format=${format},lutyuv=y=${y}:u=${u}:v=${v}`,
    '-pix_fmt',
    format,
    ...tags,
    '-c:v',
    'libx264',
    '-qp',
    '0',
    path,
  );
  return path;
}

describe.each([
  ['BT.601', 'smpte170m', 'smpte170m', 'smpte170m'],
  ['BT.709', 'bt709', 'bt709', 'bt709'],
  ['BT.2020 8-bit', 'bt2020nc', 'bt2020', 'bt2020-10'],
])('%s', (_, matrix, primaries, transfer) => {
  describe.each(['tv', 'pc'])('range %s', (range) => {
    it.each(['yuv420p', 'yuv422p', 'yuv444p'])('%s keeps its levels and every tag', async (format) => {
      const name = `${matrix}-${range}-${format}`;
      const colors = range === 'tv' ? [180, 90, 200] : [250, 30, 220];
      const input = await flat(name, format, colors, [
        '-colorspace',
        matrix,
        '-color_primaries',
        primaries,
        '-color_trc',
        transfer,
        '-color_range',
        range,
        '-chroma_sample_location',
        'left',
      ]);
      const output = join(folder, `${name}-out.mkv`);
      endOf(await srvid([input, output, '--preset', 'abpn', '--scale', '3', '--crf', '0', '--json', '-y']));
      expect(await tagsOf(output)).toEqual(await tagsOf(input));
      expect((await tagsOf(output)).color_space).toBe(matrix);
      const frames = await rawFrames(output, (await tagsOf(output)).pix_fmt as string);
      const before = await rawFrames(input, (await tagsOf(input)).pix_fmt as string);
      // The first luma sample and the first and last chroma samples stand for the flat planes they are of.
      const sample = (bytes: Buffer, place: number, perFrame: number) => bytes[Math.floor(place * (perFrame - 1))] as number;
      const sizes = [before.length / 2, frames.length / 2] as const;
      const lumaShare = { yuv420p: 2 / 3, yuv422p: 1 / 2, yuv444p: 1 / 3 }[format] as number;
      for (const place of [0, lumaShare + 0.01, 0.999]) {
        expect(Math.abs(sample(frames, place, sizes[1]) - sample(before, place, sizes[0])), `at ${place} of the frame`).toBeLessThanOrEqual(1);
      }
    });
  });
});

// From 7.1 on ffmpeg names the limited range by itself.
it.each([
  ['yuv420p', []],
  ['yuv444p', ['--pix-fmt', 'yuv420p']],
  ['gray', ['--pix-fmt', 'yuv444p']],
] as const)('a source of %s without tags gives an output without tags, %s', async (format, options) => {
  const input = await flat(`untagged-${format}`, format, [120, 100, 140], []);
  const output = join(folder, `untagged-${format}-out.mkv`);
  endOf(await srvid([input, output, '--preset', 'bicubic', '--json', '-y', ...options]));
  const { color_space, color_primaries, color_transfer } = await tagsOf(output);
  expect([color_space, color_primaries, color_transfer]).toEqual([undefined, undefined, undefined]);
});

it('gray stays gray', async () => {
  const input = join(folder, 'gray.mkv');
  const output = join(folder, 'gray-out.mkv');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=5:d=0.4', '-pix_fmt', 'gray', '-c:v', 'ffv1', input);
  endOf(await srvid([input, output, '--preset', 'abpn', '--scale', '3', '--encoder', 'ffv1', '--json', '-y']));
  expect(await tagsOf(output)).toMatchObject({ pix_fmt: 'gray' });
});

it.each([
  ['webm', []],
  ['mkv', ['--pix-fmt', 'yuv420p']],
])('gray into .%s, where it cannot stay gray, keeps its levels', async (extension, options) => {
  const input = join(folder, 'levels.mkv');
  const output = join(folder, `levels-out.${extension}`);
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    "nullsrc=s=64x48:r=5:d=0.4,format=gray,geq=lum='if(lt(X,32),40,200)',setparams=range=tv",
    '-color_range',
    'tv',
    '-c:v',
    'ffv1',
    input,
  );
  endOf(await srvid([input, output, '--preset', 'bicubic', '--crf', '4', ...options, '--json', '-y']));
  expect((await tagsOf(output)).pix_fmt).toBe('yuv420p');
  const bytes = await rawFrames(output, 'yuv420p');
  const row = 40 * 128;
  expect(Math.abs((bytes[row + 20] as number) - 40)).toBeLessThanOrEqual(2);
  expect(Math.abs((bytes[row + 110] as number) - 200)).toBeLessThanOrEqual(2);
});

describe('chroma siting', () => {
  const [width, height] = [48, 48];
  /** A picture whose U grows along x and V along y, four levels a luma pixel, sampled where `location` puts chroma. */
  async function ramp(location: string): Promise<string> {
    const path = join(folder, `ramp-${location}.mkv`);
    const [dx, dy] = [location === 'center' ? 0.5 : 0, location === 'topleft' ? 0 : 0.5];
    const graph = `nullsrc=s=${width}x${height}:r=5:d=0.2,format=yuv420p,geq=lum=128:cb='32+4*(2*X+${dx})':cr='32+4*(2*Y+${dy})'`;
    // Written into the coded stream: how the encoder is told differs between ffmpeg's versions.
    const tag = `h264_metadata=chroma_sample_loc_type=${['left', 'center', 'topleft'].indexOf(location)}`;
    await ffmpeg('-f', 'lavfi', '-i', graph, '-c:v', 'libx264', '-qp', '0', '-bsf:v', tag, path);
    return path;
  }

  it.each(['left', 'topleft', 'center'].flatMap((location) => [2, 3, 4].map((scale) => [location, scale] as const)))(
    '%s at x%i stays within a quarter of an output pixel',
    async (location, scale) => {
      const output = join(folder, `ramp-${location}-${scale}.mkv`);
      endOf(await srvid([await ramp(location), output, '--preset', 'bicubic', '--scale', String(scale), '--crf', '0', '--json', '-y']));
      expect((await tagsOf(output)).chroma_location).toBe(location);
      const [outWidth, outHeight] = [width * scale, height * scale];
      const bytes = await rawFrames(output, 'yuv420p');
      const [chromaWidth, chromaHeight] = [outWidth / 2, outHeight / 2];
      const [dx, dy] = [location === 'center' ? 0.5 : 0, location === 'topleft' ? 0 : 0.5];
      const u = (x: number, y: number) => bytes[outWidth * outHeight + y * chromaWidth + x] as number;
      const v = (x: number, y: number) => bytes[outWidth * outHeight * 1.25 + y * chromaWidth + x] as number;
      // Where in the output, in luma pixels, the value that was found belongs, less where its sample sits.
      const errors = { x: [] as number[], y: [] as number[] };
      for (let i = 8 * scale; i < chromaWidth - 8 * scale; i++) {
        const sourceX = (u(i, chromaHeight >> 1) - 32) / 4;
        errors.x.push((sourceX + 0.5) * scale - 0.5 - (2 * i + dx));
      }
      for (let i = 8 * scale; i < chromaHeight - 8 * scale; i++) {
        const sourceY = (v(chromaWidth >> 1, i) - 32) / 4;
        errors.y.push((sourceY + 0.5) * scale - 0.5 - (2 * i + dy));
      }
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.abs(mean(errors.x)), 'horizontally').toBeLessThanOrEqual(0.25);
      expect(Math.abs(mean(errors.y)), 'vertically').toBeLessThanOrEqual(0.25);
    },
  );
});
