import { expect, test } from 'vitest';
import { Network } from '../../bench/networks.mjs';
import { pictureNetwork } from '../../dist/doctor/picture-network.js';
import { proveEqual } from '../../dist/doctor/proof.js';
import { Graph } from '../../dist/onnx/graph.js';
import type { OnnxModel } from '../../dist/onnx/model-file.js';
import { failureOf } from '../helpers/errors.js';

function layer(change: (bias: Int32Array) => void = () => {}): OnnxModel {
  const network = new Network(2);
  const model = network.model(network.layer(network.input(1), 1, 16, 3, { name: 'layer' }), 16);
  const bias = model.graph.initializer.find(({ name }) => name === 'layer.bias');
  const values = new Int32Array(Uint8Array.from(bias?.rawData ?? []).buffer);
  change(values);
  if (bias) bias.rawData = new Uint8Array(values.buffer);
  return model;
}

test('equal networks are proven so at odd, tiny and several pictures', async () => {
  const { sizes, runs, bytes } = await proveEqual(layer(), layer());
  expect(sizes).toEqual(['1x1', '5x3', '16x16', '31x17', '40x24', '48x64', '161x120']);
  expect(runs).toBe(28);
  expect(bytes).toBeGreaterThan(16 * 161 * 120 * 4);
});

test('one filter that is off by a little is found, with the figures', async () => {
  const failure = await failureOf(() =>
    proveEqual(
      layer(),
      layer((bias) => bias.set([(bias[3] as number) + 900], 3)),
    ),
  );
  expect(failure).toMatchObject({
    code: 'SRVID_MODEL_DIFFERS',
    message: expect.stringMatching(/differs from the original in \d+ of \d+ bytes of layer\.bytes/),
  });
});

test('sizes that the original does not take are passed over; a network that takes none is refused', async () => {
  const halving = (multiple: number) => {
    const network = new Network(2);
    return network.model(network.layer(network.node('SpaceToDepth', [network.input(1)], { blocksize: multiple }), multiple ** 2, 16, 3), 16);
  };
  expect((await proveEqual(halving(8), halving(8))).sizes).toEqual(['16x16', '40x24', '48x64']);
  expect(await failureOf(() => proveEqual(halving(7), halving(7)))).toMatchObject({ code: 'SRVID_MODEL_UNSUPPORTED' });
});

test('a network of one fixed size is run at that', async () => {
  const fixed = () => {
    const network = new Network(2);
    return network.model(network.layer(network.input(1, 'uint8', [33, 20]), 1, 16, 3), 16);
  };
  expect((await proveEqual(fixed(), fixed())).sizes).toEqual(['20x33']);
});

const ends = (type: 'uint8' | 'float32' | 'int32', dims: readonly (number | string)[], step?: number) => {
  const graph = Graph.empty('ends');
  graph.addInput('input', type, dims);
  if (step !== undefined) graph.addConstant('step', { dims: [], data: Float32Array.of(step) });
  if (step !== undefined) graph.addNode('QuantizeLinear', ['input', 'step'], 'bytes');
  graph.addNode('Identity', ['input'], 'output');
  graph.addOutput('output', type, dims);
  return () => pictureNetwork('net.onnx', graph);
};

test.each([
  ['uint8', ['n', 1, 'h', 'w'], undefined, { white: 255, size: undefined, planes: 'y', inputs: [{ name: 'input', type: 'uint8' }] }],
  ['uint8', [1, 3, 90, 160], undefined, { size: { width: 160, height: 90 }, planes: 'rgb', inputs: [{ name: 'input', type: 'uint8' }] }],
  ['float32', [1, 1, 'h', 'w'], 1 / 255, { white: 1 }],
  ['float32', [1, 1, 'h', 'w'], 0.92 / 255, { white: 1 }],
  ['float32', [1, 1, 'h', 'w'], 1, { white: 255 }],
] as const)('%s %j at step %s is a network of pictures', (type, dims, step, expected) => {
  expect(ends(type, dims, step)()).toMatchObject(expected);
});

test.each([
  ['float32', [1, 1, 'h', 'w'], undefined, '--white'],
  ['float32', [1, 1, 'h', 'w'], 2 / 255, '--white'],
  ['int32', [1, 1, 'h', 'w'], undefined, 'neither uint8 nor float32'],
  ['uint8', [1, 'h', 'w'], undefined, '3 axes'],
  ['uint8', ['n', 'h', 'w', 3], undefined, 'channels'],
  ['uint8', [2, 1, 'h', 'w'], undefined, '2 pictures at once'],
  ['uint8', [1, 4, 'h', 'w'], undefined, '4 channels'],
  ['uint8', [1, 1, 64, 'w'], undefined, 'one fixed side'],
] as const)('%s %j at step %s is refused: %s', async (type, dims, step, said) => {
  expect(await failureOf(ends(type, dims, step))).toMatchObject({ code: 'SRVID_MODEL_UNSUPPORTED', message: expect.stringContaining(said) });
});

/** A network of three planes, of these channels, heights and widths. */
function ofPlanes(...planes: readonly (readonly [channels: number, height: number | string, width: number | string])[]) {
  const graph = Graph.empty('planes');
  for (const [index, dims] of planes.entries()) {
    graph.addInput(`in${index}`, 'uint8', [1, ...dims]);
    graph.addNode('Identity', [`in${index}`], `out${index}`);
    graph.addOutput(`out${index}`, 'uint8', [1, ...dims]);
  }
  return () => pictureNetwork('net.onnx', graph);
}

test('three planes of 4:2:0 are a network of pictures, of any size or of one', () => {
  expect(ofPlanes([1, 'h', 'w'], [1, 'a', 'b'], [1, 'a', 'b'])()).toMatchObject({ planes: 'yuv', size: undefined });
  expect(ofPlanes([1, 90, 160], [1, 45, 80], [1, 45, 80])()).toMatchObject({ planes: 'yuv', size: { width: 160, height: 90 } });
});

test.each([
  [
    'planes of one size',
    [
      [1, 90, 160],
      [1, 90, 160],
      [1, 90, 160],
    ],
    'not those of 4:2:0',
  ],
  [
    'planes of any size beside one of a fixed size',
    [
      [1, 'h', 'w'],
      [1, 45, 80],
      [1, 45, 80],
    ],
    'not those of 4:2:0',
  ],
  [
    'a picture of three channels beside two planes',
    [
      [3, 'h', 'w'],
      [1, 'a', 'b'],
      [1, 'a', 'b'],
    ],
    '3 channels',
  ],
  [
    'two planes',
    [
      [1, 'h', 'w'],
      [1, 'a', 'b'],
    ],
    'has 2 inputs and 2 outputs',
  ],
] as const)('%s are refused', async (_, planes, said) => {
  expect(await failureOf(ofPlanes(...planes))).toMatchObject({ code: 'SRVID_MODEL_UNSUPPORTED', message: expect.stringContaining(said) });
});
