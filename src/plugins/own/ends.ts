import { counted } from '../../counted.js';
import { SrvidError } from '../../errors.js';
import type { Graph } from '../../onnx/graph.js';
import type { ValueInfoProto } from '../../onnx/schema.js';
import { elementType } from '../../onnx/tensor.js';
import { dimsOf } from '../../onnx/value-info.js';
import type { Size } from '../contract.js';

/** Order of a picture's axes: batch, channels, height, width, or batch, height, width, channels. */
export type Layout = 'nchw' | 'nhwc';

/** A network's input for pictures. */
export interface PictureInput {
  readonly name: string;
  readonly type: 'uint8' | 'float32';
  readonly layout: Layout;
  /** 1 is luma, 3 is RGB. */
  readonly channels: 1 | 3;
  /** The only size that it takes; undefined where it takes any. */
  readonly size: Size | undefined;
}

/** A user's answers to what a file does not say. */
export interface EndHints {
  readonly planes?: 'y' | 'rgb' | undefined;
  readonly layout?: Layout | undefined;
}

/**
 * Finds a network's input for pictures. Float16 counts as unsupported: `widenHalfEnds` goes before.
 * @param what the network's name in messages
 * @throws SRVID_MODEL_UNSUPPORTED
 */
export function pictureInput(what: string, graph: Graph, hints: EndHints): PictureInput {
  const refuse = (found: string): never => {
    throw new SrvidError(
      'SRVID_MODEL_UNSUPPORTED',
      `${what} ${found}. A network for pictures has one input and one output: uint8, float32 or float16, of four axes, with 1 channel (luma) or 3 (red, green, blue).`,
      { model: what },
    );
  };
  const [input, ...others] = graph.inputs;
  const { outputs } = graph;
  if (!input || others.length > 0 || outputs.length !== 1)
    return refuse(`has ${counted(graph.inputs.length, 'input')} and ${counted(outputs.length, 'output')}`);
  const type = typeOf(input);
  if (type === undefined) return refuse(`reads "${input.name}" in another type`);
  const dims = dimsOf(input);
  const shown = `[${dims.map((size) => size ?? 'free').join(', ')}]`;
  if (dims.length !== 4) return refuse(`reads "${input.name}" with ${dims.length} axes`);
  if (dims[0] !== undefined && dims[0] !== 1) return refuse(`reads ${dims[0]} pictures at once`);
  const layout = hints.layout ?? layoutOf(dims) ?? (kernelChannels(graph, input.name) === undefined ? undefined : 'nchw');
  if (layout === undefined) return refuse(`reads "${input.name}" as ${shown}, which does not say where its channels are; give layout=nchw or layout=nhwc`);
  const axes = layout === 'nchw' ? { channels: 1, height: 2, width: 3 } : { channels: 3, height: 1, width: 2 };
  const channels = dims[axes.channels] ?? (hints.planes ? CHANNELS[hints.planes] : kernelChannels(graph, input.name));
  if (channels === undefined) return refuse(`reads "${input.name}" as ${shown}, which does not say how many channels it takes; give planes=y or planes=rgb`);
  if (channels !== 1 && channels !== 3) return refuse(`reads ${channels} channels ("${input.name}" is ${shown})`);
  if (hints.planes && CHANNELS[hints.planes] !== channels) return refuse(`reads ${channels} channels, but planes=${hints.planes} was given`);
  const [height, width] = [dims[axes.height], dims[axes.width]];
  if ((height === undefined) !== (width === undefined)) return refuse(`reads pictures of which one side is fixed ("${input.name}" is ${shown})`);
  return { name: input.name, type, layout, channels, size: height === undefined || width === undefined ? undefined : { width, height } };
}

const CHANNELS = { y: 1, rgb: 3 } as const;

/** The layout that the number of channels shows; undefined where no axis, or more than one, can be that of channels. */
function layoutOf(dims: readonly (number | undefined)[]): Layout | undefined {
  const isChannels = (size: number | undefined) => size === 1 || size === 3;
  const [first, last] = [isChannels(dims[1]), isChannels(dims[3])];
  if (first === last) return undefined;
  return first ? 'nchw' : 'nhwc';
}

/** Channels that a convolution right at the input reads; convolutions of ONNX are NCHW. */
function kernelChannels(graph: Graph, input: string): number | undefined {
  const conv = graph.readersOf(input).find(({ opType }) => opType === 'Conv');
  return graph.constant(conv?.input[1])?.dims[1];
}

function typeOf({ type }: ValueInfoProto): 'uint8' | 'float32' | undefined {
  const found = elementType(type?.tensorType?.elemType ?? 0);
  return found === 'uint8' || found === 'float32' ? found : undefined;
}
