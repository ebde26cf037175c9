import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, ffprobe, folderWithClip } from '../helpers/media.js';

const FAST = ['--encoder-option', 'preset=ultrafast', '--json', '-y'];
let folder = '';
let input = '';

beforeAll(async () => {
  ({ folder, clip: input } = await folderWithClip('input.mp4', 'testsrc=s=96x64:r=25:d=0.4'));
});

interface Shape {
  readonly width: number;
  readonly height: number;
  readonly display_aspect_ratio?: string;
  readonly codec_name: string;
}

async function shapeOf(path: string): Promise<Shape> {
  const { streams } = await ffprobe<{ streams: Shape[] }>(path, '-select_streams', 'v:0', '-show_streams');
  return streams[0] as Shape;
}

async function sizeAfter(...options: string[]): Promise<string> {
  const output = join(folder, 'sized.mp4');
  endOf(await srvid([input, output, ...FAST, ...options]));
  const { width, height } = await shapeOf(output);
  return `${width}x${height}`;
}

describe('the output size', () => {
  it('is twice the input where nothing is said', async () => expect(await sizeAfter('--preset', 'bicubic')).toBe('192x128'));
  it('follows --scale, with the network of that scale', async () => expect(await sizeAfter('--preset', 'abpn', '--scale', '3')).toBe('288x192'));
  it('follows --scale at any real factor where the plugin has one', async () =>
    expect(await sizeAfter('--preset', 'bicubic', '--scale', '1.5')).toBe('144x96'));
  it('follows --height, keeping the aspect', async () => expect(await sizeAfter('--preset', 'abpn', '--height', '160')).toBe('240x160'));
  it('follows --height beyond the largest network', async () => expect(await sizeAfter('--preset', 'abpn', '--height', '400')).toBe('600x400'));
  it('follows --size, and the pixels change shape so that the display keeps its own', async () => {
    const output = join(folder, 'squeezed.mp4');
    endOf(await srvid([input, output, '--preset', 'bicubic', '--size', '160x160', ...FAST]));
    expect(await shapeOf(output)).toMatchObject({ width: 160, height: 160, display_aspect_ratio: '3:2' });
  });

  it('loses an odd last row and column, with a warning', async () => {
    const odd = join(folder, 'odd.mkv');
    const output = join(folder, 'odd-out.mp4');
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=95x63:r=25:d=0.2', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', odd);
    const result = await srvid([odd, output, '--preset', 'bicubic', '--scale', '3', ...FAST]);
    endOf(result);
    expect(await shapeOf(output)).toMatchObject({ width: 284, height: 188 });
    expect(result.events.filter((event) => event['type'] === 'warning').map((event) => event['message'])).toEqual([expect.stringContaining('285x189 is odd')]);
  });
});

describe('--json', () => {
  it('tells start, progress and end, with every figure of the summary', async () => {
    const result = await srvid([input, join(folder, 'json.mp4'), '--scale', '3', '--precision', 'int8', ...FAST]);
    const start = result.events.find(({ type }) => type === 'start');
    expect(start).toMatchObject({
      v: 1,
      type: 'start',
      preset: 'abpn',
      models: ['abpn-x3-int8'],
      precision: 'int8',
      target: { width: 288, height: 192, container: 'mp4' },
    });
    const end = endOf(result);
    expect(end).toMatchObject({
      v: 1,
      framesIn: 10,
      framesOut: 10,
      outcomes: { sr: 10, reused: 0 },
      workers: expect.any(Number),
      bottleneck: expect.any(String),
    });
    for (const figure of ['wallSeconds', 'startupSeconds', 'fps', 'peakRssMB']) expect(end[figure]).toBeGreaterThan(0);
    expect((end['stages'] as { name: string }[]).map((stage) => stage.name)).toEqual(['decode', 'abpn', 'encode']);
    expect(result.stderr).toBe('');
  });

  it('tells an error as a line, too', async () => {
    const result = await srvid([join(folder, 'absent.mp4'), join(folder, 'x.mp4'), '--json']);
    expect(result.events).toEqual([expect.objectContaining({ v: 1, type: 'error', code: 'SRVID_INPUT_NOT_FOUND' })]);
  });
});

it('runs the float network where --precision fp32 asks for it', async () => {
  expect(endOf(await srvid([input, join(folder, 'float.mp4'), '--scale', '3', '--precision', 'fp32', ...FAST]))).toMatchObject({
    models: ['abpn-x3-fp32'],
    precision: 'fp32',
  });
});

it('takes another encoder, with its own options', async () => {
  const output = join(folder, 'other.webm');
  endOf(
    await srvid([
      input,
      output,
      '--preset',
      'bicubic',
      '--encoder',
      'libvpx-vp9',
      '--encoder-option',
      'deadline=realtime',
      '--encoder-option',
      'cpu-used=8',
      '--json',
      '-y',
    ]),
  );
  expect((await shapeOf(output)).codec_name).toBe('vp9');
});

it('prints a summary for people and nothing on standard output', async () => {
  const result = await srvid([input, join(folder, 'summary.mp4'), '--preset', 'bicubic', '-y']);
  expect(result.code).toBe(0);
  expect(result.stdout).toHaveLength(0);
  expect(result.stderr).toMatch(/10 frames in, 10 out \(10 sr\).*fps/);
  expect(result.stderr).toMatch(/bottleneck: (decode|bicubic|encode)/);
});

it('says nothing with --quiet', async () => {
  const result = await srvid([input, join(folder, 'quiet.mp4'), '--preset', 'bicubic', '-y', '-q']);
  expect(result).toMatchObject({ code: 0, stderr: '' });
});

describe('an existing output', () => {
  it('is left alone without -y, and named', async () => {
    const output = join(folder, 'precious.mp4');
    await writeFile(output, 'precious');
    const result = await srvid([input, output, '--preset', 'bicubic']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('SRVID_OUTPUT_EXISTS');
    expect(await readFile(output, 'utf8')).toBe('precious');
  });

  it('survives a run that fails after it has begun', async () => {
    const output = join(folder, 'survivor.mp4');
    await writeFile(output, 'precious');
    const result = await srvid([input, output, '--preset', 'bicubic', '-y', '--encoder-option', 'preset=nonsense']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('SRVID_ENCODER_UNAVAILABLE');
    expect(await readFile(output, 'utf8')).toBe('precious');
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('is never the input itself, not even with -y', async () => {
    const before = (await stat(input)).size;
    const result = await srvid([input, input, '--preset', 'bicubic', '-y']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('SRVID_OUTPUT_IS_INPUT');
    expect((await stat(input)).size).toBe(before);
  });
});

describe('what cannot be', () => {
  it.each([
    ['an input that does not exist', ['absent.mp4', 'o.mp4'], 2, 'SRVID_INPUT_NOT_FOUND'],
    ['a folder as input, with a file as output', ['.', 'o.mp4'], 1, 'SRVID_OUTPUT_UNWRITABLE'],
    ['an output that tells no kind of file', ['input.mp4', 'o.xyz'], 2, 'SRVID_OUTPUT_FORMAT'],
    ['an output folder that does not exist', ['input.mp4', 'no/where/o.mp4'], 1, 'SRVID_OUTPUT_UNWRITABLE'],
    ['an unknown preset', ['input.mp4', 'o.mp4', '--preset', 'finest'], 2, 'SRVID_PRESET_UNKNOWN'],
    ['an unknown plugin', ['input.mp4', 'o.mp4', '--plugin', 'nosuch'], 2, 'SRVID_PLUGIN_UNKNOWN'],
    ['a scale that no network has', ['input.mp4', 'o.mp4', '--scale', '7'], 2, 'SRVID_OPTION_INVALID'],
    ['two sizes at once', ['input.mp4', 'o.mp4', '--scale', '2', '--height', '100'], 2, 'SRVID_OPTION_INVALID'],
    ['an unknown encoder', ['input.mp4', 'o.mp4', '--encoder', 'libnone'], 2, 'SRVID_ENCODER_UNAVAILABLE'],
    ['a precision that is none', ['input.mp4', 'o.mp4', '--precision', 'int4'], 2, 'SRVID_OPTION_INVALID'],
    ['no workers', ['input.mp4', 'o.mp4', '--workers', '0'], 2, 'SRVID_OPTION_INVALID'],
  ])('is refused before the first frame: %s', async (_, args, exit, code) => {
    const result = await srvid(args, { cwd: folder });
    expect(result.stderr).toContain(`[${code}]`);
    expect(result.code).toBe(exit);
    expect((await readdir(folder)).filter((name) => name === 'o.mp4' || name.startsWith('.'))).toEqual([]);
  });

  it.each([[['--nonsense']], [['--scale', 'many']], [['--size', '10by10']], [['--start', 'noon']], [['--encoder-option', 'preset']]])(
    'is a usage error: %s',
    async (args) => {
      const result = await srvid([input, join(folder, 'o.mp4'), ...args]);
      expect(result.code).toBe(2);
      expect(result.stderr).toContain('error:');
    },
  );
});
