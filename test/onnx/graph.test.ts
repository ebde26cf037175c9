import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Graph } from '../../dist/onnx/graph.js';
import { NodeSchema, TensorSchema } from '../../dist/onnx/schema.js';
import { readTensor, writeTensor } from '../../dist/onnx/tensor.js';
import { failureOf } from '../helpers/errors.js';

function small(): Graph {
  const graph = Graph.empty('small');
  graph.addInput('input', 'float32', [1, 1, 'h', 'w']);
  graph.addConstant('two', { dims: [], data: Float32Array.of(2) });
  graph.addNode('Mul', ['input', 'two'], 'double');
  graph.addOutput('double', 'float32', [1, 1, 'h', 'w']);
  return graph;
}

test('what nothing reads is left out, and a graph is a copy of its model', () => {
  const graph = small();
  graph.addConstant('idle', { dims: [2], data: Float32Array.of(1, 2) });
  graph.addNode('Add', ['double', 'idle'], 'unread');
  const model = graph.toModel();
  expect(model.graph.node.map(({ opType }) => opType)).toEqual(['Mul']);
  expect(model.graph.initializer.map(({ name }) => name)).toEqual(['two']);
  new Graph(model).nodes.length = 0;
  expect(model.graph.node).toHaveLength(1);
});

test('constants are found where old files list them among the inputs, and inside Constant nodes', () => {
  const model = small().toModel();
  const graph = new Graph(model);
  graph.addInput('two', 'float32', []);
  expect(new Graph(graph.toModel()).inputs.map(({ name }) => name)).toEqual(['input']);
  const value = writeTensor('', { dims: [3], data: Int8Array.of(-1, 0, 1) });
  model.graph.node.unshift(create(NodeSchema, { opType: 'Constant', output: ['three'], attribute: [{ name: 'value', type: 4, t: value }] }));
  expect(new Graph(model).constant('three')).toEqual({ dims: [3], data: Int8Array.of(-1, 0, 1) });
});

test('a name that is taken gets a number, for tensors and for nodes', () => {
  const graph = small();
  expect(graph.addConstant('two', { dims: [], data: Float32Array.of(3) })).toBe('two.2');
  expect(graph.unusedName('input')).toBe('input.2');
  expect(graph.unusedName('new')).toBe('new');
  graph.addNode('Neg', ['double'], 'negative');
  for (const node of graph.nodes) node.name = 'same';
  graph.addNode('Neg', ['double'], 'same');
  expect(graph.nodes.at(-1)?.name).toBe('same.2');
});

test('values are read from raw bytes at any offset and from the fields of their type', () => {
  const raw = Uint8Array.from([9, 0, 0, 128, 63]).subarray(1);
  expect(readTensor(create(TensorSchema, { dims: [1n], dataType: 1, rawData: raw }))).toEqual({ dims: [1], data: Float32Array.of(1) });
  expect(readTensor(create(TensorSchema, { dims: [2n], dataType: 3, int32Data: [-5, 7] }))).toEqual({ dims: [2], data: Int8Array.of(-5, 7) });
  expect(readTensor(create(TensorSchema, { dims: [1n], dataType: 7, int64Data: [-1n] }))).toEqual({ dims: [1], data: BigInt64Array.of(-1n) });
  expect(readTensor(create(TensorSchema, { dims: [1n], dataType: 8 }))).toBeUndefined();
});

test('values that lie in another file, or are too few, are refused by name', async () => {
  const outside = create(TensorSchema, { name: 'weights', dims: [1n], dataType: 1, dataLocation: 1 });
  expect(await failureOf(() => readTensor(outside))).toMatchObject({ code: 'SRVID_MODEL_UNSUPPORTED', message: expect.stringContaining('weights') });
  const short = create(TensorSchema, { name: 'weights', dims: [2n], dataType: 1, rawData: new Uint8Array(4) });
  expect(await failureOf(() => readTensor(short))).toMatchObject({ code: 'SRVID_MODEL_INVALID', message: expect.stringContaining('weights') });
});
