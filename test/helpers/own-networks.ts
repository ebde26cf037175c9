import { randomFrom } from '../../dist/eval/random.js';
import { Graph } from '../../dist/onnx/graph.js';
import { serializeModel } from '../../dist/onnx/model-file.js';

/** ONNX's number for float16. */
const HALF = 10;

/** A super-resolver's shape: how its pictures enter and leave. */
export interface Shape {
  readonly channels?: 1 | 3;
  readonly scale?: number;
  readonly layout?: 'nchw' | 'nhwc';
  /** The value of white. */
  readonly white?: 1 | 255;
  readonly size?: { readonly width: number; readonly height: number };
  readonly type?: 'float32' | 'float16' | 'uint8';
  /** Pixels that the first convolution unshuffles: sides must be multiples. */
  readonly fold?: number;
  readonly width?: number;
  readonly depth?: number;
  /** After each inner convolution a gate: x times sigmoid of x, and then (x + what came in) times (sigmoid of x - 1/2), as published attention does. */
  readonly gated?: boolean;
  /** Weights and sums in float16, too. */
  readonly halfInside?: boolean;
  /** Pictures and weights pass QuantizeLinear and DequantizeLinear. */
  readonly quantised?: boolean;
}

/**
 * A network like published compact super-resolvers, with small random weights: 3x3 convolutions with PReLU, pixel
 * shuffle, and the input repeated to the output's size added to it.
 */
export function superResolver(shape: Shape = {}): Uint8Array {
  const { channels = 3, scale = 2, layout = 'nchw', white = 1, size, type = 'float32', fold = 1, width = 8, depth = 2 } = shape;
  const { gated = false, halfInside = false, quantised = false } = shape;
  const next = randomFrom(7);
  const graph = Graph.empty('look-alike');
  const sides = size ? [size.height, size.width] : ['h', 'w'];
  const dims = layout === 'nchw' ? ['n', channels, ...sides] : ['n', ...sides, channels];
  graph.addInput('input', type === 'float16' ? 'float32' : type, dims);
  let value = 'input';
  if (type !== 'float32') value = graph.addNode('Cast', [value], 'float', { to: 1 });
  if (layout === 'nhwc') value = graph.addNode('Transpose', [value], 'planes', { perm: [0, 3, 1, 2] });
  if (quantised) value = requantised(graph, value, 'picture', white / 255, 0);
  if (halfInside) value = graph.addNode('Cast', [value], 'half', { to: HALF });
  /** A constant in the type of the sums. */
  const constant = (name: string, dims: readonly number[], data: Float32Array) => {
    const plain = graph.addConstant(name, { dims, data });
    if (quantised && dims.length === 4) return requantised(graph, plain, name, 0.1 / 127, 128);
    return halfInside ? graph.addNode('Cast', [plain], `${name}-half`, { to: HALF }) : plain;
  };
  const picture = value;
  if (fold > 1) value = graph.addNode('SpaceToDepth', [value], 'folded', { blocksize: fold });
  let read = channels * fold * fold;
  for (let layer = 0; layer <= depth; layer++) {
    const last = layer === depth;
    const written = last ? channels * (scale * fold) ** 2 : width;
    const weights = Float32Array.from({ length: written * read * 9 }, () => (next() - 0.5) * 0.2);
    const bias = Float32Array.from({ length: written }, () => (next() - 0.5) * 0.1 * white);
    const [w, b] = [constant(`w${layer}`, [written, read, 3, 3], weights), constant(`b${layer}`, [written], bias)];
    const before = value;
    value = graph.addNode('Conv', [value, w, b], `conv${layer}`, { pads: [1, 1, 1, 1], kernel_shape: [3, 3] });
    if (!last && gated) {
      const silu = graph.addNode('Mul', [value, graph.addNode('Sigmoid', [value], `sigmoid${layer}`)], `silu${layer}`);
      const shifted = graph.addNode(
        'Sub',
        [graph.addNode('Sigmoid', [silu], `likeness${layer}`), constant(`middle${layer}`, [1], Float32Array.of(0.5))],
        `gate${layer}`,
      );
      const sum = read === written ? graph.addNode('Add', [silu, before], `skip${layer}`) : silu;
      value = graph.addNode('Mul', [sum, shifted], `gated${layer}`);
    } else if (!last) {
      const slope = constant(
        `slope${layer}`,
        [written, 1, 1],
        Float32Array.from({ length: written }, () => next() * 0.3),
      );
      value = graph.addNode('PRelu', [value, slope], `prelu${layer}`);
    }
    read = written;
  }
  value = graph.addNode('DepthToSpace', [value], 'detail', { blocksize: scale * fold, mode: 'CRD' });
  const factors = graph.addConstant('factors', { dims: [4], data: Float32Array.of(1, 1, scale, scale) });
  const large = graph.addNode('Resize', [picture, '', factors], 'large', {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
  value = graph.addNode('Add', [value, large], 'sum');
  if (halfInside) value = graph.addNode('Cast', [value], 'whole', { to: 1 });
  if (layout === 'nhwc') value = graph.addNode('Transpose', [value], 'pixels', { perm: [0, 2, 3, 1] });
  if (type === 'uint8') {
    const [low, high] = [0, 255].map((level) => graph.addConstant(`level${level}`, { dims: [], data: Float32Array.of(level) })) as [string, string];
    value = graph.addNode('Cast', [graph.addNode('Clip', [graph.addNode('Round', [value], 'rounded'), low, high], 'limited')], 'bytes', { to: 2 });
  }
  if (type === 'float16') graph.addNode('Cast', [value], 'output', { to: HALF });
  else graph.addNode('Identity', [value], 'output');
  graph.addOutput(
    'output',
    type === 'float16' ? 'float32' : type,
    dims.map((side) => (typeof side === 'string' && side !== 'n' ? `${side}2` : size && typeof side === 'number' && side !== channels ? side * scale : side)),
  );
  const model = graph.toModel();
  if (type === 'float16') for (const { type: of } of [...model.graph.input, ...model.graph.output]) if (of?.tensorType) of.tensorType.elemType = HALF;
  return serializeModel(model);
}

/** Passes a value through eight bits. */
function requantised(graph: Graph, value: string, name: string, step: number, middle: number): string {
  const ends = [
    graph.addConstant(`${name}-step`, { dims: [], data: Float32Array.of(step) }),
    graph.addConstant(`${name}-middle`, { dims: [], data: Uint8Array.of(middle) }),
  ];
  const bytes = graph.addNode('QuantizeLinear', [value, ...ends], `${name}-bytes`);
  return graph.addNode('DequantizeLinear', [bytes, ...ends], `${name}-back`);
}
