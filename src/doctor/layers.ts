import { intOf } from '../onnx/attribute.js';
import { floatTwin, isNetworkOutput, type StoredTensor } from '../onnx/float-twin.js';
import { Graph } from '../onnx/graph.js';
import type { OnnxModel } from '../onnx/model-file.js';
import { isConv, isQuantise } from '../onnx/quantised-conv.js';
import type { NodeProto } from '../onnx/schema.js';
import type { LayerReport } from './report.js';
import type { Tally } from './tally.js';

/** A network and its float twin, each with its stored tensors as further outputs. */
export interface Exposed {
  readonly network: OnnxModel;
  /** Undefined where no twin can be made; `obstacle` then says why. */
  readonly twin: OnnxModel | undefined;
  readonly obstacle: string | undefined;
  readonly stored: readonly StoredTensor[];
}

/** Rewrites copies of a model so that every tensor which it stores in 8 bits becomes an output. */
export function expose(model: OnnxModel): Exposed {
  const twin = floatTwin(model);
  if ('obstacle' in twin) return { network: model, twin: undefined, obstacle: twin.obstacle, stored: [] };
  return {
    network: withOutputs(
      model,
      twin.stored.map(({ bytes }) => bytes),
    ),
    twin: withOutputs(
      twin.model,
      twin.stored.map(({ value }) => value),
    ),
    obstacle: undefined,
    stored: twin.stored,
  };
}

function withOutputs(model: OnnxModel, names: readonly string[]): OnnxModel {
  const graph = new Graph(model);
  for (const name of names.filter((candidate) => !graph.isOutput(candidate))) graph.addOutput(name);
  return graph.toModel();
}

/** Reports every stored tensor, in the order of the network. */
export function reportLayers(model: OnnxModel, tallies: readonly Tally[]): LayerReport[] {
  const graph = new Graph(model);
  const snrs = new Map<string, number | undefined>();
  return tallies.map((tally) => {
    const { bytes } = tally.tensor;
    const figures = tally.report(isNetworkOutput(graph, bytes));
    snrs.set(bytes, figures.snr);
    const conv = convolutionOf(graph, bytes);
    const before = conv && snrs.get(storedBefore(graph, conv.input[0]) ?? '');
    const shared = { name: bytes, depthwise: conv !== undefined && isDepthwise(graph, conv), ...rounded(figures) };
    const loss = before === undefined || figures.snr === undefined ? undefined : Number((before - figures.snr).toFixed(2));
    return { ...shared, ...(conv ? { convolution: nameOf(conv) } : {}), ...(loss === undefined ? {} : { snrLoss: loss }) };
  });
}

/**
 * Finds convolutions whose weights share one step although their filters differ so much that many use few of its
 * levels.
 */
export function coarseFilters(model: OnnxModel): { readonly name: string; readonly filters: number; readonly coarse: number }[] {
  const graph = new Graph(model);
  return graph.nodes.filter(isConv).flatMap((conv) => {
    const reader = graph.writerOf(conv.input[1]);
    const [kernel, step] = [graph.constant(reader?.input[0]), graph.constant(reader?.input[1])];
    if (!kernel || !(kernel.data instanceof Int8Array) || step?.data.length !== 1) return [];
    const filters = kernel.dims[0] as number;
    const size = kernel.data.length / filters;
    const largest = Array.from({ length: filters }, (_, filter) => largestOf(kernel.data.subarray(filter * size, (filter + 1) * size) as Int8Array));
    const coarse = largest.filter((most) => most > 0 && most < COARSE).length;
    return coarse > 0 ? [{ name: nameOf(conv), filters, coarse }] : [];
  });
}

function largestOf(weights: Int8Array): number {
  return weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
}

/** A filter whose largest weight is below this has lost at least 3 of its 7 bits. */
const COARSE = 16;

/** The convolution's name, the same as in `ConvolutionReport`. */
function nameOf(conv: NodeProto): string {
  return conv.name || (conv.output[0] as string);
}

function convolutionOf(graph: Graph, bytes: string): NodeProto | undefined {
  let node = graph.writerOf(graph.writerOf(bytes)?.input[0]);
  while (node && (node.opType === 'Relu' || node.opType === 'Clip')) node = graph.writerOf(node.input[0]);
  return node && isConv(node) ? node : undefined;
}

/** The stored tensor from which a value is computed, through nodes that only move values. */
function storedBefore(graph: Graph, value: string | undefined): string | undefined {
  const node = graph.writerOf(value);
  if (!node || isConv(node)) return undefined;
  return isQuantise(node) ? node.output[0] : storedBefore(graph, node.input[0]);
}

function isDepthwise(graph: Graph, conv: NodeProto): boolean {
  const group = intOf(conv, 'group', 1);
  const dims = graph.constant(graph.writerOf(conv.input[1])?.input[0])?.dims;
  return group > 1 && dims?.[1] === 1;
}

function rounded<T extends object>(figures: T): T {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number((value as number).toPrecision(5))])) as T;
}
