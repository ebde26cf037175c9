import { SrvidError } from '../errors.js';
import { intOf, setAttribute } from './attribute.js';
import { judgeConv, type OutputMultiple, type Rewrite } from './fast-conv.js';
import { Graph } from './graph.js';
import type { OnnxModel } from './model-file.js';
import { canStoreUnsigned, isConv, isDequantise, isQuantise, type QuantisedConv, scaleOf } from './quantised-conv.js';
import type { NodeProto } from './schema.js';
import { addShiftedPlanes, spreadKernel } from './spread.js';
import type { Constant, TensorData } from './tensor.js';

/** The rewrites of one convolution. */
export interface Lowered {
  /** The node's name or, where it has none, its result's. */
  readonly conv: string;
  readonly rewrites: readonly Rewrite[];
}

/**
 * The same function in shapes for ONNX Runtime's fast int8 convolution (fast-conv.ts). Channels are padded with filters
 * of zeros, whose products add nothing to the integer sums. Grouped kernels are written as their dense, block-diagonal
 * form, and a 5x5 kernel on one plane as a 3x3 kernel on four. The result is the same to the bit.
 * `models/training/quantise/lower.py` does the same for the trainer; a test compares the bytes of both.
 */
export function lower(model: OnnxModel, outputMultiple: OutputMultiple = 4): { readonly model: OnnxModel; readonly lowered: readonly Lowered[] } {
  const graph = new Graph(model);
  storeUnsigned(graph);
  const lowering = new Lowering(graph);
  const lowered: Lowered[] = [];
  for (const conv of graph.nodes.filter(isConv)) {
    const verdict = judgeConv(graph, conv, outputMultiple);
    if ('obstacle' in verdict || verdict.tooWide) continue;
    lowering.apply(verdict.quantised, verdict.rewrites);
    if (verdict.rewrites.length > 0) lowered.push({ conv: conv.name || (conv.output[0] as string), rewrites: verdict.rewrites });
  }
  return { model: graph.toModel(), lowered };
}

/**
 * Stores tensors between QuantizeLinear and DequantizeLinear as uint8 instead of int8, with values and zero point 128
 * higher. ONNX Runtime does so itself on x86, but only where one directly follows the other.
 */
function storeUnsigned(graph: Graph): void {
  for (const store of graph.nodes.filter(isQuantise)) {
    const tensor = store.output[0] as string;
    if (!canStoreUnsigned(graph, tensor)) continue;
    for (const node of [store, ...graph.readersOf(tensor)]) {
      const zero = scaleOf(graph, node)?.zero ?? 0;
      node.input[2] = graph.addConstant(`${node.input[2]}.unsigned`, { dims: [], data: Uint8Array.of(zero + 128) });
    }
  }
}

class Lowering {
  /** Wide versions of stored pictures, by the picture's name; their added channels may hold any values. */
  readonly #wide = new Map<string, { readonly name: string; readonly width: number }>();

  constructor(private readonly graph: Graph) {}

  apply(shared: QuantisedConv, rewrites: readonly Rewrite[]): void {
    const dense = rewrites.find(({ kind }) => kind === 'dense');
    const padded = rewrites.find(({ kind }) => kind === 'pad-output');
    if (shared.group > 1 && !dense) return;
    const { conv } = shared;
    const quantised = { ...shared, weights: this.#own(conv, 1, shared.weights), bias: shared.bias && this.#own(conv, 2, shared.bias) };
    let kernel = dense ? this.#makeDense(quantised) : quantised.kernel;
    const spread = rewrites.some(({ kind }) => kind === 'spread');
    kernel = spread ? this.#spread(quantised) : this.#widenInput(quantised, kernel, rewrites.find(({ kind }) => kind === 'pad-input')?.to);
    if (padded) kernel = this.#widenOutput(quantised, kernel, padded.to);
    if (kernel !== quantised.kernel) this.#replace(quantised.weights, 0, kernel);
  }

  /** The node that dequantises a convolution's weights or bias; a copy where other nodes read it, too. */
  #own(conv: NodeProto, position: number, node: NodeProto): NodeProto {
    if (this.graph.readersOf(node.output[0] as string).length === 1) return node;
    const name = this.graph.unusedName(`${node.output[0]}.own`);
    const copy = this.graph.addNode(node.opType, node.input, name, { axis: intOf(node, 'axis', 1) }, this.graph.nodes.indexOf(conv));
    conv.input[position] = copy;
    return this.graph.writerOf(copy) as NodeProto;
  }

  #makeDense({ conv, kernel, group }: QuantisedConv): Constant {
    const [outputs, inputs, height, width] = kernel.dims as [number, number, number, number];
    const [filter, row] = [inputs * height * width, (outputs / group) | 0];
    const data = new Int8Array(outputs * filter * group);
    for (let output = 0; output < outputs; output++) {
      const block = Math.floor(output / row);
      data.set(kernel.data.subarray(output * filter, (output + 1) * filter) as Int8Array, (output * group + block) * filter);
    }
    setAttribute(conv, 'group', 1);
    return { dims: [outputs, inputs * group, height, width], data };
  }

  /** Makes the convolution read its plane four times, shifted. */
  #spread({ conv, reader, kernel }: QuantisedConv): Constant {
    const planes = addShiftedPlanes(this.graph, conv, reader.input[0] as string, reader.input[2]);
    conv.input[0] = this.#readerOf(planes, reader, conv);
    setAttribute(conv, 'kernel_shape', [3, 3]);
    setAttribute(conv, 'pads', [0, 0, 0, 0]);
    return spreadKernel(kernel);
  }

  /**
   * Makes the convolution read a picture with more channels. The added channels may hold any values, since their
   * weights are 0.
   */
  #widenInput({ conv, reader }: QuantisedConv, kernel: Constant, wanted: number | undefined): Constant {
    const stored = reader.input[0] as string;
    if (wanted !== undefined && !this.#wide.has(stored)) this.#repeatChannels(stored, kernel.dims[1] as number, wanted, conv);
    const wide = this.#wide.get(stored);
    if (!wide) return kernel;
    conv.input[0] = this.#readerOf(wide.name, reader, conv);
    return padded(kernel, 1, wide.width, 0);
  }

  /** Repeats channels 0, 1, .. until there are `width`. */
  #repeatChannels(stored: string, channels: number, width: number, before: NodeProto): void {
    const order = BigInt64Array.from({ length: width }, (_, index) => BigInt(index % channels));
    const indices = this.graph.addConstant(`${stored}.order`, { dims: [width], data: order });
    const name = this.graph.unusedName(`${stored}.wide`);
    this.graph.addNode('Gather', [stored, indices], name, { axis: 1 }, this.graph.nodes.indexOf(before));
    this.#wide.set(stored, { name, width });
  }

  /** The dequantised wide picture; the runtime fuses it with each convolution that reads it. */
  #readerOf(wide: string, narrow: NodeProto, before: NodeProto): string {
    const parameters = narrow.input.slice(1);
    const same = this.graph.readersOf(wide).find((node) => isDequantise(node) && parameters.every((name, index) => node.input[index + 1] === name));
    if (same) return same.output[0] as string;
    return this.graph.addNode('DequantizeLinear', [wide, ...parameters], this.graph.unusedName(`${wide}.value`), {}, this.graph.nodes.indexOf(before));
  }

  #widenOutput({ conv, reader, weights, bias, store }: QuantisedConv, kernel: Constant, width: number): Constant {
    const channels = kernel.dims[0] as number;
    // ONNX Runtime makes one int8 node only if the bias's step is the product of the other two steps.
    this.#padParameters(weights, width, 1);
    if (bias) this.#padParameters(bias, width, Number(this.graph.constant(reader.input[1])?.data[0]));
    if (bias) this.#replace(bias, 0, padded(this.graph.constant(bias.input[0]) as Constant, 0, width, 0));
    else if (conv.input[2])
      conv.input[2] = this.graph.addConstant(`${conv.input[2]}.wide`, padded(this.graph.constant(conv.input[2]) as Constant, 0, width, 0));
    const narrow = store.output[0] as string;
    const wide = this.graph.unusedName(`${narrow}.wide`);
    store.output[0] = wide;
    this.#wide.set(narrow, { name: wide, width });
    // Convolutions read the wide picture; all other nodes get the original channels.
    const limits = [0, channels, 1].map((value, index) =>
      this.graph.addConstant(`${narrow}.${['start', 'end', 'axis'][index]}`, { dims: [1], data: BigInt64Array.of(BigInt(value)) }),
    );
    this.graph.addNode('Slice', [wide, ...limits], narrow, {}, this.graph.nodes.indexOf(store) + 1);
    return padded(kernel, 0, width, 0);
  }

  /** Adds steps and zero points for added filters, where there is one for each filter. */
  #padParameters(node: NodeProto, width: number, step: number): void {
    for (const [position, fill] of [
      [1, step],
      [2, 0],
    ] as const) {
      const values = this.graph.constant(node.input[position]);
      if (values && values.data.length > 1) this.#replace(node, position, padded(values, 0, width, fill));
      else if (values && values.dims.length === 1) this.#replace(node, position, { dims: [], data: values.data });
    }
  }

  /** Gives a node a new constant, since other nodes may read the old one. */
  #replace(node: NodeProto, position: number, constant: Constant): void {
    node.input[position] = this.graph.addConstant(`${node.input[position]}.lowered`, constant);
  }
}

/** `constant` extended to `length` places along an axis (0 or 1); the added ones hold `fill`. */
function padded(constant: Constant, axis: 0 | 1, length: number, fill: number): Constant {
  const { dims, data } = constant;
  const before = dims[axis] as number;
  if (before === length) return constant;
  if (!(before < length)) {
    const found = `found a constant of [${dims}] where no more than ${length} are there along axis ${axis}`;
    throw new SrvidError('SRVID_MODEL_INVALID', `Tried to widen a convolution, but ${found}. The model is damaged: export it again.`, { length });
  }
  const outer = axis === 0 ? 1 : (dims[0] as number);
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const result = new (data.constructor as Int8ArrayConstructor)(outer * length * inner).fill(fill) as TensorData;
  for (let index = 0; index < outer; index++) {
    (result as Int8Array).set(data.subarray(index * before * inner, (index + 1) * before * inner) as Int8Array, index * length * inner);
  }
  return { dims: dims.map((size, index) => (index === axis ? length : size)), data: result };
}
