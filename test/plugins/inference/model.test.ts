import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { randomFrom } from '../../../dist/eval/random.js';
import { loadModelLibrary, type ModelEntry, modelAt as modelFile } from '../../../dist/plugins/inference/library.js';
import { type LoadedModel, loadModel } from '../../../dist/plugins/inference/model.js';
import { failureOf } from '../../helpers/errors.js';
import { rawFrames } from '../../helpers/media.js';
import { planeOf, psnr, resampleReference } from '../../helpers/picture.js';
import { randomBytes } from '../../helpers/random.js';

const library = await loadModelLibrary();
const networks = library.models
  .filter(({ planes, precision, scale }) => planes === 'y' && precision === 'int8' && scale !== undefined)
  .map(({ family, scale }) => [family, scale] as const);
const loaded = new Map<string, Promise<LoadedModel>>();
const [WIDTH, HEIGHT] = [96, 64];
const CLIP = fileURLToPath(new URL('../../../examples/clips/city-360p25.mp4', import.meta.url));

afterAll(async () => {
  for (const model of loaded.values()) await (await model).release();
});

async function modelAt(family: string, scale: number, precision: 'int8' | 'fp32'): Promise<{ entry: ModelEntry; model: LoadedModel }> {
  const entry = library.resolve({ family, scale }, precision);
  const model = loaded.get(entry.id) ?? library.load(entry).then((verified) => loadModel(verified));
  loaded.set(entry.id, model);
  return { entry, model: await model };
}

async function enlarged(model: LoadedModel, data: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const [outWidth, outHeight] = [width * (model.scale ?? 1), height * (model.scale ?? 1)];
  const output = new Uint8Array(outWidth * outHeight);
  await model.run({ data, dims: [1, 1, height, width] }, { data: output, dims: [1, 1, outHeight, outWidth] });
  return output;
}

function cut(data: Uint8Array, stride: number, { x, y, width, height }: { x: number; y: number; width: number; height: number }): Uint8Array {
  const result = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) result.set(data.subarray((y + row) * stride + x, (y + row) * stride + x + width), row * width);
  return result;
}

/** Luma of a real picture. */
async function natural(): Promise<Uint8Array> {
  const frame = await rawFrames(CLIP, 'gray', `select='eq(n,0)'`, `crop=${WIDTH}:${HEIGHT}:120:100`);
  return Uint8Array.from(frame.subarray(0, WIDTH * HEIGHT));
}

test.each(networks)('%s x%d int8: a tile with its halo is, byte for byte, what the whole picture gives there', async (family, scale) => {
  const { entry, model } = await modelAt(family, scale, 'int8');
  const { halo, align } = entry;
  const random = randomFrom(scale);
  for (const [index, picture] of [await natural(), randomBytes(scale, WIDTH * HEIGHT)].entries()) {
    const whole = await enlarged(model, picture, WIDTH, HEIGHT);
    for (let times = 0; times < 4; times++) {
      const aligned = (most: number) => Math.floor(random() * (1 + most / align)) * align;
      const tile = { width: align + aligned(40 - align), height: align + aligned(30 - align) };
      // Away from the edges of the picture, where the network itself pads.
      const x = halo + aligned(WIDTH - 2 * halo - tile.width);
      const y = halo + aligned(HEIGHT - 2 * halo - tile.height);
      const outer = { x: x - halo, y: y - halo, width: tile.width + 2 * halo, height: tile.height + 2 * halo };
      const result = await enlarged(model, cut(picture, WIDTH, outer), outer.width, outer.height);
      const inner = { x: halo * scale, y: halo * scale, width: tile.width * scale, height: tile.height * scale };
      const there = { x: x * scale, y: y * scale, width: inner.width, height: inner.height };
      const same = Buffer.compare(cut(result, outer.width * scale, inner), cut(whole, WIDTH * scale, there)) === 0;
      expect(same, `picture ${index}, tile ${JSON.stringify(outer)}`).toBe(true);
    }
  }
});

test.each(networks)('%s x%d int8: the same picture gives the same bytes every time', async (family, scale) => {
  const { model } = await modelAt(family, scale, 'int8');
  const picture = await natural();
  const first = await enlarged(model, picture, WIDTH, HEIGHT);
  expect(await enlarged(model, picture, WIDTH, HEIGHT)).toEqual(first);
});

// Two implementations of the same network, in integers and in floating point, disagree wherever the runtime gets one
// of its convolutions wrong, as ONNX Runtime 1.23 did on some CPUs.
test.each(networks)('%s x%d: int8 gives what fp32 gives, to 40 dB, on a real picture', async (family, scale) => {
  const picture = await natural();
  const [int8, fp32] = [await modelAt(family, scale, 'int8'), await modelAt(family, scale, 'fp32')];
  const [a, b] = [await enlarged(int8.model, picture, WIDTH, HEIGHT), await enlarged(fp32.model, picture, WIDTH, HEIGHT)];
  expect(psnr(a, b)).toBeGreaterThan(40);
});

test.each(networks.flatMap((network) => (['int8', 'fp32'] as const).map((precision) => [...network, precision] as const)))(
  '%s x%d %s: the result is the picture, enlarged and in its place',
  async (family, scale, precision) => {
    const { model } = await modelAt(family, scale, precision);
    const picture = await natural();
    const result = await enlarged(model, picture, WIDTH, HEIGHT);
    const cubic = resampleReference(planeOf(picture, WIDTH, HEIGHT), { width: WIDTH * scale, height: HEIGHT * scale });
    const inPlace = psnr(result, cubic);
    expect(inPlace).toBeGreaterThan(25);
    expect(inPlace).toBeGreaterThan(psnr(result.subarray(scale), cubic.subarray(0, -scale)) + 1);
  },
);

test.each(networks)('%s x%d int8: any size is taken, down to one pixel', async (family, scale) => {
  const { model } = await modelAt(family, scale, 'int8');
  for (const [width, height] of [
    [1, 1],
    [1, 9],
    [17, 3],
    [33, 31],
  ] as const) {
    expect(await enlarged(model, new Uint8Array(width * height).fill(128), width, height)).toHaveLength(width * height * scale * scale);
  }
});

test('sizes that do not fit one another are refused before they reach native code', async () => {
  const { model } = await modelAt('abpn', 2, 'int8');
  const side = 8 * (model.scale ?? 1);
  const [input, output] = [new Uint8Array(64), new Uint8Array(side * side)];
  const wrong: readonly (readonly [number[], number[]])[] = [
    [
      [1, 1, 8, 8],
      [1, 1, side, side - 1],
    ],
    [
      [1, 1, 8, 7],
      [1, 1, side, side],
    ],
    [
      [1, 1, 8, 8],
      [1, 1, side],
    ],
    [
      [8, 8],
      [side, side],
    ],
    [
      [1, 2, 8, 4],
      [1, 2, side, side / 2],
    ],
    [
      [1, 1, -8, -8],
      [1, 1, -side, -side],
    ],
    [
      [1, 1, 8, 8],
      [1, 1, 8, 8],
    ],
  ];
  for (const [inputDims, outputDims] of wrong) {
    const error = await failureOf(() => model.run({ data: input, dims: inputDims }, { data: output, dims: outputDims }));
    expect(error.code).toBe('SRVID_MODEL_INVALID');
    expect(error.message).toContain(model.id);
  }
});

test('a file that is not a network is refused with its path', async () => {
  const entry = library.models[0] as ModelEntry;
  const path = fileURLToPath(new URL('manifest.json', library.folder));
  const error = await failureOf(async () => loadModel(await modelFile(entry, path)));
  expect(error.code).toBe('SRVID_MODEL_INVALID');
  expect(error.message).toContain(path);
});
