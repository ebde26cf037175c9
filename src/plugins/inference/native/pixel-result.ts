import { intsOf } from '../../../onnx/attribute.js';
import type { Graph } from '../../../onnx/graph.js';
import { isDequantise, scaleOf } from '../../../onnx/quantised-conv.js';
import type { NodeProto } from '../../../onnx/schema.js';
import { isUnmoved, type Picture } from './picture.js';
import type { NativeOutput } from './plan.js';
import { Unsupported } from './unsupported.js';

/** An output that has the channels of each pixel side by side, [pixels, channels], and the convolution that it is. */
export interface PixelResult extends Omit<NativeOutput, 'result'> {
  /** Number of the value, as in a plan. */
  readonly value: number;
  /** The value's channels in the order of the output. */
  readonly order: readonly number[];
}

/**
 * The picture behind a Transpose to channels last, or behind the Reshape that follows it and makes one row of each pixel. Nothing but an output
 * reads these. @throws Unsupported for other ones
 */
export function pixelRows(graph: Graph, node: NodeProto, pictures: ReadonlyMap<string, Picture>, pixels: ReadonlyMap<string, Picture>): Picture {
  const [input = '', shape = ''] = node.input;
  const picture = node.opType === 'Transpose' ? pictures.get(input) : pixels.get(input);
  const found = node.opType === 'Transpose' ? intsOf(node, 'perm') : [...(graph.constant(shape)?.data ?? [])].map(Number);
  const wanted = node.opType === 'Transpose' ? [0, 2, 3, 1] : [-1, picture?.channels.length];
  if (picture && found?.length === wanted.length && found.every((number, index) => number === wanted[index])) return picture;
  throw new Unsupported(`it has a ${node.opType} that makes no rows of pixels`);
}

/** The result that is the output `name`, as bytes or as the values that they mean. @throws Unsupported where it is none */
export function pixelResult(graph: Graph, name: string, pixels: ReadonlyMap<string, Picture>): PixelResult {
  const writer = graph.writerOf(name);
  const dequantise = isDequantise(writer) ? writer : undefined;
  const rows = dequantise ? (dequantise.input[0] as string) : name;
  const picture = graph.writerOf(rows)?.opType === 'Reshape' ? pixels.get(rows) : undefined;
  const scale = dequantise && scaleOf(graph, dequantise);
  const [value, ...others] = new Set(picture?.channels.map((channel) => channel.value));
  if (!picture || !isUnmoved(picture) || value === undefined || others.length > 0 || (dequantise && (!scale || scale.signed)))
    throw new Unsupported(`its output ${name} is not that of one convolution`);
  return { name, value, order: picture.channels.map(({ channel }) => channel), values: scale && { step: scale.step, zero: scale.zero } };
}
