import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation, Method } from '../../dist/eval/report.js';
import { planResize } from '../../dist/eval/resize.js';
import { type PlainFormat, planesOf } from '../../dist/pipeline/frames/frame.js';
import { CUBIC } from '../../dist/plugins/pixels/resample.js';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, rawFrames, temporaryFolder } from '../helpers/media.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/plugins/', import.meta.url));
let folder = '';
let clip = '';

/** Writes an rgb24 picture whose samples `sample` gives. */
async function writePicture(path: string, width: number, height: number, sample: (x: number, y: number) => readonly number[]): Promise<void> {
  const bytes = Buffer.from(Array.from({ length: width * height }, (_, at) => sample(at % width, Math.floor(at / width))).flat());
  const raw = `${path}.rgb`;
  await writeFile(raw, bytes);
  await ffmpeg('-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-i', raw, path);
}

const waves = (x: number, y: number) => [((x * x * 3 + y * y * 5 + x * y) >> 4) & 255, ((x * x + y * y * 2) >> 5) & 255, ((x * y * 3 + x * x) >> 5) & 255];

beforeAll(async () => {
  folder = await temporaryFolder();
  clip = join(folder, 'clip.mkv');
  for (const name of ['waves', 'two/inner', 'pair', 'flat', 'none', 'tiny', 'text', 'grey']) await mkdir(join(folder, name), { recursive: true });
  await writePicture(join(folder, 'waves/%02d.png'), 97, 74, waves);
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48', '-frames:v', '1', join(folder, 'two/b.png'));
  await ffmpeg('-f', 'lavfi', '-i', 'mandelbrot=s=50x61', '-frames:v', '1', '-q:v', '3', join(folder, 'two/inner/a.jpg'));
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=1', '-frames:v', '2', join(folder, 'pair/%d.png'));
  await writePicture(join(folder, 'flat/flat.png'), 32, 32, () => [201, 32, 91]);
  await writePicture(join(folder, 'grey/grey.png'), 96, 80, () => [130, 130, 130]);
  await writePicture(join(folder, 'tiny/tiny.png'), 16, 14, waves);
  await writeFile(join(folder, 'text/text.png'), 'This is not a picture.\n');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=99x67:r=25:d=0.2', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', clip);
});

async function evaluated(path: string, ...options: string[]): Promise<Evaluation> {
  const result = await srvid(['eval', join(folder, path), ...options, '--json']);
  if (result.code !== 0) throw new Error(`srvid eval ended with ${result.code} and said: ${result.stderr}`);
  return JSON.parse(result.stdout.toString()) as Evaluation;
}

const scoreOf = ({ scores }: Evaluation, method: Method) => scores.find((score) => score.method === method);

describe('a folder of pictures', () => {
  // The figures are those of `models/training` (evaluate.baselines on luma), which resamples with Pillow and measures with NumPy.
  it.each([
    ['2', { psnr: 25.5889, ssim: 0.81052, lumaShift: -0.0669 }, { psnr: 25.8697, ssim: 0.83036, lumaShift: -0.0778 }],
    ['3', { psnr: 23.5516, ssim: 0.66896, lumaShift: 0.0064 }, { psnr: 23.855, ssim: 0.69794, lumaShift: 0.0048 }],
  ])('has the baselines at x%s that the trainer measures, though its size is no multiple', async (scale, ...expected) => {
    const evaluation = await evaluated('waves', '--preset', 'bicubic', '--scale', scale);
    for (const [index, method] of (['bicubic', 'lanczos'] as const).entries()) {
      const [found, wanted] = [scoreOf(evaluation, method), expected[index]];
      expect(Math.abs((found?.psnr ?? 0) - (wanted?.psnr ?? 0)), method).toBeLessThan(0.01);
      expect(Math.abs((found?.ssim ?? 0) - (wanted?.ssim ?? 0)), method).toBeLessThan(0.0005);
      expect(Math.abs((found?.lumaShift ?? 0) - (wanted?.lumaShift ?? 0)), method).toBeLessThan(0.02);
    }
  });

  it.each([
    ['1.5', []],
    ['2.25', []],
    ['3', ['--plugin', 'bicubic?scale=0.5']],
  ])('is measured at a factor that is no whole number, as at any other', async (scale, more) => {
    const evaluation = await evaluated('waves', '--preset', 'bicubic', '--scale', scale, ...more);
    const factor = more.length > 0 ? 1.5 : Number(scale);
    expect(evaluation).toMatchObject({ scale: factor, border: Math.ceil(factor), count: 1 });
    // Shifted by half a sample, or cut to another size, either would be several dB away from the other.
    const [own, pillow] = [scoreOf(evaluation, 'srvid'), scoreOf(evaluation, 'bicubic')];
    expect(Math.abs((own?.psnr ?? 0) - (pillow?.psnr ?? 100))).toBeLessThan(1);
    expect(own?.psnr).toBeGreaterThan(24);
  });

  it('is measured picture by picture, of any kind and size, in folders inside it, and averaged', async () => {
    const evaluation = await evaluated('two', '--preset', 'abpn', '--scale', '2');
    expect(evaluation).toMatchObject({ v: 1, type: 'eval', kind: 'pictures', preset: 'abpn', models: ['abpn-x2-int8'], precision: 'int8' });
    expect(evaluation).toMatchObject({ scale: 2, border: 2, count: 2, warnings: [] });
    expect(evaluation.items.map(({ item }) => item)).toEqual(['b.png', 'inner/a.jpg']);
    for (const { method, psnr, ssim, rgbPsnr, gain, flicker } of evaluation.scores) {
      const mean = (of: 'psnr' | 'ssim' | 'rgbPsnr') => evaluation.items.reduce((sum, { scores }) => sum + (scores[method][of] ?? 0), 0) / 2;
      expect([psnr, ssim, rgbPsnr]).toEqual([mean('psnr'), mean('ssim'), mean('rgbPsnr')].map((value) => expect.closeTo(value, 3)));
      expect(gain).toBeCloseTo(psnr - (scoreOf(evaluation, 'bicubic')?.psnr ?? 0), 3);
      expect(flicker).toBeUndefined();
    }
  });

  it('has a table for people', async () => {
    const { code, stdout } = await srvid(['eval', join(folder, 'two'), '--preset', 'abpn', '--precision', 'fp32']);
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(/^2 pictures, x2, abpn-x2-fp32 \(fp32\)/);
    expect(stdout.toString()).toMatch(/^method +Y-PSNR +over bicubic +SSIM +RGB-PSNR +luma shift$/m);
    for (const name of ['srvid: abpn', 'bicubic', 'lanczos']) {
      expect(stdout.toString()).toMatch(new RegExp(`^${name} +\\d+\\.\\d{3} dB +[+-]\\d+\\.\\d{3} dB +0\\.\\d{4} +\\d+\\.\\d{3} dB +-?\\d\\.\\d{3}$`, 'm'));
    }
  });

  it('shows a plugin that looks at neighbours one picture alone, never another picture', async () => {
    const alone = await evaluated('pair', '--preset', 'bicubic');
    const median = await evaluated('pair', '--preset', 'bicubic', '--plugin', join(FIXTURES, 'median-of-three.js'));
    expect(median.items).toEqual(alone.items);
  });

  it('may be one picture', async () => {
    const evaluation = await evaluated('two/b.png', '--preset', 'bicubic');
    expect(evaluation.items.map(({ item }) => item)).toEqual(['b.png']);
  });

  it('is given to plugins of RGB as RGB: a colour that is flat comes back exactly', async () => {
    const nearest = join(folder, 'nearest.js');
    await writeFile(
      nearest,
      `export default { name: 'nearest', apiVersion: 1, planes: 'rgb', halo: 0, scale: 2, process(frame, context) {
        const result = context.allocate();
        const [from, to] = [frame.planes[0], result.planes[0]];
        for (let y = 0; y < result.height; y++)
          for (let at = 0; at < to.stride; at++) to.data[y * to.stride + at] = from.data[(y >> 1) * from.stride + (Math.floor(at / 6) * 3) + (at % 3)];
        return result;
      } };`,
    );
    const preset = join(folder, 'nearest.json');
    await writeFile(preset, JSON.stringify({ version: 1, description: 'nearest', plugins: [{ use: './nearest.js' }] }));
    const rgb = await evaluated('flat', '--preset', preset);
    expect(rgb.scores.map(({ rgbPsnr }) => rgbPsnr)).toEqual([100, 100, 100]);
    const luma = await evaluated('flat', '--preset', 'bicubic');
    expect(luma.scores.map(({ psnr }) => psnr)).toEqual([100, 100, 100]);
    for (const { rgbPsnr } of luma.scores) expect(rgbPsnr).toBeLessThan(60);
  });
});

describe('a clip', () => {
  it.each([
    ['reduced clip', { width: 49, height: 33 }, ['-c:v', 'ffv1'], []],
    ['reduced clip as an encoder leaves it', { width: 48, height: 32 }, ['-c:v', 'libx264', '-preset', 'medium', '-crf', '33'], ['--compress', 'x264:33']],
    ['reduced clip as an old codec leaves it', { width: 48, height: 32 }, ['-c:v', 'mpeg4', '-q:v', '9'], ['--compress', 'mpeg4:9']],
  ] as const)('is measured as what a run makes of the %s', async (_, small, codec, options) => {
    const [full, low] = [{ kind: 'yuv420p', width: 99, height: 67 } as PlainFormat, { kind: 'yuv420p', ...small } as PlainFormat];
    const size = { width: 2 * small.width, height: 2 * small.height };
    const originals = await rawFrames(clip, 'yuv420p');
    const bytes = originals.length / 5;
    const reduce = planResize(full, low, CUBIC, size);
    const reduced = Array.from({ length: 5 }, (_, index) => reduce(originals.subarray(index * bytes, (index + 1) * bytes)));
    const [raw, stored, output] = ['small.yuv', 'small.nut', 'large.mkv'].map((name) => join(folder, name)) as [string, string, string];
    await writeFile(raw, Buffer.concat(reduced));
    await ffmpeg('-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${small.width}x${small.height}`, '-r', '25', '-i', raw, ...codec, stored);
    endOf(await srvid([stored, output, '--scale', '2', '--precision', 'int8', '--encoder', 'ffv1', '-y', '--json']));
    const results = await rawFrames(output, 'yuv420p');
    const resultBytes = results.length / 5;

    const evaluation = await evaluated('clip.mkv', '--scale', '2', '--precision', 'int8', ...options);
    expect(evaluation).toMatchObject({ kind: 'clip', count: 5, scale: 2, models: ['abpn-x2-int8'] });
    expect(evaluation.items.map(({ item }) => item)).toEqual([0, 0.04, 0.08, 0.12, 0.16]);
    for (const [index, { scores }] of evaluation.items.entries()) {
      const truth = planesOf(full, originals.subarray(index * bytes, (index + 1) * bytes))[0]?.data as Uint8Array;
      let squares = 0;
      for (let y = 2; y < size.height - 2; y++)
        for (let x = 2; x < size.width - 2; x++)
          squares += ((truth[y * 99 + x] as number) - (results[index * resultBytes + y * size.width + x] as number)) ** 2;
      expect(scores.srvid.psnr).toBeCloseTo(10 * Math.log10(255 ** 2 / (squares / ((size.width - 4) * (size.height - 4)))), 3);
      expect(scores.srvid.rgbPsnr).toBeUndefined();
    }
    for (const { flicker } of evaluation.scores) expect(flicker).toBeGreaterThan(0);
  });

  it('that stands still does not flicker', async () => {
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=64x48:r=25',
      '-vf',
      'loop=4:1,trim=end_frame=4',
      '-c:v',
      'ffv1',
      '-pix_fmt',
      'yuv420p',
      join(folder, 'still.mkv'),
    );
    const { scores, count } = await evaluated('still.mkv');
    expect(count).toBe(4);
    expect(scores.map(({ flicker }) => flicker)).toEqual([0, 0, 0]);
  });

  it('is measured in part by --start and --duration', async () => {
    const { items } = await evaluated('clip.mkv', '--preset', 'bicubic', '--start', '0.08', '--duration', '0.08');
    expect(items.map(({ item }) => item)).toEqual([0.08, 0.12]);
  });

  it('is drawn frame by frame where --plot says', async () => {
    const plot = join(folder, 'plot.svg');
    const { stdout } = await srvid(['eval', clip, '--preset', 'bicubic', '--plot', plot]);
    expect(stdout.toString()).toMatch(/^5 frames, x2, no network/);
    const svg = await readFile(plot, 'utf8');
    expect([...svg.matchAll(/<polyline points="([^"]+)"/g)].map(([, points]) => points?.split(' ').length)).toEqual([5, 5]);
    expect((await srvid(['eval', clip, '--preset', 'bicubic', '--plot', plot])).stderr).toContain('[SRVID_OUTPUT_EXISTS]');
    expect(await readFile(plot, 'utf8')).toBe(svg);
    expect((await srvid(['eval', clip, '--preset', 'bicubic', '--plot', plot, '-y'])).code).toBe(0);
  });
});

describe('with --noise', () => {
  const MODELS = fileURLToPath(new URL('../fixtures/models/restoring/', import.meta.url));

  it('a chain that keeps the size gets pictures with noise of that deviation on luma and chroma, and is compared with them', async () => {
    const evaluation = await evaluated('grey', '--preset', 'bicubic', '--scale', '1', '--noise', '25');
    expect(evaluation).toMatchObject({ scale: 1, border: 0, noise: 25, count: 1 });
    expect(evaluation.scores.map(({ method }) => method)).toEqual(['srvid', 'given']);
    const [kept, given] = evaluation.scores;
    expect(given?.psnr).toBeCloseTo(20 * Math.log10(255 / 25), 0);
    expect(given?.chromaPsnr).toBeCloseTo(20 * Math.log10(255 / 25), 0);
    expect({ ...kept, method: 'given' }).toEqual(given);
    // Light 128 on a sensor: 64 + 128 levels².
    const [, sensor] = (await evaluated('grey', '--preset', 'bicubic', '--scale', '1', '--noise', 'poisson')).scores;
    expect(sensor?.psnr).toBeCloseTo(20 * Math.log10(255 / Math.sqrt(192)), 0);
  });

  it('frames of a clip have noise of their own each, the same in every run', async () => {
    const options = ['--preset', 'denoise', '--models', MODELS, '--noise', '10'];
    const evaluation = await evaluated('clip.mkv', ...options);
    expect(evaluation).toMatchObject({ kind: 'clip', count: 5, noise: 10, models: ['lpienet-denoise-fp32'], precision: 'fp32' });
    const given = evaluation.items.map(({ scores }) => scores.given?.psnr);
    expect(new Set(given).size).toBe(5);
    for (const { flicker, chromaPsnr } of evaluation.scores) expect([flicker, chromaPsnr]).toEqual([expect.any(Number), expect.any(Number)]);
    expect((await evaluated('clip.mkv', ...options)).items).toEqual(evaluation.items);
    const { stdout } = await srvid(['eval', clip, ...options]);
    expect(stdout.toString()).toMatch(
      /^5 frames, noise of 10 levels, lpienet-denoise-fp32 \(fp32\); all pixels count\nmethod +Y-PSNR +over given +UV-PSNR +SSIM/,
    );
  });

  it('pictures that are reduced first get it when they are small', async () => {
    const [clean, noisy] = [await evaluated('two', '--preset', 'bicubic'), await evaluated('two', '--preset', 'bicubic', '--noise', '20')];
    for (const method of ['srvid', 'bicubic', 'lanczos'] as const) expect(scoreOf(noisy, method)?.psnr).toBeLessThan((scoreOf(clean, method)?.psnr ?? 0) - 1);
  });
});

describe('with --blur', () => {
  it('a chain that keeps the size gets blurred pictures, and noise after the blur', async () => {
    const blurred = await evaluated('waves', '--preset', 'bicubic', '--scale', '1', '--blur', 'motion:9:45');
    expect(blurred).toMatchObject({ scale: 1, border: 0, blur: 'motion:9:45', count: 1 });
    const [kept, given] = blurred.scores;
    expect({ ...kept, method: 'given' }).toEqual(given);
    expect(given?.psnr).toBeLessThan(30);
    const both = await evaluated('waves', '--preset', 'bicubic', '--scale', '1', '--blur', 'motion:9:45', '--noise', '10');
    expect(both.scores[0]?.psnr).toBeLessThan(given?.psnr as number);
    // A picture of one level has nothing to blur.
    expect((await evaluated('grey', '--preset', 'bicubic', '--scale', '1', '--blur', 'gaussian')).scores[0]?.psnr).toBe(100);
  });

  it('frames of a clip are blurred, and the table says by what', async () => {
    const { stdout } = await srvid(['eval', clip, '--preset', 'bicubic', '--scale', '1', '--blur', 'defocus:2']);
    expect(stdout.toString()).toMatch(/^5 frames, blurred by defocus:2, no network; all pixels count\n/);
  });
});

describe('srvid eval refuses', () => {
  it.each([
    ['a folder without pictures', 'none', [], 'SRVID_INPUT_NOT_FOUND', 'no pictures'],
    ['what is not there', 'nowhere', [], 'SRVID_INPUT_NOT_FOUND', 'nowhere'],
    ['a picture that is none', 'text', [], 'SRVID_INPUT_UNREADABLE', 'text.png'],
    ['a picture too small to be measured', 'tiny', [], 'SRVID_INPUT_UNSUPPORTED', '15 pixels or more'],
    ['a factor below 1', 'two', ['--preset', 'bicubic', '--scale', '0.5'], 'SRVID_OPTION_INVALID', 'must be above 1'],
    ['a chain to one size', 'two', ['--plugin', 'bicubic?width=480&height=480'], 'SRVID_OPTION_INVALID', 'no one factor'],
    ['a chain that keeps the size, without noise', 'two', ['--preset', 'bicubic', '--scale', '1'], 'SRVID_OPTION_INVALID', '--noise'],
    ['a blur that it does not have', 'two', ['--blur', 'sharp'], 'SRVID_OPTION_INVALID', 'motion:N[:DEGREES]'],
    ['noise without strength', 'two', ['--noise', '0'], 'SRVID_OPTION_INVALID', 'noise: Too small'],
    ['a plot that is neither SVG nor PNG', 'two', ['--plot', 'plot.jpg'], 'SRVID_OUTPUT_FORMAT', '.svg or .png'],
    ['a codec that it does not compress by', 'clip.mkv', ['--compress', 'vp9:30'], 'SRVID_OPTION_INVALID', 'x264:N with N of 0 to 51'],
    ['to compress pictures', 'two', ['--compress', 'x264:28'], 'SRVID_OPTION_INVALID', 'no video'],
    ['a network that is not there', 'two', ['--scale', '2', '--models', '/nowhere'], 'SRVID_MODEL_INVALID', '/nowhere'],
  ] as const)('%s', async (_, path, options, code, said) => {
    const result = await srvid(['eval', join(folder, path), ...options, '--json']);
    expect(result.code).toBeGreaterThan(0);
    expect(result.events).toEqual([expect.objectContaining({ v: 1, type: 'error', code, message: expect.stringContaining(said) })]);
  });
});
