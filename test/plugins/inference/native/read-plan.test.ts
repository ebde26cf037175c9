import { readdir, readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lower } from '../../../../dist/onnx/lower.js';
import { parseModel, serializeModel } from '../../../../dist/onnx/model-file.js';
import type { NativeNetwork, NativePlan } from '../../../../dist/plugins/inference/native/plan.js';
import { readPlan } from '../../../../dist/plugins/inference/native/read-plan.js';
import { openNetwork } from '../../../../dist/plugins/inference/onnx-runtime.js';
import { superResolver } from '../../../helpers/own-networks.js';
import { quantisedChain } from '../../../helpers/quantised-chain.js';
import { fuzzCases, randomBytes } from '../../../helpers/random.js';
import { runPlainly } from './reference.js';

const at = (path: string) => new URL(`../../../../${path}`, import.meta.url);
// The other parts of PCSR work on rows of features: ONNX Runtime runs them.
const shipped = (await readdir(at('models'))).filter((name) => name.endsWith('-int8.onnx') && !/^pcsr-(place|light|heavy)/.test(name));

function networkOf(bytes: Uint8Array): NativeNetwork {
  const read = readPlan(bytes, 'the network');
  if ('unsupported' in read) throw new Error(`not supported: ${read.unsupported}`);
  return read;
}

function planOf(bytes: Uint8Array): NativePlan {
  return networkOf(bytes).plan;
}

/** Random bytes for each input of a network whose values have so many rows and columns. */
function picturesOf({ plan, inputs }: NativeNetwork, seed: number, rows: number, columns: number): Record<string, { data: Uint8Array; dims: number[] }> {
  const tensors = plan.inputs.map(({ planes, block }, index) => {
    const dims = [1, planes, rows * block, columns * block];
    return [inputs[index], { data: randomBytes(seed + index, planes * block ** 2 * rows * columns), dims }];
  });
  return Object.fromEntries(tensors);
}

/** All outputs, in the order of the model's file. */
async function byOnnxRuntime(bytes: Uint8Array, inputs: ReturnType<typeof picturesOf>): Promise<(Uint8Array | Float32Array)[]> {
  const network = await openNetwork('the network', bytes);
  const results = await network.run(inputs);
  await network.release();
  return Object.values(results).map((result) => result.data as Uint8Array | Float32Array);
}

/** The outputs by the plain reference, in the order of the model's file. */
function plainly(
  { plan, inputs, outputs }: NativeNetwork,
  pictures: ReturnType<typeof picturesOf>,
  rows: number,
  columns: number,
): (Uint8Array | Float32Array)[] {
  const results = runPlainly(
    plan,
    inputs.map((name) => pictures[name]?.data as Uint8Array),
    rows,
    columns,
  );
  return outputs.map(({ result, values }) => {
    const bytes = results[result] as Uint8Array;
    return values ? Float32Array.from(bytes, (byte) => (byte - values.zero) * values.step) : bytes;
  });
}

const layersOf = (plan: NativePlan) => plan.convs.map(({ inputs, kernel, channels }) => `${inputs.join('+')}: ${kernel}x${kernel} to ${channels}`).join(', ');

test('every int8 network that is shipped and reads pictures is read as a plan that gives the bytes of ONNX Runtime', async () => {
  expect(shipped.length).toBeGreaterThanOrEqual(17);
  for (const file of shipped) {
    const bytes = await readFile(at(`models/${file}`));
    const network = networkOf(bytes);
    const pictures = picturesOf(network, 5, 5, 7);
    expect(plainly(network, pictures, 5, 7), file).toEqual(await byOnnxRuntime(bytes, pictures));
  }
});

test.each([
  ['models/best-x2-int8.onnx', '0: 5x5 to 32, 1: 3x3 to 32, 2: 3x3 to 32, 3: 3x3 to 32, 4: 3x3 to 32, 5: 3x3 to 32, 6: 1x1 to 4'],
  ['bench/models/abpn-x3-int8-unlowered.onnx', '0: 3x3 to 28, 1: 3x3 to 28, 2: 3x3 to 28, 3: 3x3 to 28, 4: 3x3 to 28, 5: 3x3 to 27, 6: 3x3 to 9'],
  ['models/xlsr-x3-int8.onnx', '0: 3x3 to 32, 1: 3x3 to 32, 2: 3x3 to 32, 3: 3x3 to 32, 0: 3x3 to 16, 4+5: 1x1 to 32, 6: 3x3 to 9'],
])('what widened %s for ONNX Runtime is not in its plan', async (file, layers) => {
  expect(layersOf(planOf(await readFile(at(file))))).toBe(layers);
});

test('networks of other forms are not read, each for a reason in words', async () => {
  const [int8, fixed] = [await readFile(at('models/abpn-x2-int8.onnx')), superResolver({ size: { width: 32, height: 24 }, type: 'uint8', channels: 1 })];
  const reason = (bytes: Uint8Array) => {
    const read = readPlan(bytes, 'the network');
    return 'unsupported' in read ? read.unsupported : 'supported';
  };
  expect(reason(int8)).toBe('supported');
  expect(reason(await readFile(at('models/abpn-x2-fp32.onnx')))).toBe('it has a Cast');
  expect(reason(superResolver())).toBe('it does not read bytes');
  expect(reason(fixed)).toBe('it takes pictures of one size only');
});

const layer = fc.record({
  channels: fc.integer({ min: 1, max: 20 }),
  side: fc.constantFrom(1, 3, 5),
  groups: fc.constantFrom('one', 'some', 'each'),
  zero: fc.constantFrom(0, 0, 0, 0, 17),
  perTensor: fc.boolean(),
  bias: fc.constantFrom('int32', 'none'),
  activation: fc.constantFrom('none', 'Relu', 'Clip'),
});

test('any chain of quantised convolutions, lowered or not, is either read as a plan with the bytes of ONNX Runtime or refused', async () => {
  let [read, refused] = [0, 0];
  const chains = fc.tuple(fc.integer({ min: 0, max: 9999 }), fc.constantFrom(1, 1, 3), fc.array(layer, { minLength: 1, maxLength: 3 }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(chains, async ([seed, planes, layers, isLowered]) => {
      const original = quantisedChain(seed, planes, layers);
      const bytes = serializeModel(isLowered ? lower(original).model : original);
      const found = readPlan(bytes, 'the network');
      if ('unsupported' in found) {
        refused++;
        expect(found.unsupported).toMatch(/zero point|its output is not|cuts off more|pads with something else/);
        return;
      }
      read++;
      const [columns, rows] = [1 + (seed % 9), 1 + (seed % 5)];
      const pictures = picturesOf(found, seed, rows, columns);
      expect(plainly(found, pictures, rows, columns)).toEqual(await byOnnxRuntime(bytes, pictures));
      expect(readPlan(serializeModel(parseModel(bytes, 'the network')), 'the network')).toEqual(found);
    }),
    { numRuns: fuzzCases(40, 0.001) },
  );
  expect(read).toBeGreaterThan(10);
  expect(refused).toBeGreaterThan(0);
});
