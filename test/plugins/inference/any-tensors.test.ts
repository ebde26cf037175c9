import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Graph } from '../../../dist/onnx/graph.js';
import { serializeModel } from '../../../dist/onnx/model-file.js';
import { loadModelLibrary, type ModelEntry, ModelLibrary } from '../../../dist/plugins/inference/library.js';
import { failureOf } from '../../helpers/errors.js';
import { temporaryFolder } from '../../helpers/media.js';
import { hostFor, lumaOf, through } from '../../helpers/plugins.js';
import { randomBytes } from '../../helpers/random.js';

const folder = await temporaryFolder();
const source = { kind: 'yuv420p', width: 16, height: 8 } as const;

/** A float model of two inputs, a picture and a gain, and of no scale: it gives their product. */
async function gainModel(): Promise<ModelEntry> {
  const graph = Graph.empty('gain');
  graph.addInput('picture', 'float32', [1, 1, 'h', 'w']);
  graph.addInput('gain', 'float32', [1]);
  graph.addNode('Mul', ['picture', 'gain'], 'product');
  graph.addOutput('product', 'float32', [1, 1, 'h', 'w']);
  const bytes = serializeModel(graph.toModel());
  await writeFile(join(folder, 'gain.onnx'), bytes);
  const { scale: _, ...listed } = (await loadModelLibrary()).models[0] as ModelEntry;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...listed, id: 'gain', family: 'gain', planes: 'y', precision: 'fp32', file: 'gain.onnx', sha256, bytes: bytes.length };
}

const plugin = (spec: string) => `export default {
  name: 'gain', apiVersion: 1, planes: 'y', halo: 'global',
  models: () => [${spec}],
  async process(frame, context) {
    const result = context.allocate(frame);
    const dims = [1, 1, frame.height, frame.width];
    const product = { data: new Float32Array(frame.width * frame.height), dims };
    const picture = { data: Float32Array.from(frame.planes[0].data), dims };
    await context.model(${spec}).run([picture, { data: Float32Array.of(0.5), dims: [1] }], product);
    result.planes[0].data.set(product.data);
    return result;
  },
};`;

test('a plugin runs a float model of several inputs and no scale', async () => {
  const library = new ModelLibrary(pathToFileURL(`${folder}/`), [await gainModel()]);
  const path = join(folder, 'gain.mjs');
  await writeFile(path, plugin(`{ family: 'gain', precision: 'fp32' }`));
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
