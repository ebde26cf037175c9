import { Graph } from './graph.js';
import type { OnnxModel } from './model-file.js';
import { isDequantise, isQuantise, type Scale, scaleOf } from './quantised-conv.js';
import type { NodeProto } from './schema.js';

/** A tensor that a model stores in 8 bits. */
export interface StoredTensor extends Scale {
  /** The tensor's name in the model, where it holds bytes. */
  readonly bytes: string;
  /** The tensor's name in the float twin, where it holds values. */
  readonly value: string;
}

/** Kinds of node that move bytes unchanged, and so do the same to bytes and to values. */
const MOVES = new Set([
  'Gather',
  'Slice',
  'Split',
  'Concat',
  'DepthToSpace',
  'SpaceToDepth',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'MaxPool',
  'Identity',
]);

/**
 * The same network with activations in float: every pair of QuantizeLinear and DequantizeLinear between two operators
 * is left out. Weights keep their 8-bit values. So the twin shows the cost of rounding and clipping activations, and
 * not that of rounding weights. A ReLU is often written as nothing but a zero point at the lower end of the range, so
 * that end stays clipped. The upper end is not clipped, except where the bytes are the network's output.
 */
export function floatTwin(model: OnnxModel): { readonly model: OnnxModel; readonly stored: readonly StoredTensor[] } | { readonly obstacle: string } {
  const graph = new Graph(model);
  const scales = new Map<string, Scale>();
  const stored: StoredTensor[] = [];
  for (const node of [...graph.nodes]) {
    const source = node.input[0] as string;
    if (isQuantise(node)) {
      const scale = scaleOf(graph, node);
      if (!scale) return { obstacle: `${node.output[0]} has a step for each channel` };
      const bytes = node.output[0] as string;
      scales.set(bytes, scale);
      stored.push({ bytes, value: graph.isOutput(bytes) ? floatName(bytes) : bytes, ...scale });
    } else if (isDequantise(node)) {
      const [scale, own] = [scales.get(source), scaleOf(graph, node)];
      if (scale && !sameScale(scale, own)) return { obstacle: `${source} is read at another scale than it is stored at` };
    } else {
      const obstacle = passOn(node, scales);
      if (obstacle) return { obstacle };
    }
  }
  for (const node of [...graph.nodes]) replace(graph, node, scales);
  for (const { name } of graph.outputs) storeOutput(graph, name, scales.get(name));
  return { model: graph.toModel(), stored };
}

const floatName = (output: string) => `${output}.float`;

function sameScale(one: Scale, other: Scale | undefined): boolean {
  return one.step === other?.step && one.zero === other.zero && one.signed === other.signed;
}

/** Records that the results of a node that moves bytes are stored like its inputs; returns the obstacle, if any. */
function passOn(node: NodeProto, scales: Map<string, Scale>): string | undefined {
  const known = node.input.map((name) => scales.get(name));
  const scale = known.find((found) => found !== undefined);
  if (!scale) return undefined;
  if (!MOVES.has(node.opType)) return `${node.opType} (${node.output[0]}) computes with bytes`;
  if (node.opType === 'Concat' && !known.every((other) => other && sameScale(other, scale))) return `${node.output[0]} joins bytes of several scales`;
  for (const output of node.output) scales.set(output, scale);
  return undefined;
}

function replace(graph: Graph, node: NodeProto, scales: ReadonlyMap<string, Scale>): void {
  const [source, output] = [node.input[0] as string, node.output[0] as string];
  if (isQuantise(node)) cutOff(graph, node, scales.get(output) as Scale, isNetworkOutput(graph, output));
  else if (isDequantise(node) && scales.has(source)) Object.assign(node, { opType: 'Identity', input: [source], attribute: [] });
}

/** Turns a QuantizeLinear into its clipping alone, without rounding. */
function cutOff(graph: Graph, node: NodeProto, { step, zero, signed }: Scale, isOutput: boolean): void {
  const [least, most] = signed ? [-128, 127] : [0, 255];
  const bound = (name: string, value: number) => graph.addConstant(`${node.output[0]}.${name}`, { dims: [], data: Float32Array.of((value - zero) * step) });
  const low = isOutput || zero === least ? bound('low', least) : '';
  const high = isOutput ? bound('high', most) : '';
  const input = [node.input[0] as string, low, high];
  while (input.at(-1) === '') input.pop();
  Object.assign(node, { opType: input.length > 1 ? 'Clip' : 'Identity', input, attribute: [] });
}

/** True where bytes reach the network's output through moves alone. */
export function isNetworkOutput(graph: Graph, bytes: string): boolean {
  return graph.isOutput(bytes) || graph.readersOf(bytes).some((node) => MOVES.has(node.opType) && node.output.some((name) => isNetworkOutput(graph, name)));
}

/** Stores an output again in 8 bits, where it was stored so. */
function storeOutput(graph: Graph, name: string, scale: Scale | undefined): void {
  if (!scale) return;
  const rename = (other: string) => (other === name ? floatName(name) : other);
  for (const node of graph.nodes) Object.assign(node, { input: node.input.map(rename), output: node.output.map(rename) });
  const zero = scale.signed ? Int8Array.of(scale.zero) : Uint8Array.of(scale.zero);
  const parameters = [
    graph.addConstant(`${name}.step`, { dims: [], data: Float32Array.of(scale.step) }),
    graph.addConstant(`${name}.zero`, { dims: [], data: zero }),
  ];
  graph.addNode('QuantizeLinear', [floatName(name), ...parameters], name);
}
