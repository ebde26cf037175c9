import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { addNoise } from '../../../dist/eval/noise.js';
import { frameBytes, type PlainFormat, planesOf } from '../../../dist/pipeline/frames/frame.js';
import { loadModelLibrary } from '../../../dist/plugins/inference/library.js';
import { loadModel } from '../../../dist/plugins/inference/model.js';
import { findPlugin } from '../../../dist/plugins/registry.js';
import { endOf, srvid } from '../../helpers/command.js';
import { ffmpeg, rawFrames, temporaryFolder } from '../../helpers/media.js';
import { largestDifference, psnr } from '../../helpers/picture.js';
import { hostFor, through } from '../../helpers/plugins.js';

const CLIP = fileURLToPath(new URL('../../../examples/clips/city-360p25.mp4', import.meta.url));
const SIZE = { width: 320, height: 240 };
const format: PlainFormat = { kind: 'yuv420p', ...SIZE };
const clean = Uint8Array.from(
  (await rawFrames(CLIP, 'yuv420p', `select='eq(n,0)'`, `crop=${SIZE.width}:${SIZE.height}:200:80`)).subarray(0, frameBytes(format)),
);

async function denoised(bytes: Uint8Array, spec = 'denoise'): Promise<Uint8Array> {
  const host = await hostFor([spec], format);
  onTestFinished(() => host.close());
  await host.open();
  return through(host, bytes);
}

const planes = (bytes: Uint8Array) => planesOf(format, bytes).map(({ data }) => data) as [Uint8Array, Uint8Array, Uint8Array];

test.each([
  ['denoise', 2],
  ['denoise-fast', 1.7],
])('%s takes noise of 25 levels off luma and chroma by %s dB and more, and of half the strength less', async (name, least) => {
  const noisy = clean.slice();
  addNoise(noisy, 25, 0);
  const gains = (bytes: Uint8Array) =>
    planes(bytes).map((plane, at) => psnr(plane, planes(clean)[at] as Uint8Array) - psnr(planes(noisy)[at] as Uint8Array, planes(clean)[at] as Uint8Array));
  const [whole, half] = [gains(await denoised(noisy, name)), gains(await denoised(noisy, `${name}?strength=0.5`))];
  for (const [at, gain] of whole.entries()) {
    expect(gain).toBeGreaterThan(least);
    expect(half[at]).toBeGreaterThan(least / 2);
    expect(half[at]).toBeLessThan(gain);
  }
});

test.each(['denoise', 'denoise-fast'])('%s changes a clean picture by half a level at most, on average, in each plane', async (name) => {
  const result = await denoised(clean, name);
  for (const [at, plane] of planes(result).entries()) {
    const given = planes(clean)[at] as Uint8Array;
    expect(plane.reduce((sum, value, index) => sum + Math.abs(value - (given[index] as number)), 0) / plane.length).toBeLessThan(0.5);
  }
});

test('a tile with its halo is what the whole picture gives there, to the rounding of floats', async () => {
  const { halo } = (await findPlugin('denoise', '/')).plugin;
  const library = await loadModelLibrary();
  const model = await loadModel(await library.load(library.resolve({ family: 'lpienet-denoise', planes: 'yuv' }, 'auto')));
  onTestFinished(() => model.release());
  const restored = async ({ width, height }: { width: number; height: number }, bytes: Uint8Array) => {
    const result = new Uint8Array(bytes.length);
    const tensors = (memory: Uint8Array) =>
      planesOf({ kind: 'yuv420p', width, height }, memory).map((plane) => ({ data: plane.data, dims: [1, 1, plane.height, plane.width] }));
    await model.run(tensors(bytes), tensors(result));
    return result;
  };
  const cut = (
    bytes: Uint8Array,
    from: { width: number; height: number },
    { x, y, width, height }: { x: number; y: number; width: number; height: number },
  ) => {
    const result = new Uint8Array(frameBytes({ kind: 'yuv420p', width, height }));
    const targets = planesOf({ kind: 'yuv420p', width, height }, result);
    for (const [at, source] of planesOf({ kind: 'yuv420p', ...from }, bytes).entries()) {
      const target = targets[at] as (typeof targets)[number];
      const [left, top] = at === 0 ? [x, y] : [x / 2, y / 2];
      for (let row = 0; row < target.height; row++)
        target.data.set(source.data.subarray((top + row) * source.stride + left, (top + row) * source.stride + left + target.width), row * target.stride);
    }
    return result;
  };
  const noisy = clean.slice();
  addNoise(noisy, 30, 1);
  const whole = await restored(SIZE, noisy);
  const reach = halo as number;
  const inner = { x: 112, y: 104, width: 24, height: 16 };
  const outer = { x: inner.x - reach, y: inner.y - reach, width: inner.width + 2 * reach, height: inner.height + 2 * reach };
  const tile = await restored(outer, cut(noisy, SIZE, outer));
  const [apart, within] = [cut(tile, outer, { ...inner, x: reach, y: reach }), cut(whole, SIZE, inner)];
  expect(largestDifference(apart, within)).toBeLessThanOrEqual(1);
  expect(apart.filter((value, at) => value !== within[at]).length).toBeLessThan(within.length / 100);
});

test('runs with its presets denoise every frame, at the size of the source or before it is enlarged', async () => {
  const folder = await temporaryFolder();
  const [input, output] = [join(folder, 'in.mkv'), join(folder, 'out.mkv')];
  await ffmpeg('-i', CLIP, '-vf', 'crop=96:64:200:80,noise=alls=40:allf=t', '-frames:v', '3', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', input);
  const lossless = ['--encoder', 'ffv1', '--json', '-y'];
  const denoise = endOf(await srvid([input, output, '--preset', 'denoise', ...lossless]));
  expect(denoise).toMatchObject({ framesOut: 3, models: ['lpienet-denoise-fp32'] });
  const small: PlainFormat = { kind: 'yuv420p', width: 96, height: 64 };
  const host = await hostFor(['denoise'], small);
  onTestFinished(() => host.close());
  await host.open();
  const [given, results, bytes] = [await rawFrames(input, 'yuv420p'), await rawFrames(output, 'yuv420p'), frameBytes(small)];
  for (let frame = 0; frame < 3; frame++)
    expect(Buffer.compare(results.subarray(frame * bytes, (frame + 1) * bytes), await through(host, given.subarray(frame * bytes, (frame + 1) * bytes)))).toBe(
      0,
    );

  const clean = endOf(await srvid([input, output, '--preset', 'clean', '--precision', 'int8', '--realtime', '--policy', 'block', ...lossless]));
  expect(clean).toMatchObject({ framesOut: 3, models: expect.arrayContaining(['lpienet-denoise-fp32', 'abpn-x2-int8']) });
  const { levels } = (clean as unknown as { realtime: { levels: readonly { name: string }[] } }).realtime;
  expect(levels.map(({ name }) => name)).toEqual(['abpn', 'swift', 'bicubic', 'bypass']);
  expect(await rawFrames(output, 'yuv420p')).toHaveLength(3 * frameBytes({ kind: 'yuv420p', width: 192, height: 128 }));
});
