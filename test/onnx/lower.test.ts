import { readdir, readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Network, scalar } from '../../bench/networks.mjs';
import { proveEqual } from '../../dist/doctor/proof.js';
import { SrvidError } from '../../dist/errors.js';
import { judgeConv } from '../../dist/onnx/fast-conv.js';
import { floatTwin } from '../../dist/onnx/float-twin.js';
import { Graph } from '../../dist/onnx/graph.js';
import { lower } from '../../dist/onnx/lower.js';
import { type OnnxModel, parseModel, readModelFile, serializeModel } from '../../dist/onnx/model-file.js';
import { isConv } from '../../dist/onnx/quantised-conv.js';
import { openNetwork } from '../../dist/plugins/inference/onnx-runtime.js';
import { quantisedChain } from '../helpers/quantised-chain.js';
import { fuzzCases, randomBytes } from '../helpers/random.js';

const path = (name: string) => new URL(`../../${name}`, import.meta.url).pathname;

function rewritesOf(model: OnnxModel) {
  const graph = new Graph(model);
  return graph.nodes.filter(isConv).map((conv) => {
    const verdict = judgeConv(graph, conv, 4);
    return 'obstacle' in verdict ? verdict.obstacle : verdict.rewrites.map(({ kind, from, to }) => `${kind} ${from} ${to}`).join(', ');
  });
}

function kernelsOf(model: OnnxModel): readonly (readonly number[] | undefined)[] {
  const graph = new Graph(model);
  return graph.nodes.filter(isConv).map((conv) => graph.constant(graph.writerOf(conv.input[1])?.input[0])?.dims);
}

describe.each([
  ['abpn-x3', ['conv0', 'conv5', 'conv6']],
  ['best-x3', ['conv0', 'conv6']],
])('the shipped %s', async (id, rewritten) => {
  const [unlowered, shipped] = await Promise.all([
    readModelFile(path(`bench/models/${id}-int8-unlowered.onnx`)),
    readModelFile(path(`models/${id}-int8.onnx`)),
  ]);

  it('is what the rewrite makes of the network before it, in every kernel and every byte of output', async () => {
    const { model, lowered } = lower(unlowered);
    expect(lowered.map(({ conv }) => conv)).toEqual(rewritten);
    expect(kernelsOf(model)).toEqual(kernelsOf(shipped));
    const data = randomBytes(3, 90 * 50);
    const outputs = [];
    for (const candidate of [unlowered, shipped, model]) {
      const network = await openNetwork('the network', serializeModel(candidate));
      outputs.push((await network.run({ input: { dims: [1, 1, 50, 90], data } })).output?.data as Uint8Array);
      await network.release();
    }
    expect(outputs[0]).toHaveLength(270 * 150);
    for (const output of outputs) expect(Buffer.compare(output, outputs[0] as Uint8Array)).toBe(0);
  });
});

test('no shipped network of pictures has anything left to rewrite', async () => {
  // PCSR's heads take rows of numbers, not pictures, and give one column: sixteen take ONNX Runtime as long.
  const files = (await readdir(path('models'))).filter((name) => name.endsWith('-int8.onnx') && !/^pcsr-(heavy|light)-/.test(name));
  expect(files.length).toBeGreaterThanOrEqual(14);
  for (const file of files) {
    const shipped = await readModelFile(path(`models/${file}`));
    expect(lower(shipped).lowered).toEqual([]);
    expect(Buffer.compare(serializeModel(lower(shipped).model), serializeModel(shipped))).toBe(0);
  }
});

const layer = fc.record({
  channels: fc.integer({ min: 1, max: 40 }),
  side: fc.constantFrom(1, 3, 5, 5),
  groups: fc.constantFrom('one', 'some', 'each'),
  zero: fc.constantFrom(0, 17, 128),
  perTensor: fc.boolean(),
  bias: fc.constantFrom('int32', 'none'),
  signed: fc.boolean(),
  activation: fc.constantFrom('none', 'Relu', 'Clip'),
});

const FIRST = { channels: 28, side: 3, groups: 'one', zero: 0, perTensor: false, bias: 'int32', signed: false, activation: 'Relu' } as const;

test('any chain of quantised convolutions gives the same bytes, and then has nothing left to rewrite', async () => {
  let [rewritten, grouped, spread] = [0, 0, 0];
  const chains = fc.tuple(
    fc.integer({ min: 0, max: 9999 }),
    fc.constantFrom(1, 1, 1, 3, 4, 5, 9),
    fc.array(layer, { minLength: 1, maxLength: 3 }),
    fc.boolean(),
  );
  await fc.assert(
    fc.asyncProperty(chains, async ([seed, first, layers, float]) => {
      const original = quantisedChain(seed, first, layers, float);
      const { model, lowered } = lower(original);
      await proveEqual(original, model);
      rewritten += lowered.length;
      grouped += lowered.filter(({ rewrites }) => rewrites.some(({ kind }) => kind === 'dense')).length;
      spread += lowered.filter(({ rewrites }) => rewrites.some(({ kind }) => kind === 'spread')).length;
      expect(Buffer.compare(serializeModel(lower(model).model), serializeModel(model))).toBe(0);
    }),
    { numRuns: fuzzCases(25, 0.0005), examples: [[[1, 1, [{ ...FIRST, side: 5 }], false]]] },
  );
  expect(rewritten).toBeGreaterThan(10);
  expect(grouped).toBeGreaterThan(3);
  expect(spread).toBeGreaterThan(0);
});

test.each([
  ['one channel in', [1, 28, 3, {}], 'pad-input 1 4', [28, 4, 3, 3]],
  ['odd channels', [27, 27, 3, {}], 'pad-input 27 28, pad-output 27 28', [28, 28, 3, 3]],
  ['few channels out', [32, 9, 3, {}], 'pad-output 9 16', [16, 32, 3, 3]],
  ['four groups', [32, 32, 3, { group: 4 }], 'dense 4 1', [32, 32, 3, 3]],
  ['depthwise of few channels', [12, 12, 3, { group: 12 }], 'dense 12 1, pad-output 12 16', [16, 12, 3, 3]],
  ['depthwise of a multiple of 16', [32, 32, 3, { group: 32 }], '', [32, 1, 3, 3]],
  ['depthwise too wide to be dense', [40, 40, 3, { group: 40 }], '', [40, 1, 3, 3]],
  ['one that fits', [28, 48, 5, {}], '', [48, 28, 5, 5]],
  ['5x5 on one channel', [1, 28, 5, {}], 'spread 5 3', [28, 4, 3, 3]],
  ['5x5 on one channel, few channels out', [1, 5, 5, { bias: 'none', perTensor: true }], 'spread 5 3, pad-output 5 16', [16, 4, 3, 3]],
] as const)('a convolution of %s is rewritten as it should be', async (_, [inputs, outputs, side, options], rewrites, kernel) => {
  const network = new Network(7);
  const original = network.model(network.layer(network.input(inputs), inputs, outputs, side, options), outputs);
  expect(rewritesOf(original)).toEqual([rewrites]);
  const { model } = lower(original);
  expect(kernelsOf(model)).toEqual([kernel]);
  await proveEqual(original, model);
});

test('weights that two convolutions share are padded for each by itself', async () => {
  const network = new Network(5);
  const first = network.layer(network.input(8), 8, 8, 3, { name: 'shared', bias: 'none' });
  const again = network.node('Conv', [network.dequantised(first, 1 / 100), 'shared.weight.value'], { pads: [1, 1, 1, 1] });
  const stored = network.quantised(again, 1 / 50);
  const original = network.model(stored, 8);
  const { model, lowered } = lower(original);
  expect(lowered).toHaveLength(2);
  await proveEqual(original, model);
});

test.each([
  [{ pads: [2, 2, 2, 2] }, true],
  [{ pads: [1, 2, 0, 3] }, true],
  [{ pads: [4, 4, 4, 4], strides: [2, 3] }, true],
  [{ auto_pad: 'SAME_UPPER' }, false],
  [{ pads: [4, 4, 4, 4], dilations: [2, 2] }, false],
])('a 5x5 kernel on one channel with %j beside one that reads the same: bytes as before', async (attributes, spread) => {
  const network = new Network(11);
  const stored = network.quantised(network.conv(network.dequantised(network.input(4), 1 / 255), 4, 1, 3), 1 / 60, 17);
  const first = network.conv(network.dequantised(stored, 1 / 60, 17), 1, 16, 5, { inputStep: 1 / 60, name: 'shared' });
  const read = network.graph.writerOf(first)?.input as string[];
  const again = network.node('Conv', read, { ...attributes });
  const original = network.model(network.quantised(again, 1 / 50), 16);
  network.graph.addOutput(network.quantised(first, 1 / 50));
  expect(rewritesOf(original).at(-1)).toBe(spread ? 'spread 5 3' : 'pad-input 1 4');
  await proveEqual(original, lower(original).model);
});

test.each([
  ['a bias in other steps than its products', { sumStep: 1 / 128 }],
  ['int8 in', { input: 'int8' }],
  ['int8 out', { output: 'int8' }],
  ['int8 in and out', { input: 'int8', output: 'int8' }],
] as const)(
  'a 5x5 kernel on one channel with %s is summed up in float, in its order: padded only',
  async (_, { input = 'uint8', output = 'uint8', sumStep = 1 / 255 }) => {
    const network = new Network(13);
    const zero = (type: string) => (type === 'int8' ? Int8Array : Uint8Array).of(0);
    const stored = network.input(1, input);
    const read = network.node('DequantizeLinear', [
      stored,
      network.constant('in.step', scalar(Float32Array.of(1 / 255))),
      network.constant('in.zero', scalar(zero(input))),
    ]);
    const sums = network.conv(read, 1, 28, 5, { inputStep: sumStep });
    const steps = [network.constant('out.step', scalar(Float32Array.of(1 / 500))), network.constant('out.zero', scalar(zero(output)))];
    const original = network.model(network.node('QuantizeLinear', [sums, ...steps]), 28, output);
    expect(rewritesOf(original)).toEqual(['pad-input 1 4']);
    await proveEqual(original, lower(original).model);
  },
);

test('output channels become a multiple of 8 where that is asked for', async () => {
  const network = new Network(7);
  const original = network.model(network.layer(network.input(4), 4, 28, 3), 28);
  const { model } = lower(original, 8);
  expect(kernelsOf(model)).toEqual([[32, 4, 3, 3]]);
  await proveEqual(original, model);
});

test('a picture that is read by others than convolutions keeps the channels they know', async () => {
  const network = new Network(9);
  const stored = network.layer(network.input(1), 1, 9, 3);
  const shuffled = network.node('DepthToSpace', [stored], { blocksize: 3, mode: 'CRD' });
  const original = network.model(shuffled, 1);
  await proveEqual(original, lower(original).model);
});

test.each([
  ['Relu', 17],
  ['Clip', 17],
])('a convolution with a %s that 8 bits do not imply is computed in float, and left alone', (activation, zero) => {
  const network = new Network(3);
  const limit = activation === 'Clip' ? [network.constant('low', { dims: [], data: Float32Array.of(0) })] : [];
  const result = network.node(activation, [network.conv(network.dequantised(network.input(3), 1 / 255), 3, 8, 3), ...limit]);
  const original = network.model(network.quantised(result, 1 / 60, zero), 8);
  expect(rewritesOf(original)).toEqual([expect.stringContaining(`the ${activation} between it`)]);
  expect(lower(original).lowered).toEqual([]);
});

test.each([
  ['linear-int8', ['pad-input 1 4', 'pad-output 4 16']],
  ['grouped-int8', ['pad-input 3 4', 'dense 4 1', 'dense 4 1', 'dense 4 1', 'pad-output 12 16']],
  ['depthwise-int8', ['pad-input 1 4', '', 'pad-output 1 16']],
])("ONNX Runtime's own quantiser's %s gives the same bytes", async (name, rewrites) => {
  const original = parseModel(await readFile(path(`test/fixtures/models/${name}.onnx`)), name);
  expect(rewritesOf(original)).toEqual(rewrites);
  await proveEqual(original, lower(original).model);
});

test('a float network is left as it is', async () => {
  const original = await readModelFile(path('models/abpn-x2-fp32.onnx'));
  expect(lower(original).lowered).toEqual([]);
});

test.each(['layer.weight.step', 'layer.weight.zero', 'layer.bias', 'layer.bias.step'])('a convolution whose %s is no constant is left alone', (name) => {
  const network = new Network(3);
  const model = network.model(network.layer(network.input(1), 1, 9, 3, { name: 'layer' }), 9);
  const before = model.graph.initializer.length;
  model.graph.initializer = model.graph.initializer.filter((tensor) => tensor.name !== name);
  expect(model.graph.initializer).toHaveLength(before - 1);
  expect(lower(model).lowered).toEqual([]);
});

test('a damaged file is refused with a reason or read, and never breaks what examines it', async () => {
  const whole = await readFile(path('bench/models/abpn-x3-int8-unlowered.onnx'));
  let [refused, survived] = [0, 0];
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 }), (changes) => {
      const bytes = Uint8Array.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        const model = parseModel(bytes, 'damaged.onnx');
        serializeModel(lower(model).model);
        floatTwin(model);
        survived++;
      } catch (error) {
        if (!(error instanceof SrvidError)) throw error;
        refused++;
      }
    }),
    { numRuns: fuzzCases(100, 0.1) },
  );
  expect(refused).toBeGreaterThan(0);
  expect(survived).toBeGreaterThan(0);
});
