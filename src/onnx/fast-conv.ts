import type { Graph } from './graph.js';
import { type QuantisedConv, quantisedConv } from './quantised-conv.js';
import type { NodeProto } from './schema.js';
import { canSpread } from './spread.js';

/**
 * Requirements of ONNX Runtime's fast int8 convolution on x86 ("ConvSym": MLAS `convsym.cpp`, `MlasConvSymPackWSize`):
 * uint8 activations, int8 weights with zero point 0, no groups, input channels a multiple of 4, output channels at
 * least 16 and a multiple of 4 (AVX-512) or 8 (AVX2); or depthwise with a multiple of 16 channels. Every other
 * convolution goes through a general matrix product, which is several times slower.
 * This is the multiple of input channels.
 */
export const INPUT_MULTIPLE = 4;
/** The least number of output channels of a fast convolution. */
export const OUTPUT_LEAST = 16;
/** The multiple of channels of a fast depthwise convolution. */
export const DEPTHWISE_MULTIPLE = 16;

/** The required multiple of output channels: 4 on CPUs with AVX-512, 8 on the others. */
export type OutputMultiple = 4 | 8;

/**
 * Above this width, the zeros of a dense kernel cost as much as the fast path gains (measured on AVX-512 with VNNI).
 */
const DENSE_CHANNELS = 256;
const DENSE_DEPTHWISE_CHANNELS = 28;

/** A rewrite that fits a convolution to the fast path. Several are applied in the order of `kind`. */
export interface Rewrite {
  readonly kind: 'dense' | 'spread' | 'pad-input' | 'pad-output';
  /** Number of groups, side of the kernel, or number of channels: before and after. */
  readonly from: number;
  readonly to: number;
}

/**
 * A convolution's fitness for the fast path: the obstacle that keeps it from int8, or the rewrites that make it fast.
 * Without either it is fast.
 */
export type ConvVerdict =
  | { readonly obstacle: string }
  | { readonly quantised: QuantisedConv; readonly rewrites: readonly Rewrite[]; readonly tooWide: boolean };

/** Judges a convolution by the requirements of the fast path. */
export function judgeConv(graph: Graph, conv: NodeProto, outputMultiple: OutputMultiple): ConvVerdict {
  const quantised = quantisedConv(graph, conv);
  if ('obstacle' in quantised) return quantised;
  const { group, kernel } = quantised;
  const [outputs, groupInputs] = kernel.dims as [number, number, number, number];
  const inputs = groupInputs * group;
  const depthwise = group > 1 && groupInputs === 1 && outputs === group;
  if (depthwise && group % DEPTHWISE_MULTIPLE === 0) return { quantised, rewrites: [], tooWide: false };
  if (group > 1 && inputs > (depthwise ? DENSE_DEPTHWISE_CHANNELS : DENSE_CHANNELS)) return { quantised, rewrites: [], tooWide: true };
  const [wideInputs, wideOutputs] = [up(inputs, INPUT_MULTIPLE), Math.max(OUTPUT_LEAST, up(outputs, outputMultiple))];
  const spread = group === 1 && canSpread(graph, quantised);
  const rewrites: Rewrite[] = [
    ...(group > 1 ? [{ kind: 'dense' as const, from: group, to: 1 }] : []),
    ...(spread ? [{ kind: 'spread' as const, from: 5, to: 3 }] : []),
    ...(!spread && wideInputs > inputs ? [{ kind: 'pad-input' as const, from: inputs, to: wideInputs }] : []),
    ...(wideOutputs > outputs ? [{ kind: 'pad-output' as const, from: outputs, to: wideOutputs }] : []),
  ];
  return { quantised, rewrites, tooWide: false };
}

/** The smallest multiple of `multiple` that is at least `count`. */
export function up(count: number, multiple: number): number {
  return Math.ceil(count / multiple) * multiple;
}
