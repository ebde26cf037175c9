import { randomFrom } from '../../dist/doctor/random.js';
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
}

/**
 * A network like published compact super-resolvers, with small random weights: 3x3 convolutions with PReLU, pixel
 * shuffle, and the input repeated to the output's size added to it.
 */
export function superResolver(shape: Shape = {}): Uint8Array {
  const { channels = 3, scale = 2, layout = 'nchw', white = 1, size, type = 'float32', fold = 1, width = 8, depth = 2 } = shape;
  const next = randomFrom(7);
  const graph = Graph.empty('look-alike');
  const sides = size ? [size.height, size.width] : ['h', 'w'];
  const dims = layout === 'nchw' ? ['n', channels, ...sides] : ['n', ...sides, channels];
  graph.addInput('input', type === 'float16' ? 'float32' : type, dims);
  let value = 'input';
  if (type !== 'float32') value = graph.addNode('Cast', [value], 'float', { to: 1 });
  if (layout === 'nhwc') value = graph.addNode('Transpose', [value], 'planes', { perm: [0, 3, 1, 2] });
  const picture = value;
  if (fold > 1) value = graph.addNode('SpaceToDepth', [value], 'folded', { blocksize: fold });
  let read = channels * fold * fold;
  for (let layer = 0; layer <= depth; layer++) {
    const last = layer === depth;
    const written = last ? channels * (scale * fold) ** 2 : width;
    const weights = Float32Array.from({ length: written * read * 9 }, () => (next() - 0.5) * 0.2);
    const bias = Float32Array.from({ length: written }, () => (next() - 0.5) * 0.1 * white);
    const [w, b] = [
      graph.addConstant(`w${layer}`, { dims: [written, read, 3, 3], data: weights }),
      graph.addConstant(`b${layer}`, { dims: [written], data: bias }),
    ];
    value = graph.addNode('Conv', [value, w, b], `conv${layer}`, { pads: [1, 1, 1, 1], kernel_shape: [3, 3] });
    if (!last) {
      const slope = graph.addConstant(`slope${layer}`, { dims: [written, 1, 1], data: Float32Array.from({ length: written }, () => next() * 0.3) });
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
