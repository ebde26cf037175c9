import { expect, test } from 'vitest';
import { Network } from '../../bench/networks.mjs';
import { floatTwin } from '../../dist/onnx/float-twin.js';
import { type OnnxModel, readModelFile, serializeModel } from '../../dist/onnx/model-file.js';
import { type NamedTensor, openNetwork } from '../../dist/plugins/inference/onnx-runtime.js';
import { randomBytes } from '../helpers/random.js';

const path = (name: string) => new URL(`../../${name}`, import.meta.url).pathname;

async function run(model: OnnxModel, data: Uint8Array | Float32Array, dims: readonly number[]): Promise<NamedTensor> {
  const network = await openNetwork('the network', serializeModel(model));
  const [result] = Object.values(await network.run({ input: { data, dims } }));
  await network.release();
  return result as NamedTensor;
}

function twinOf(model: OnnxModel): OnnxModel {
  const twin = floatTwin(model);
  if ('obstacle' in twin) throw new Error(twin.obstacle);
  return twin.model;
}

test('the twin of one layer is the layer without its rounding: ReLU kept, upper end free', async () => {
  const network = new Network(4);
  const stored = network.layer(network.input(1), 1, 16, 3, { step: 1 / 400 });
  const model = network.model(network.dequantised(stored, 1 / 400), 16, 'float32');
  const data = randomBytes(1, 40 * 30);
  const [rounded, exact] = [await run(model, data, [1, 1, 30, 40]), await run(twinOf(model), data, [1, 1, 30, 40])];
  let [cut, zeros] = [0, 0];
  exact.data.forEach((value, index) => {
    if (value > 255 / 400) cut++;
    else expect(Math.abs(value - (rounded.data[index] as number))).toBeLessThanOrEqual(0.5001 / 400);
    expect(value).toBeGreaterThanOrEqual(0);
    if (value === 0) zeros++;
  });
  expect(cut).toBeGreaterThan(10);
  expect(zeros).toBeGreaterThan(10);
});

test('bytes that are only moved move as values, and an output of bytes is bytes again', async () => {
  const network = new Network(6);
  const stored = network.layer(network.input(1), 1, 4, 3, { step: 1 / 200 });
  const model = network.model(network.node('DepthToSpace', [stored], { blocksize: 2, mode: 'CRD' }), 1);
  const twin = twinOf(model);
  expect(twin.graph.node.filter(({ opType }) => opType === 'QuantizeLinear')).toHaveLength(1);
  const data = randomBytes(2, 20 * 10);
  expect((await run(twin, data, [1, 1, 10, 20])).data).toEqual((await run(model, data, [1, 1, 10, 20])).data);
});

test.each(['models/abpn-x3-int8.onnx', 'models/abpn-x2-int8.onnx'])('%s: its twin is nearer to the network in float than 8 bits are', async (name) => {
  const [int8, fp32] = await Promise.all([readModelFile(path(name)), readModelFile(path(name.replace('int8', 'fp32')))]);
  const data = randomBytes(5, 64 * 48).map((byte, index) => 60 + (byte >> 3) + (index % 64));
  const [rounded, twin, float] = [await run(int8, data, [1, 1, 48, 64]), await run(twinOf(int8), data, [1, 1, 48, 64]), await run(fp32, data, [1, 1, 48, 64])];
  const distance = ({ data: values }: NamedTensor) =>
    float.data.reduce((sum: number, value: number, index: number) => sum + (value - (values[index] as number)) ** 2, 0);
  expect(distance(twin)).toBeLessThan(distance(rounded));
});

test('a network that computes with bytes, or joins bytes of two scales, has none, and says where', () => {
  const computing = new Network(1);
  const sum = computing.node('Mul', [computing.layer(computing.input(4), 4, 16, 1), 'conv0.bytes.nothing'], {}, 'product');
  expect(floatTwin(computing.model(sum, 16))).toMatchObject({ obstacle: expect.stringContaining('Mul (product)') });
  const joining = new Network(1);
  const input = joining.input(4);
  const both = [joining.layer(input, 4, 16, 1, { step: 1 / 50 }), joining.layer(input, 4, 16, 1, { step: 1 / 60 })];
  expect(floatTwin(joining.model(joining.node('Concat', both, { axis: 1 }, 'both'), 32))).toMatchObject({ obstacle: expect.stringContaining('both joins') });
});
