import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PixelFormat } from '../../../dist/pipeline/frames/frame.js';
import { ONNX_RUNTIME } from '../../../dist/plugins/inference/backend.js';
import { loadModelLibrary } from '../../../dist/plugins/inference/library.js';
import { describeOwnNetwork, type OwnNetwork } from '../../../dist/plugins/own/describe.js';
import { spansOf } from '../../../dist/plugins/own/tiles.js';
import { planChain } from '../../../dist/plugins/plan/groups.js';
import { withModels } from '../../../dist/plugins/plan/plugin-models.js';
import { withOptions } from '../../../dist/plugins/registry.js';
import { PluginHost } from '../../../dist/plugins/workers/host.js';
import { endOf, srvid } from '../../helpers/command.js';
import { failureOf } from '../../helpers/errors.js';
import { ffmpeg, ffprobe, temporaryFolder } from '../../helpers/media.js';
import { type Shape, superResolver } from '../../helpers/own-networks.js';
import { through } from '../../helpers/plugins.js';
import { randomBytes } from '../../helpers/random.js';

const folder = await temporaryFolder();
const PICTURE = { width: 50, height: 38 };

async function fileOf(name: string, shape: Shape): Promise<string> {
  await writeFile(join(folder, name), superResolver(shape));
  return name;
}

/** The result of srvid's workers for one picture. */
async function processed({ module, plugin, options, own }: OwnNetwork, kind: PixelFormat, bytes: Uint8Array, size = PICTURE): Promise<Uint8Array> {
  const loaded = await withModels({ ...withOptions({ module, plugin }, options), own }, await loadModelLibrary(), 'auto');
  const host = new PluginHost({
    groups: planChain({ kind, ...size }, [loaded]),
    ...{
      origin: { color: {}, timeBase: { num: 1, den: 25 } },
      inference: { engine: ONNX_RUNTIME, device: 'cpu', threads: 1 },
      workers: 1,
      credits: 4,
      taskTimeoutMs: 60_000,
    },
  });
  onTestFinished(() => host.close());
  await host.open();
  return through(host, bytes);
}

/** ONNX Runtime's result for the whole picture at once, without anything of srvid: in levels, pixel by pixel. */
async function expected(shape: Shape, bytes: Uint8Array, size = PICTURE): Promise<Float64Array> {
  const { channels = 3, layout = 'nchw', white = 1, scale = 2, type = 'float32' } = shape;
  const session = await ort.InferenceSession.create(superResolver({ ...withoutSize(shape), halfInside: false, type: type === 'float16' ? 'float32' : type }));
  const { width, height } = size;
  const count = width * height;
  const at = (index: number) => (layout === 'nhwc' ? index : (index % count) * channels + Math.floor(index / count));
  const factor = type === 'uint8' ? 1 : white / 255;
  const values = Array.from(bytes, (_, index) => (bytes[at(index)] as number) * factor);
  const dims = layout === 'nchw' ? [1, channels, height, width] : [1, height, width, channels];
  const input = type === 'uint8' ? new ort.Tensor('uint8', Uint8Array.from(values), dims) : new ort.Tensor('float32', Float32Array.from(values), dims);
  const result = (await session.run({ input }))['output'] as ort.Tensor;
  await session.release();
  const large = count * scale * scale;
  const from = (index: number) => (layout === 'nhwc' ? index : (index % channels) * large + Math.floor(index / channels));
  const data = result.data as Float32Array;
  return Float64Array.from({ length: data.length }, (_, index) => Math.min(255, Math.max(0, (data[from(index)] as number) / factor)));
}

function withoutSize({ size, ...shape }: Shape): Shape {
  return shape;
}

function largestDifference(found: Uint8Array, wanted: Float64Array): number {
  expect(found.length).toBe(wanted.length);
  return found.reduce((most, value, index) => Math.max(most, Math.abs(value - (wanted[index] as number))), 0);
}

describe("a user's own network runs without a word about it", () => {
  const forms: readonly [string, Shape][] = [
    ['RGB, NCHW, 0..1, any size', {}],
    ['x4, unshuffled twice: sides are multiples of 2', { scale: 4, fold: 2 }],
    ['NHWC', { layout: 'nhwc', scale: 3 }],
    ['luma', { channels: 1, scale: 3 }],
    ['0..255', { white: 255 }],
    ['one fixed size', { size: { width: 24, height: 20 } }],
    ['float16', { type: 'float16' }],
    ['uint8', { type: 'uint8', white: 255, channels: 1 }],
    ['no enlargement', { scale: 1 }],
    ['like a published compact network: x4, 16 layers', { scale: 4, depth: 16, width: 12 }],
    ['like a published network with attention, float16 throughout', { type: 'float16', halfInside: true, gated: true, depth: 6, width: 12 }],
    ['QDQ', { quantised: true }],
    ['QDQ, 0..255', { quantised: true, white: 255 }],
  ];
  test.each(forms)('%s', async (name, shape) => {
    const own = await describeOwnNetwork({ use: 'onnx', options: { model: await fileOf(`${name.replaceAll(/\W+/g, '-')}.onnx`, shape) } }, folder);
    expect(own.options).toMatchObject({ scale: shape.scale ?? 2, input: { layout: shape.layout ?? 'nchw' } });
    expect(own.plugin.planes).toBe(shape.channels === 1 ? 'y' : 'rgb');
    const kind = shape.channels === 1 ? 'gray' : 'rgb24';
    const bytes = randomBytes(3, PICTURE.width * PICTURE.height * (shape.channels ?? 3)).map((value) => 40 + value / 2);
    const tolerance = shape.type === 'float16' ? 1 : 0.51;
    expect(largestDifference(await processed(own, kind, bytes), await expected(shape, bytes))).toBeLessThan(shape.size ? 1 : tolerance);
  });
});

test('a picture that needs more memory than allowed is cut to windows, and comes out the same', async () => {
  const shape: Shape = { width: 24, depth: 3, gated: true };
  const size = { width: 200, height: 150 };
  const own = await describeOwnNetwork({ use: 'onnx', options: { model: await fileOf('large.onnx', shape), memory: 1 } }, folder);
  const { bytesPerPixel, maxBytes } = own.options as { bytesPerPixel: number; maxBytes: number };
  expect(bytesPerPixel * size.width * size.height).toBeGreaterThan(3 * maxBytes);
  const bytes = randomBytes(5, size.width * size.height * 3).map((value) => 40 + value / 2);
  expect(largestDifference(await processed(own, 'rgb24', bytes, size), await expected(shape, bytes, size))).toBeLessThan(1);
});

test.each([
  [100, 32, 5, 2],
  [64, 64, 9, 1],
  [1000, 48, 16, 4],
  [30, 20, 40, 2],
])('a line of %i pixels in windows of %i, overlap %i, unit %i: each pixel is kept once, with its neighbours', (length, window, overlap, unit) => {
  const spans = spansOf(length, window, overlap, unit);
  expect(spans[0]?.from).toBe(0);
  expect(spans.at(-1)?.to).toBe(length);
  const whole = window >= 2 * Math.ceil(overlap / unit) * unit + unit;
  for (const [index, { at, from, to }] of spans.entries()) {
    expect(from).toBe(spans[index - 1]?.to ?? 0);
    expect(to).toBeGreaterThan(from);
    expect([at % unit, at >= 0, at + Math.min(window, length) <= length]).toEqual([0, true, true]);
    if (!whole) continue;
    if (from > 0) expect(from - at).toBeGreaterThanOrEqual(overlap);
    if (to < length) expect(at + window - to).toBeGreaterThanOrEqual(overlap);
  }
});

test('what cannot be known or used is refused with what to give', async () => {
  const refused = async (name: string, options: Record<string, unknown> = {}) => {
    const error = await failureOf(() => describeOwnNetwork({ use: 'onnx', options: { model: name, ...options } }, folder));
    return `${error.code} ${error.message}`;
  };
  expect(await refused('missing.onnx')).toMatch(/SRVID_INPUT_NOT_FOUND/);
  const plain = await fileOf('plain.onnx', {});
  expect(await refused(plain, { planes: 'y' })).toMatch(/SRVID_MODEL_UNSUPPORTED.*planes=y/);
  expect(await refused(plain, { white: 3 })).toMatch(/SRVID_OPTION_INVALID.*white/);
  await writeFile(join(folder, 'text.onnx'), 'not a network');
  expect(await refused('text.onnx')).toMatch(/SRVID_MODEL_INVALID/);
});

test('--model runs it in the command, and --height resamples its result', async () => {
  await fileOf('x4.onnx', { scale: 4 });
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=25:d=0.12', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', join(folder, 'in.mkv'));
  const end = endOf(await srvid(['in.mkv', 'out.mkv', '--model', 'x4.onnx?white=1', '--height', '144', '--encoder', 'ffv1', '--json'], { cwd: folder }));
  expect(end).toMatchObject({ framesIn: 3, framesOut: 3, models: ['x4'] });
  const { streams } = await ffprobe<{ streams: { width: number; height: number }[] }>(join(folder, 'out.mkv'), '-show_streams');
  expect(streams[0]).toMatchObject({ width: 192, height: 144 });
  const wrong = await srvid(['in.mkv', 'o.mkv', '--model', 'x4.onnx', '--scale', '3'], { cwd: folder });
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/enlarges by 4/)]);
});
