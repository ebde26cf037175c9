import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ort from 'onnxruntime-node';
import { expect, onTestFinished, test } from 'vitest';
import { Graph } from '../../../dist/onnx/graph.js';
import { serializeModel } from '../../../dist/onnx/model-file.js';
import { loadModelLibrary, type ModelEntry, ModelLibrary } from '../../../dist/plugins/inference/library.js';
import { failureOf } from '../../helpers/errors.js';
import { temporaryFolder } from '../../helpers/media.js';
import { superResolver } from '../../helpers/own-networks.js';
import { hostFor, lumaOf, through } from '../../helpers/plugins.js';
import { randomBytes } from '../../helpers/random.js';

const folder = await temporaryFolder();
const source = { kind: 'yuv420p', width: 16, height: 8 } as const;

/** A float model of two inputs, a picture and a gain, and of no scale: it gives their product, times `more`. */
function gainBytes(more = 1): Uint8Array {
  const graph = Graph.empty('gain');
  graph.addInput('picture', 'float32', [1, 1, 'h', 'w']);
  graph.addInput('gain', 'float32', [1]);
  graph.addNode('Mul', ['picture', 'gain'], 'gained');
  graph.addNode('Mul', ['gained', graph.addConstant('more', { type: 'float32', dims: [], data: Float32Array.of(more) })], 'product');
  graph.addOutput('product', 'float32', [1, 1, 'h', 'w']);
  return serializeModel(graph.toModel());
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function gainModel(): Promise<ModelEntry> {
  const bytes = gainBytes();
  await writeFile(join(folder, 'gain.onnx'), bytes);
  const { scale: _, ...listed } = (await loadModelLibrary()).models[0] as ModelEntry;
  return { ...listed, id: 'gain', family: 'gain', planes: 'y', precision: 'fp32', file: 'gain.onnx', sha256: hashOf(bytes), bytes: bytes.length };
}

/** `further` are the inputs after the picture. */
const plugin = (spec: string, further: string) => `export default {
  name: 'gain', apiVersion: 1, planes: 'y', halo: 'global',
  models: () => [${spec}],
  async process(frame, context) {
    const result = context.allocate(frame);
    const dims = [1, 1, frame.height, frame.width];
    const product = { data: new Float32Array(frame.width * frame.height), dims };
    const picture = { data: Float32Array.from(frame.planes[0].data), dims };
    await context.model(${spec}).run([picture${further}], product);
    result.planes[0].data.set(product.data);
    return result;
  },
};`;
const HALF = ', { data: Float32Array.of(0.5), dims: [1] }';

test('a plugin runs a float model of several inputs and no scale', async () => {
  const library = new ModelLibrary(pathToFileURL(`${folder}/`), [await gainModel()]);
  const path = join(folder, 'gain.mjs');
  await writeFile(path, plugin(`{ family: 'gain', precision: 'fp32' }`, HALF));
  const host = await hostFor([path], source, { library });
  onTestFinished(() => host.close());
  await host.open();
  const bytes = randomBytes(1, (source.width * source.height * 3) / 2);
  const result = await through(host, bytes);
  expect(lumaOf(source, result)).toEqual(lumaOf(source, bytes).map((value) => Math.trunc(value * 0.5)));
});

test('a model without a scale is not the answer to a request for one, and the message says which was wanted', async () => {
  const library = new ModelLibrary(pathToFileURL(`${folder}/`), [await gainModel()]);
  const scaled = await failureOf(() => library.resolve({ family: 'gain', scale: 2 }, 'auto'));
  expect(scaled.code).toBe('SRVID_MODEL_UNKNOWN');
  expect(scaled.message).toContain('scale 2');
  expect(scaled.message).toContain('only one without a scale is installed: gain');
  const other = await failureOf(() => library.resolve({ family: 'other' }, 'auto'));
  expect(other.message).toContain('family other, without a scale');
});

/** A plugin in a folder of its own, with a network in the file `net.onnx` beside it. */
async function pluginWithFile(name: string, bytes: Uint8Array, spec: string, further = HALF): Promise<string> {
  const own = join(folder, name);
  await mkdir(own);
  await writeFile(join(own, 'net.onnx'), bytes);
  const path = join(own, 'plugin.mjs');
  await writeFile(path, plugin(spec, further));
  return path;
}

test('two plugins each run the network that lies beside them, under one name, and each is read and hashed once', async () => {
  const library = new ModelLibrary(pathToFileURL(`${folder}/`), []);
  const [half, quarter] = [gainBytes(), gainBytes(0.5)];
  const paths = [
    await pluginWithFile('half', half, `{ file: './net.onnx', sha256: '${hashOf(half)}' }`),
    await pluginWithFile('quarter', quarter, `{ file: new URL('./net.onnx', import.meta.url) }`),
  ];
  const host = await hostFor([...paths, paths[0] as string], source, { library });
  onTestFinished(() => host.close());
  await host.open();
  const bytes = randomBytes(2, (source.width * source.height * 3) / 2);
  const result = await through(host, bytes);
  // Between plugins there are whole levels.
  expect(lumaOf(source, result)).toEqual(lumaOf(source, bytes).map((value) => Math.trunc(Math.trunc(Math.trunc(value * 0.5) * 0.25) * 0.5)));
  const [first, again] = await Promise.all([1, 2].map(() => library.loadFile(join(folder, 'half/net.onnx'))));
  expect(first).toBe(again);
  await writeFile(join(folder, 'half/net.onnx'), quarter);
  expect((await library.loadFile(join(folder, 'half/net.onnx'))).entry.sha256).toBe(hashOf(quarter));
});

test('a plugin runs an int8 network that lies beside it, in QDQ form, as ONNX Runtime itself does', async () => {
  const network = superResolver({ quantised: true, white: 255, channels: 1, scale: 1 });
  const path = await pluginWithFile('quantised', network, `{ file: './net.onnx' }`, '');
  const library = new ModelLibrary(pathToFileURL(`${folder}/`), []);
  expect((await library.loadFile(join(folder, 'quantised/net.onnx'))).entry.precision).toBe('int8');
  const host = await hostFor([path], source, { library });
  onTestFinished(() => host.close());
  await host.open();
  const bytes = randomBytes(4, (source.width * source.height * 3) / 2).map((value) => 40 + value / 2);
  const result = lumaOf(source, await through(host, bytes));
  const session = await ort.InferenceSession.create(network);
  onTestFinished(() => session.release());
  const input = new ort.Tensor('float32', Float32Array.from(lumaOf(source, bytes)), [1, 1, source.height, source.width]);
  const wanted = ((await session.run({ input }))['output'] as ort.Tensor).data as Float32Array;
  expect(Math.max(...result.map((value, index) => Math.abs(value - (wanted[index] as number))))).toBeLessThanOrEqual(1);
  expect(result).not.toEqual(lumaOf(source, bytes));
});

test.each([
  ['is not there', `{ file: './none.onnx' }`, 'SRVID_MODEL_INVALID', /none\.onnx, but it cannot be read/],
  ['has another content than its plugin names', `{ file: 'net.onnx', sha256: '${'0'.repeat(64)}' }`, 'SRVID_MODEL_INVALID', /expected 0{64}/],
  ['is no network', `{ file: './plugin.mjs' }`, 'SRVID_MODEL_INVALID', /plugin\.mjs/],
  ['is asked for in no way that srvid knows', `{ path: './net.onnx' }`, 'SRVID_PLUGIN_INVALID', /"path".*"family".*"file"/],
])("a plugin's network that %s is refused before the first frame", async (what, spec, code, message) => {
  const path = await pluginWithFile(what.replaceAll(' ', '-'), gainBytes(), spec);
  const library = new ModelLibrary(pathToFileURL(`${folder}/`), []);
  const error = await failureOf(() => hostFor([path], source, { library }));
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
});
