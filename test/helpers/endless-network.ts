import { create } from '@bufbuild/protobuf';
import { Graph } from '../../dist/onnx/graph.js';
import { serializeModel } from '../../dist/onnx/model-file.js';
import { AttributeSchema, ModelSchema, type NodeProto } from '../../dist/onnx/schema.js';

const GRAPH_ATTRIBUTE = 5;
const BOOL = 9;

/** A luma network whose one node, a loop, ends after 2^63 rounds: native code that is entered and not left. */
export function endlessNetwork(): Uint8Array {
  const graph = Graph.empty('endless');
  graph.addInput('input', 'float32', ['n', 1, 'h', 'w']);
  const rounds = graph.addConstant('rounds', { dims: [], data: BigInt64Array.of(2n ** 63n - 1n) });
  const [step, zero] = [
    graph.addConstant('step', { dims: [], data: Float32Array.of(1 / 255) }),
    graph.addConstant('zero', { dims: [], data: Uint8Array.of(0) }),
  ];
  graph.addNode('Loop', [rounds, '', 'input'], 'result');
  // Quantised in part, or there would be nothing to lower.
  graph.addNode('DequantizeLinear', [graph.addNode('QuantizeLinear', ['result', step, zero], 'bytes'), step, zero], 'output');
  graph.addOutput('output', 'float32', ['n', 1, 'h', 'w']);
  (graph.nodes[0] as NodeProto).attribute.push(create(AttributeSchema, { name: 'body', type: GRAPH_ATTRIBUTE, g: body() }));
  return serializeModel(graph.toModel());
}

/** One round: goes on where it went on before, and makes every value positive. */
function body() {
  const scalar = (elemType: number) => ({ tensorType: { elemType, shape: { dim: [] } } });
  const picture = { tensorType: { elemType: 1 } };
  return create(ModelSchema, {
    graph: {
      name: 'round',
      node: [
        { opType: 'Identity', input: ['goes_on'], output: ['goes_on_still'] },
        { opType: 'Abs', input: ['values'], output: ['positive'] },
      ],
      input: [
        { name: 'round_number', type: scalar(7) },
        { name: 'goes_on', type: scalar(BOOL) },
        { name: 'values', type: picture },
      ],
      output: [
        { name: 'goes_on_still', type: scalar(BOOL) },
        { name: 'positive', type: picture },
      ],
    },
  }).graph;
}
