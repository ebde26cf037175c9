import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, endOf, srvid } from '../helpers/command.js';
import { ffmpeg, ffprobe, rawFrames, temporaryFolder, videoTimes } from '../helpers/media.js';

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});

interface Shape {
  readonly width: number;
  readonly height: number;
  readonly pix_fmt: string;
  readonly codec_name: string;
  readonly sample_aspect_ratio?: string;
  readonly color_transfer?: string;
  readonly side_data_list?: unknown[];
}

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=s=96x64:r=10:d=0.5'];
const shapeOf = async (path: string) => (await ffprobe<{ streams: Shape[] }>(path, '-select_streams', 'v:0', '-show_streams')).streams[0] as Shape;
const warningsOf = (result: CommandResult) => result.events.filter((event) => event['type'] === 'warning').map((event) => event['message'] as string);

async function upscale(input: string, output: string, ...options: string[]): Promise<CommandResult> {
  const result = await srvid([join(folder, input), join(folder, output), '--preset', 'bicubic', '--json', '-y', ...options]);
  expect(endOf(result)).toMatchObject({ framesIn: 5, framesOut: 5 });
  return result;
}

it('turns a picture that is stored sideways, and leaves no mark that would turn it again', async () => {
  await ffmpeg(...PICTURE, '-pix_fmt', 'yuv420p', join(folder, 'upright.mp4'));
  await writeFile(join(folder, 'sideways.mp4'), quarterTurned(await readFile(join(folder, 'upright.mp4'))));
  await upscale('sideways.mp4', 'turned.mp4');
  expect(await shapeOf(join(folder, 'turned.mp4'))).toMatchObject({ width: 128, height: 192 });
  expect((await shapeOf(join(folder, 'turned.mp4'))).side_data_list).toBeUndefined();
});

it('enlarges a single pixel like any other picture', async () => {
  await ffmpeg(...PICTURE, '-vf', 'scale=1:1', '-pix_fmt', 'gray', '-c:v', 'ffv1', join(folder, 'pixel.mkv'));
  endOf(await srvid([join(folder, 'pixel.mkv'), join(folder, 'pixels.mkv'), '--preset', 'abpn', '--encoder', 'ffv1', '--json', '-y']));
  expect(await shapeOf(join(folder, 'pixels.mkv'))).toMatchObject({ width: 2, height: 2 });
});

it('keeps the shape of pixels', async () => {
  await ffmpeg(...PICTURE, '-vf', 'setsar=16/11', '-pix_fmt', 'yuv420p', join(folder, 'wide.mp4'));
  await upscale('wide.mp4', 'wide-out.mp4');
  expect(await shapeOf(join(folder, 'wide-out.mp4'))).toMatchObject({ width: 192, height: 128, sample_aspect_ratio: '16:11' });
});

it.each(['yuv422p', 'yuv444p', 'yuvj420p'])('carries %s as it is, without a warning', async (format) => {
  await ffmpeg(...PICTURE, '-pix_fmt', format, '-c:v', format === 'yuvj420p' ? 'mjpeg' : 'libx264', join(folder, `${format}.mkv`));
  expect(warningsOf(await upscale(`${format}.mkv`, `${format}-out.mkv`))).toEqual([]);
  expect((await shapeOf(join(folder, `${format}-out.mkv`))).pix_fmt).toBe(format);
});

describe.each([
  ['10 bits', ['-pix_fmt', 'yuv420p10le', '-c:v', 'ffv1'], /10 bits a sample \(yuv420p10le\)/, 'yuv420p'],
  ['12 bits 4:2:2', ['-pix_fmt', 'yuv422p12le', '-c:v', 'ffv1'], /12 bits a sample/, 'yuv422p'],
  [
    'HDR',
    [
      '-pix_fmt',
      'yuv420p10le',
      '-vf',
      'setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc',
      '-c:v',
      'libx265',
      '-x265-params',
      'log-level=none',
    ],
    /HDR \(PQ\)/,
    'yuv420p',
  ],
  ['transparency', ['-pix_fmt', 'yuva420p', '-c:v', 'ffv1'], /transparency \(yuva420p\)/, 'yuv420p'],
  ['RGB', ['-pix_fmt', 'bgr0', '-c:v', 'ffv1'], /RGB \(bgr0\)/, 'yuv444p'],
  [
    'interlaced fields',
    ['-vf', 'tinterlace=4,fieldorder=tff', '-r', '10', '-frames:v', '5', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-flags', '+ilme+ildct'],
    /interlaced \(t[tb]\).*bwdif/,
    'yuv420p',
  ],
])('a source with %s', (name, encoding, warning, format) => {
  const input = `${name.replace(/\W/g, '-')}.mkv`;
  beforeAll(() => ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=96x64:r=20:d=0.5', '-r', '10', '-frames:v', '5', ...encoding, join(folder, input)));

  it('is converted, and a warning says what is lost', async () => {
    const result = await upscale(input, `out-${input}`);
    expect(warningsOf(result).join('\n')).toMatch(warning);
    expect((await shapeOf(join(folder, `out-${input}`))).pix_fmt).toBe(format);
    expect(await videoTimes(join(folder, `out-${input}`))).toEqual(await videoTimes(join(folder, input)));
  });

  it('is refused with --strict', async () => {
    const result = await srvid([join(folder, input), join(folder, `strict-${input}`), '--preset', 'bicubic', '--strict']);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(warning);
    expect(result.stderr).toContain('SRVID_INPUT_UNSUPPORTED');
  });
});

it('ten bits in full range stay in full range', async () => {
  await ffmpeg(
    ...PICTURE,
    '-vf',
    "geq=lum='X*1023/95':cb=512:cr=512",
    '-pix_fmt',
    'yuv420p10le',
    '-color_range',
    'pc',
    '-c:v',
    'ffv1',
    join(folder, 'full10.mkv'),
  );
  await upscale('full10.mkv', 'full8.mkv', '--scale', '1', '--encoder', 'ffv1');
  const luma = (await rawFrames(join(folder, 'full8.mkv'), 'yuv420p')).subarray(0, 96);
  expect(luma[0]).toBe(0);
  expect(luma[95]).toBeGreaterThanOrEqual(254);
});

it.each(['gamma22', 'gamma28'])('a source tagged %s keeps its transfer', async (transfer) => {
  await ffmpeg(...PICTURE, '-pix_fmt', 'yuv420p', '-color_trc', transfer, join(folder, `${transfer}.mp4`));
  await upscale(`${transfer}.mp4`, `${transfer}-out.mp4`);
  const { color_transfer } = await shapeOf(join(folder, `${transfer}-out.mp4`));
  expect(color_transfer).toBe((await shapeOf(join(folder, `${transfer}.mp4`))).color_transfer);
});

it('--deinterlace off leaves the fields as they are, and says so', async () => {
  const result = await upscale('interlaced-fields.mkv', 'combed.mkv', '--deinterlace', 'off');
  expect(warningsOf(result).join()).toMatch(/left so/);
});

it('joins fields: a moving edge combs no more', async () => {
  await upscale('interlaced-fields.mkv', 'joined.mkv', '--crf', '0');
  await upscale('interlaced-fields.mkv', 'combed.mkv', '--crf', '0', '--deinterlace', 'off');
  // Combing is a difference between neighbouring lines that those two lines apart do not have.
  const combing = async (name: string) => {
    const bytes = await rawFrames(join(folder, name), 'gray', 'scale=96:64:flags=area');
    let sum = 0;
    for (let at = 96; at < bytes.length - 96; at++) {
      const [above, here, below] = [bytes[at - 96] as number, bytes[at] as number, bytes[at + 96] as number];
      sum += Math.max(0, Math.abs(2 * here - above - below) - Math.abs(above - below));
    }
    return sum / bytes.length;
  };
  expect(await combing('joined.mkv')).toBeLessThan(0.8 * (await combing('combed.mkv')));
});

it.each([
  ['yuv420p', '2x2'],
  ['yuv420p', '7x6'],
  ['gray', '3x64'],
])('fields of %s in %s, too small to be joined, are left as they are, and a warning says so', async (format, size) => {
  const name = `small-${format}-${size}.mkv`;
  // Frames say themselves what they are: from ffmpeg 7 on an encoder's -field_order counts for nothing beside them.
  const fields = ['-vf', 'setfield=tff', '-flags', '+ildct'];
  await ffmpeg('-f', 'lavfi', '-i', `testsrc2=s=${size}:r=10:d=0.5`, ...fields, '-pix_fmt', format, '-c:v', 'ffv1', join(folder, name));
  expect(warningsOf(await upscale(name, `out-${name}`, '--encoder', 'ffv1'))).toContainEqual(expect.stringMatching(/too small to be deinterlaced/));
});

describe('encoders', () => {
  beforeAll(() => ffmpeg(...PICTURE, '-pix_fmt', 'yuv420p', join(folder, 'plain.mkv')));

  it.each([
    ['libx265', 'hevc', 'mkv', ['preset=ultrafast']],
    ['libvpx-vp9', 'vp9', 'webm', ['deadline=realtime', 'cpu-used=8']],
    ['libsvtav1', 'av1', 'mkv', ['preset=12']],
    ['ffv1', 'ffv1', 'mkv', []],
    ['prores_ks', 'prores', 'mov', ['profile=0']],
  ])('%s writes %s', async (encoder, codec, extension, options) => {
    const output = `${encoder}.${extension}`;
    const pixFmt = encoder === 'prores_ks' ? ['--pix-fmt', 'yuv422p10le'] : [];
    await upscale('plain.mkv', output, '--encoder', encoder, ...pixFmt, ...options.flatMap((option) => ['--encoder-option', option]));
    expect((await shapeOf(join(folder, output))).codec_name).toBe(codec);
    expect(await videoTimes(join(folder, output))).toHaveLength(5);
  });

  it('--pix-fmt chooses what is encoded', async () => {
    await upscale('plain.mkv', 'full-chroma.mkv', '--pix-fmt', 'yuv444p');
    expect((await shapeOf(join(folder, 'full-chroma.mkv'))).pix_fmt).toBe('yuv444p');
  });

  it.each(['map=0:a', 'filter=null', 'f=avi', 'i=x', 'vf=null', 'nosuch=1'])('has no option %s, so nothing but its own can be said to it', async (option) => {
    const result = await srvid([join(folder, 'plain.mkv'), join(folder, 'no.mkv'), '--preset', 'bicubic', '--encoder-option', option]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('SRVID_OPTION_INVALID');
  });
});

it.each([
  ['another number of bytes', '128x64', /Frame 5 of /],
  ['as many bytes', '64x96', /Near frame \d of /],
])('a size that changes in mid-stream to one of %s is refused, and the frame is named', async (_, second, named) => {
  for (const [name, size] of [
    ['a', '96x64'],
    ['b', second],
  ]) {
    await ffmpeg('-f', 'lavfi', '-i', `testsrc=s=${size}:r=10:d=0.5`, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-f', 'mpegts', join(folder, `${name}.ts`));
  }
  await writeFile(join(folder, 'changing.ts'), Buffer.concat(await Promise.all(['a.ts', 'b.ts'].map((name) => readFile(join(folder, name))))));
  const result = await srvid([join(folder, 'changing.ts'), join(folder, 'changed.mkv'), '--preset', 'bicubic']);
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(named);
  expect(result.stderr).toMatch(/changes in mid-stream.*SRVID_INPUT_UNSUPPORTED/s);
});

/** An MP4 whose one track is to be turned by 90 degrees: the matrix of its header (ISO/IEC 14496-12 §8.3.2), for which ffmpeg's versions have different options. */
function quarterTurned(mp4: Buffer): Buffer {
  const turned = Buffer.from(mp4);
  const matrix = turned.indexOf('tkhd') + 4 + 40;
  for (const [index, value] of [0, 0x10000, 0, -0x10000, 0, 0].entries()) turned.writeInt32BE(value, matrix + 4 * index);
  return turned;
}
