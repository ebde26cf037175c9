import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { frameBytes, type PixelFormat, type PlainFormat, planesOf, smallOffset } from '../../../dist/pipeline/frames/frame.js';
import { loadModelLibrary, ModelLibrary } from '../../../dist/plugins/inference/library.js';
import { type LoadedModel, loadModel } from '../../../dist/plugins/inference/model.js';
import { nativeEngineHere } from '../../../dist/plugins/inference/native-engine.js';
import { planConversion } from '../../../dist/plugins/pixels/convert.js';
import { failureOf } from '../../helpers/errors.js';
import { temporaryFolder } from '../../helpers/media.js';
import { hostFor, through } from '../../helpers/plugins.js';
import { randomBytes } from '../../helpers/random.js';

/** Tiny networks of random weights; `python -m training fixture` writes them. */
const library = await loadModelLibrary(new URL('../../fixtures/models/restoring/', import.meta.url));
const entry = library.resolve({ family: 'lpienet-denoise', planes: 'yuv' }, 'auto');
const network = await loadModel(await library.load(entry));
afterAll(() => network.release());
const folder = await temporaryFolder();

const SIZE = { width: 40, height: 24 };
const planar = (kind: PixelFormat, size = SIZE): PlainFormat => ({ kind, ...size });

/** The result of the network for 4:2:0 planes whose sides are multiples of its `align`. */
async function restored(model: LoadedModel, { width, height }: typeof SIZE, bytes: Uint8Array): Promise<Uint8Array> {
  const result = new Uint8Array(bytes.length);
  const tensors = (memory: Uint8Array) =>
    planesOf(planar('yuv420p', { width, height }), memory).map((plane) => ({ data: plane.data, dims: [1, 1, plane.height, plane.width] }));
  await model.run(tensors(bytes), tensors(result));
  return result;
}

async function run(specs: readonly string[], format: PlainFormat, bytes: Uint8Array, installed = library): Promise<Uint8Array> {
  const host = await hostFor(specs, format, { library: installed });
  onTestFinished(() => host.close());
  await host.open();
  return through(host, bytes);
}

/** A frame of waves, in which each plane differs from its neighbours. */
function waves(format: PlainFormat): Uint8Array {
  const bytes = new Uint8Array(frameBytes(format));
  for (const [index, { data, width }] of planesOf(format, bytes).entries())
    for (let at = 0; at < data.length; at++) data[at] = 128 + 60 * Math.sin((at % width) * 0.7 + Math.floor(at / width) * (index + 1) * 0.5);
  return bytes;
}

const chromaOf = (format: PlainFormat, bytes: Uint8Array) => bytes.subarray(format.width * format.height);
const lumaOf = (format: PlainFormat, bytes: Uint8Array) => bytes.subarray(0, format.width * format.height);
const meanOf = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('a frame of 4:2:0 becomes what the network gives, to the byte, and one of another size than it takes is padded by its edges', async () => {
  const bytes = randomBytes(1, frameBytes(planar('yuv420p')));
  const expected = await restored(network, SIZE, bytes);
  expect(await run(['denoise'], planar('yuv420p'), bytes)).toEqual(expected);
  expect(expected).not.toEqual(bytes);

  // 37x21 in 40x24: the last column and row of each plane repeat.
  const odd = planar('yuv420p', { width: 37, height: 21 });
  const small = randomBytes(2, frameBytes(odd));
  const padded = new Uint8Array(bytes.length);
  const [from, to] = [planesOf(odd, small), planesOf(planar('yuv420p'), padded)];
  for (const [index, { data, width, height }] of to.entries()) {
    const source = from[index] as (typeof from)[number];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        data[y * width + x] = source.data[Math.min(y, source.height - 1) * source.width + Math.min(x, source.width - 1)] as number;
  }
  const whole = planesOf(planar('yuv420p'), await restored(network, SIZE, padded));
  for (const [index, { data, width, height }] of planesOf(odd, await run(['denoise'], odd, small)).entries()) {
    const { data: all, width: stride } = whole[index] as (typeof whole)[number];
    for (let y = 0; y < height; y++) expect(data.subarray(y * width, (y + 1) * width)).toEqual(all.subarray(y * stride, y * stride + width));
  }
});

test('a network in int8 gives the same bytes by the native engine as by ONNX Runtime, each plane of its own size', async () => {
  const dense = await library.load(library.resolve({ family: 'plain-denoise', planes: 'yuv' }, 'int8'));
  const here = nativeEngineHere();
  if ('missing' in here) throw new Error(here.missing);
  const bytes = randomBytes(6, frameBytes(planar('yuv420p')));
  const byOrt = await loadModel(dense);
  onTestFinished(() => byOrt.release());
  const expected = await restored(byOrt, SIZE, bytes);
  expect(await run(['denoise-fast'], planar('yuv420p'), bytes)).toEqual(expected);
  for (const [index, plane] of planesOf(planar('yuv420p'), expected).entries())
    expect(plane.data, `plane ${index}`).not.toEqual(planesOf(planar('yuv420p'), bytes)[index]?.data);
  for (const kernel of here.kernels) {
    const native = await loadModel(dense, { engine: { name: 'native', kernel, build: here.build }, device: 'cpu', threads: 1 });
    expect(await restored(native, SIZE, bytes), kernel).toEqual(expected);
    await native.release();
  }
});

test('strength is the share of the change that is taken, and without any neither network nor frame is touched', async () => {
  const bytes = randomBytes(3, frameBytes(planar('yuv420p')));
  const all = await run(['denoise'], planar('yuv420p'), bytes);
  const some = await run(['denoise?strength=0.3'], planar('yuv420p'), bytes);
  for (const [at, value] of bytes.entries()) expect(Math.abs((some[at] as number) - value - 0.3 * ((all[at] as number) - value))).toBeLessThanOrEqual(0.5);
  const none = new ModelLibrary(library.folder, []);
  for (const kind of ['yuv420p', 'yuv444p'] as const) {
    const given = randomBytes(4, frameBytes(planar(kind)));
    expect(await run(['denoise?strength=0'], planar(kind), given, none)).toEqual(given);
  }
  expect((await failureOf(() => hostFor(['denoise?strength=0.1'], planar('yuv420p'), { library: none }))).code).toBe('SRVID_MODEL_UNKNOWN');
  expect((await failureOf(() => hostFor(['denoise?strength=1.1'], planar('yuv420p'), { library }))).message).toMatch(/denoise.*strength.*1/);
});

test('of gray the luma is restored as that of a picture without colour', async () => {
  const bytes = randomBytes(5, frameBytes(planar('gray')));
  const uncoloured = new Uint8Array(frameBytes(planar('yuv420p'))).fill(128);
  uncoloured.set(bytes);
  expect(await run(['denoise'], planar('gray'), bytes)).toEqual(lumaOf(SIZE, await restored(network, SIZE, uncoloured)));
});

test.each(['yuv422p', 'yuv444p'] as const)('%s is restored as its 4:2:0 is, and its chroma keeps the detail that 4:2:0 has not', async (kind) => {
  const [format, half] = [planar(kind), planar('yuv420p')];
  const bytes = waves(format);
  // Stripes of single samples, which no 4:2:0 holds.
  const chroma = chromaOf(format, bytes);
  for (let at = 0; at < chroma.length; at++)
    chroma[at] = (chroma[at] as number) + (Math.floor(at / (planesOf(format, bytes)[1]?.width as number)) % 2 ? 20 : -20);
  const smaller = new Uint8Array(frameBytes(half));
  planConversion(format, half, {})?.(bytes, smaller);
  const expected = await restored(network, SIZE, smaller);
  const result = await run(['denoise'], format, bytes);
  expect(lumaOf(format, result)).toEqual(lumaOf(half, expected));

  const changed = (before: Uint8Array, after: Uint8Array, plane: 1 | 2, of: PlainFormat) =>
    meanOf(planesOf(of, after)[plane]?.data as Uint8Array) - meanOf(planesOf(of, before)[plane]?.data as Uint8Array);
  for (const plane of [1, 2] as const) {
    expect(changed(bytes, result, plane, format)).toBeCloseTo(changed(smaller, expected, plane, half), 0);
    const { data, width } = planesOf(format, result)[plane] as { data: Uint8Array; width: number };
    const given = planesOf(format, bytes)[plane]?.data as Uint8Array;
    // The change is smooth from row to row; the stripes, 40 levels from one row to the next, stay.
    for (let at = width; at < data.length; at++) {
      const [step, before] = [(data[at] as number) - (data[at - width] as number), (given[at] as number) - (given[at - width] as number)];
      expect(Math.abs(step - before)).toBeLessThan(20);
    }
  }
  expect(chromaOf(format, result)).not.toEqual(chromaOf(format, bytes));
});

test('a network behind it enlarges the restored luma and carries the restored chroma along', async () => {
  const shipped = await loadModelLibrary();
  const swift = shipped.resolve({ family: 'swift', scale: 2 }, 'int8');
  for (const { file, folder: from } of [
    { ...entry, folder: library.folder },
    { ...swift, folder: shipped.folder },
  ])
    await copyFile(new URL(file, from), join(folder, file));
  const both = new ModelLibrary(pathToFileURL(`${folder}/`), [entry, swift]);
  const format = planar('yuv420p');
  const bytes = waves(format);
  const denoised = await run(['denoise'], format, bytes, both);
  const large = { ...format, width: 2 * format.width, height: 2 * format.height };
  const chain = await run(['denoise', 'swift?scale=2', new URL('../../../examples/plugins/sharpen.js', import.meta.url).pathname], format, bytes, both);
  const small = chain.subarray(smallOffset({ kind: 'split', width: large.width, height: large.height, small: format }));
  expect(small).toHaveLength(bytes.length);
  expect(chromaOf(format, small)).toEqual(chromaOf(format, denoised));
  expect(chromaOf(format, small)).not.toEqual(chromaOf(format, bytes));
  expect(await run(['swift?scale=2'], format, denoised, both)).toEqual(await run(['denoise', 'swift?scale=2'], format, bytes, both));
});

test('a network with other ends than the planes of 4:2:0 is refused before the first frame', async () => {
  const shipped = await loadModelLibrary();
  const luma = shipped.resolve({ family: 'swift', scale: 2 }, 'int8');
  const wrong = new ModelLibrary(shipped.folder, [{ ...entry, file: luma.file, sha256: luma.sha256, bytes: luma.bytes }]);
  const host = await hostFor(['denoise'], planar('yuv420p'), { library: wrong });
  onTestFinished(() => host.close());
  const error = await failureOf(() => host.open());
  expect(error.code).toBe('SRVID_MODEL_INVALID');
  expect(error.message).toMatch(/uint8 \[1,1,128,128\], uint8 \[1,1,64,64\], uint8 \[1,1,64,64\].*1 input and 1 output/);
});
