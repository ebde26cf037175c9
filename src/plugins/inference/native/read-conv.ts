import { intOf, intsOf, stringOf } from '../../../onnx/attribute.js';
import type { Graph } from '../../../onnx/graph.js';
import { isSummedInIntegers, type QuantisedConv, quantisedConv, scaleOf } from '../../../onnx/quantised-conv.js';
import type { NodeProto } from '../../../onnx/schema.js';
import { type Channel, type Picture, REACH, withMargins } from './picture.js';
import type { NativeConv } from './plan.js';
import { Unsupported } from './unsupported.js';

const SIDE = 2 * REACH + 1;
const LARGEST_SUM = 2 ** 31 - 1;

/** A convolution as the graph stores it. */
export interface StoredConv {
  readonly quantised: QuantisedConv;
  /** Name of the tensor of bytes that it reads. */
  readonly reads: string;
  /** Name of the tensor of bytes that it writes. */
  readonly writes: string;
}

/** The quantised form of a convolution, which reads and writes bytes. @throws Unsupported */
export function storedConv(graph: Graph, conv: NodeProto): StoredConv {
  const name = conv.name || conv.output[0];
  const quantised = quantisedConv(graph, conv);
  if ('obstacle' in quantised) throw new Unsupported(`of its convolution ${name}, ${quantised.obstacle}`);
  const { reader, store } = quantised;
  if (scaleOf(graph, reader)?.signed || scaleOf(graph, store)?.signed) throw new Unsupported(`its convolution ${name} reads or gives int8 instead of uint8`);
  if (!isSummedInIntegers(graph, quantised)) throw new Unsupported(`the bias of its convolution ${name} is not in steps of input times weights`);
  return { quantised, reads: reader.input[0] as string, writes: store.output[0] as string };
}

/**
 * A convolution of a picture, as a plan has it: the picture's shifts become places in the kernel, repeated channels are
 * summed. `sizes` are the channels of each value, by its number. @throws Unsupported
 */
export function readConv(graph: Graph, { quantised }: StoredConv, picture: Picture, sizes: readonly number[]): NativeConv {
  const { conv, reader, bias, store, kernel, group } = quantised;
  const name = conv.name || conv.output[0];
  const [channels, perGroup, height, width] = kernel.dims as [number, number, number, number];
  const [dy, dx] = dilationsOf(conv, name);
  const padded = withMargins(picture, padsOf(conv));
  if (picture.channels.length !== perGroup * group) throw new Unsupported(`its convolution ${name} has weights for another number of channels than it reads`);
  if (padded.higher !== (height - 1) * dy || padded.wider !== (width - 1) * dx)
    throw new Unsupported(`its convolution ${name} gives another size than it reads`);
  if (scaleOf(graph, reader)?.zero !== 0) throw new Unsupported(`the picture that its convolution ${name} reads has a zero point other than 0`);
  const values = [...new Set(padded.channels.map(({ value }) => value))].sort((a, b) => a - b);
  const starts = startsOf(values, sizes);
  const sums = new Int32Array(channels * starts.total * SIDE * SIDE);
  const area = height * width;
  for (let output = 0; output < channels; output++) {
    const first = Math.floor(output / (channels / group)) * perGroup;
    for (let channel = 0; channel < perGroup; channel++) {
      const from = padded.channels[first + channel] as Channel;
      const input = (starts.of.get(from.value) as number) + from.channel;
      for (let tap = 0; tap < area; tap++) {
        const weight = kernel.data[(output * perGroup + channel) * area + tap] as number;
        if (weight === 0) continue;
        const row = Math.floor(tap / width) * dy + from.dy + REACH;
        const column = (tap % width) * dx + from.dx + REACH;
        if (row < 0 || column < 0 || row >= SIDE || column >= SIDE) throw new Unsupported(`the kernel of its convolution ${name} reaches further than 5x5`);
        const place = ((output * starts.total + input) * SIDE + row) * SIDE + column;
        sums[place] = (sums[place] as number) + weight;
      }
    }
  }
  const shape = cropped(sums, name);
  const read = {
    ...{ inputs: values, channels, ...shape },
    bias: bias ? Int32Array.from(graph.constant(bias.input[0])?.data as Int32Array) : new Int32Array(channels),
    multiplier: multipliersOf(graph, quantised, channels),
    zeroPoint: scaleOf(graph, store)?.zero ?? 0,
  };
  if (read.bias.length !== channels) throw new Unsupported(`its convolution ${name} has a bias of another length than its channels`);
  assertSumsFit(read, name);
  return read;
}

/** Rows are height, columns width. */
function dilationsOf(conv: NodeProto, name: string | undefined): [number, number] {
  const { strides = [1, 1], dilations = [1, 1] } = { strides: intsOf(conv, 'strides'), dilations: intsOf(conv, 'dilations') };
  if (strides.some((step) => step !== 1)) throw new Unsupported(`its convolution ${name} has a stride`);
  if (!['', 'NOTSET'].includes(stringOf(conv, 'auto_pad'))) throw new Unsupported(`its convolution ${name} pads automatically (auto_pad)`);
  return [dilations[0] ?? 1, dilations[1] ?? 1];
}

function padsOf(conv: NodeProto) {
  const [top = 0, left = 0, bottom = 0, right = 0] = intsOf(conv, 'pads') ?? [];
  return { top, left, bottom, right };
}

function startsOf(values: readonly number[], sizes: readonly number[]): { readonly of: ReadonlyMap<number, number>; readonly total: number } {
  const of = new Map<number, number>();
  let total = 0;
  for (const value of values) {
    of.set(value, total);
    total += sizes[value] as number;
  }
  return { of, total };
}

/** The smallest kernel that holds all weights, each of which must be 8 bits wide. */
function cropped(sums: Int32Array, name: string | undefined): Pick<NativeConv, 'kernel' | 'weights'> {
  let reach = 0;
  // Not by an iterator, which would take most of the time of reading a network.
  for (let index = 0; index < sums.length; index++) {
    const weight = sums[index] as number;
    if (weight === 0) continue;
    if (weight < -128 || weight > 127) throw new Unsupported(`its convolution ${name} reads a channel twice, with weights whose sum is no int8`);
    const [row, column] = [Math.floor(index / SIDE) % SIDE, index % SIDE];
    reach = Math.max(reach, Math.abs(row - REACH), Math.abs(column - REACH));
  }
  const kernel = (2 * reach + 1) as NativeConv['kernel'];
  const weights = new Int8Array((sums.length / SIDE ** 2) * kernel ** 2);
  for (let index = 0; index < weights.length; index++) {
    const [filter, row, column] = [Math.floor(index / kernel ** 2), Math.floor(index / kernel) % kernel, index % kernel];
    weights[index] = sums[(filter * SIDE + row + REACH - reach) * SIDE + column + REACH - reach] as number;
  }
  return { kernel, weights };
}

/** Input step x weight step / output step, in float32 and in this order, as ONNX Runtime computes them: the results' bytes depend on it. */
function multipliersOf(graph: Graph, { conv, reader, weights, store }: QuantisedConv, channels: number): Float32Array {
  const [from, to] = [scaleOf(graph, reader)?.step ?? Number.NaN, scaleOf(graph, store)?.step ?? Number.NaN];
  const steps = graph.constant(weights.input[1])?.data as Float32Array;
  const isForEach = steps.length === channels && intOf(weights, 'axis', 1) === 0;
  const multipliers = Float32Array.from({ length: channels }, (_, index) => Math.fround(from * (steps[isForEach ? index : 0] as number)) / to);
  const isSound = steps.length === 1 || isForEach;
  if (!isSound || multipliers.some((multiplier) => !(multiplier > 0 && multiplier < Number.POSITIVE_INFINITY)))
    throw new Unsupported(`the weights of its convolution ${conv.name || conv.output[0]} have other steps than one, or one for each filter`);
  return multipliers;
}

/** Sums of 32 bits must not overflow, whatever the picture. */
function assertSumsFit({ weights, bias, channels }: NativeConv, name: string | undefined): void {
  const filter = weights.length / channels;
  for (let output = 0; output < channels; output++) {
    const most = weights
      .subarray(output * filter, (output + 1) * filter)
      .reduce((sum, weight) => sum + 255 * Math.abs(weight), Math.abs(bias[output] as number));
    if (most > LARGEST_SUM) throw new Unsupported(`the sums of its convolution ${name} may exceed 32 bits`);
  }
}
