import { Graph } from './graph.js';
import type { OnnxModel } from './schema.js';

/** ONNX's numbers for the element types of 16 and 32 bits. */
const HALF = 10;
const SINGLE = 1;

/**
 * The same network with float32 in place of float16 at its inputs and outputs: a conversion follows each input and
 * precedes each output. Inside, nothing changes. JavaScript of Node 20 has no arrays of float16.
 */
export function widenHalfEnds(model: OnnxModel): OnnxModel {
  const graph = new Graph(model);
  for (const { name, type } of graph.inputs) {
    if (type?.tensorType?.elemType !== HALF) continue;
    const inner = graph.renameReads(name);
    type.tensorType.elemType = SINGLE;
    graph.addNode('Cast', [name], inner, { to: HALF }, 0);
  }
  for (const { name, type } of graph.outputs) {
    if (type?.tensorType?.elemType !== HALF) continue;
    const inner = graph.renameWrites(name);
    type.tensorType.elemType = SINGLE;
    graph.addNode('Cast', [inner], name, { to: SINGLE });
  }
  return graph.toModel();
}
