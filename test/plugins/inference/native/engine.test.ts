import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { randomFrom } from '../../../../dist/eval/random.js';
import { type Engine, ONNX_RUNTIME } from '../../../../dist/plugins/inference/backend.js';
import { loadModelLibrary, type ModelEntry, modelAt } from '../../../../dist/plugins/inference/library.js';
import { type LoadedModel, loadModel } from '../../../../dist/plugins/inference/model.js';
import { findAddon } from '../../../../dist/plugins/inference/native/addon.js';
import type { NativeAddon, NativeNetwork } from '../../../../dist/plugins/inference/native/plan.js';
import { readPlan } from '../../../../dist/plugins/inference/native/read-plan.js';
import { isSlowKernel, nativeEngine, nativeEngineHere, obstacleToNative } from '../../../../dist/plugins/inference/native-engine.js';
import { rawFrames } from '../../../helpers/media.js';
import { randomBytes } from '../../../helpers/random.js';

const here = nativeEngineHere();
if ('missing' in here) throw new Error(`these tests need the native engine: ${here.missing}`);
const { kernels, build } = here;
const library = await loadModelLibrary();
const networks = library.models.filter(({ precision, scale }) => precision === 'int8' && scale !== undefined);
const CLIP = fileURLToPath(new URL('../../../../examples/clips/city-360p25.mp4', import.meta.url));
const opened: LoadedModel[] = [];
const settings = { device: 'cpu', threads: 1 } as const;

afterAll(async () => {
  for (const model of opened) await model.release();
});

async function load(entry: ModelEntry, engine: Engine, threads = 1): Promise<LoadedModel> {
  const model = await loadModel(await library.load(entry), { ...settings, engine, threads });
  opened.push(model);
  return model;
}

const native = (kernel: string): Engine => ({ name: 'native', kernel, build });
const planesOf = ({ planes }: ModelEntry) => (planes === 'rgb' ? 3 : 1);

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

async function enlarged(model: LoadedModel, entry: ModelEntry, { width, height, data }: Picture): Promise<Uint8Array> {
  const [scale, planes] = [entry.scale as number, planesOf(entry)];
  const output = new Uint8Array(new SharedArrayBuffer(planes * width * height * scale ** 2));
  await model.run({ data, dims: [1, planes, height, width] }, { data: output, dims: [1, planes, height * scale, width * scale] });
  return output;
}

/** In shared memory, as the slots of frames are. */
function shared(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(new SharedArrayBuffer(bytes.length));
  memory.set(bytes);
  return memory;
}

async function natural(planes: number, width: number, height: number): Promise<Picture> {
  const frame = await rawFrames(CLIP, planes === 3 ? 'gbrp' : 'gray', "select='eq(n,0)'", `crop=${width}:${height}:120:100`);
  return { width, height, data: shared(frame.subarray(0, planes * width * height)) };
}

test('every int8 network that is shipped gives the bytes of ONNX Runtime by every kernel and with any number of threads', async () => {
  const random = randomFrom(17);
  const side = (most: number) => 1 + Math.floor(random() * most);
  const { addon } = findAddon() as { readonly addon: NativeAddon };
  for (const entry of networks) {
    const planes = planesOf(entry);
    const { align } = entry;
    const noise = (width: number, height: number): Picture => ({ width, height, data: shared(randomBytes(width * 1000 + height, planes * width * height)) });
    const large = [await natural(planes, 72, 48), noise(align * side(200 / align), align * side(40 / align))];
    const small = [noise(align, align), noise(align * side(12 / align), align * side(9 / align))];
    const ort = await load(entry, ONNX_RUNTIME);
    const expected = new Map<Picture, Uint8Array>();
    for (const picture of [...large, ...small]) expected.set(picture, await enlarged(ort, entry, picture));
    const { plan } = readPlan(await readFile(new URL(entry.file, library.folder)), entry.id) as NativeNetwork;
    const block = plan.inputs[0]?.block as number;
    for (const kernel of kernels) {
      const network = addon.open(plan, kernel);
      for (const threads of isSlowKernel(kernel) ? [2] : [1, 2, 4]) {
        for (const picture of isSlowKernel(kernel) ? small : [...large, ...small]) {
          const output = new Uint8Array(expected.get(picture)?.length ?? 0);
          addon.run(network, [picture.data], picture.height / block, picture.width / block, [output], threads);
          const same = Buffer.compare(output, expected.get(picture) as Uint8Array) === 0;
          expect(same, `${entry.id} by ${kernel}, ${threads} threads, ${picture.width}x${picture.height}`).toBe(true);
        }
      }
      addon.close(network);
    }
  }
});

test('a network with several results of pixels gives those of ONNX Runtime by every kernel, as bytes and as values', async () => {
  const entry = library.models.find(({ id }) => id === 'pcsr-backbone-int8') as ModelEntry;
  const results = async (engine: Engine, threads: number, data: Uint8Array, dims: readonly number[]) => {
    const pixels = data.length;
    const outputs = [new Uint8Array(16 * pixels), new Uint8Array(64 * pixels), new Float32Array(pixels)] as const;
    const model = await load(entry, engine, threads);
    await model.run(
      { data, dims },
      outputs.map((output) => ({ data: output, dims: [pixels, output.length / pixels] })),
    );
    return outputs;
  };
  for (const [kernel, width, height] of [...kernels.map((name) => [name, 13, 9] as const), [kernels[0] as string, 640, 70] as const]) {
    const data = randomBytes(width, 2 * width * height);
    const dims = [2, 1, height, width];
    const [light, heavy, difficulty] = await results(native(kernel), 2, data, dims);
    const expected = await results(ONNX_RUNTIME, 1, data, dims);
    expect(Buffer.compare(light, expected[0]), kernel).toBe(0);
    expect(Buffer.compare(heavy, expected[1]), kernel).toBe(0);
    expect(difficulty, kernel).toEqual(expected[2]);
  }
});

test('pictures of any size are enlarged as by ONNX Runtime where the network takes whole blocks only', async () => {
  const entry = library.resolve({ family: 'swift', scale: 2 }, 'int8');
  const [ort, own] = [await load(entry, ONNX_RUNTIME), await load(entry, native(kernels[0] as string))];
  for (const [width, height] of [
    [1, 1],
    [7, 4],
    [33, 21],
  ] as const) {
    const picture = { width, height, data: shared(randomBytes(width, width * height)) };
    expect(Buffer.compare(await enlarged(own, entry, picture), await enlarged(ort, entry, picture))).toBe(0);
  }
});

test('a picture of 2000x1200 gives the bytes of ONNX Runtime', async () => {
  const entry = library.resolve({ family: 'swift', scale: 2 }, 'int8');
  const picture = { width: 2000, height: 1200, data: shared(randomBytes(3, 2000 * 1200)) };
  const [ort, own] = [await load(entry, ONNX_RUNTIME), await load(entry, native(kernels[0] as string), 2)];
  expect(Buffer.compare(await enlarged(own, entry, picture), await enlarged(ort, entry, picture))).toBe(0);
});

test('frames are read from shared memory and written into it, without copies', async () => {
  const bytes = await readFile(new URL('../../../../models/swift-x3-int8.onnx', import.meta.url));
  const session = await nativeEngine(native(kernels[0] as string)).open('the network', bytes, {
    ...settings,
    engine: native(kernels[0] as string),
  });
  expect(session.takesSharedMemory).toBe(true);
  await session.release();
});

test('a network that the native engine does not run is run by ONNX Runtime, with the same bytes', async () => {
  const entry = library.resolve({ family: 'swift', scale: 3 }, 'fp32');
  const path = fileURLToPath(new URL(`../../../../models/${entry.file}`, import.meta.url));
  expect(obstacleToNative(await readFile(path), path, kernels[0] as string)).toBe('it has a Cast');
  const verified = await modelAt(entry, path);
  const models = await Promise.all([native(kernels[0] as string), ONNX_RUNTIME].map((engine) => loadModel(verified, { ...settings, engine })));
  opened.push(...models);
  const picture = { width: 20, height: 12, data: randomBytes(1, 240) };
  const [own, ort] = await Promise.all(models.map((model) => enlarged(model, entry, picture)));
  expect(own).toEqual(ort);
});
