import { Graph } from './graph.js';
import { parseModel, serializeModel } from './model-file.js';
import type { NodeProto } from './schema.js';

/**
 * The same network without weights that two operators share: each reader of a dequantised constant gets its own copy of
 * the constant and of the DequantizeLinear. On CPUs without VNNI, ONNX Runtime cannot load a network that shares
 * quantised weights and be exact (`onnx-runtime.ts` says why). `name` is the model's name in messages.
 * @throws SRVID_MODEL_INVALID
 */
export function unshareWeights(bytes: Uint8Array, name: string): Uint8Array {
  const graph = new Graph(parseModel(bytes, name));
  const taken = new Set<string>();
  for (const node of graph.nodes.filter(({ opType, input }) => opType === 'DequantizeLinear' && graph.constant(input[0]))) {
    const [weights, output] = [node.input[0] as string, node.output[0] as string];
    if (taken.has(weights)) readOwnCopy(graph, node);
    taken.add(weights);
    for (const reader of graph.readersOf(output).slice(1)) {
      const own = graph.addNode('DequantizeLinear', node.input, graph.unusedName(output), {}, graph.nodes.indexOf(node) + 1);
      const copy = graph.writerOf(own) as NodeProto;
      copy.attribute = node.attribute;
      readOwnCopy(graph, copy);
      reader.input = reader.input.map((read) => (read === output ? own : read));
    }
  }
  return serializeModel(graph.toModel());
}

function readOwnCopy(graph: Graph, node: NodeProto): void {
  node.input = node.input.map((name) => {
    const constant = graph.constant(name);
    return constant ? graph.addConstant(name, constant) : name;
  });
}
