import { intOf } from './attribute.js';
import type { Graph } from './graph.js';
import type { NodeProto } from './schema.js';
import type { Constant } from './tensor.js';

/**
 * A convolution in the form in which quantisers write it: DequantizeLinear on picture, weights and bias, QuantizeLinear
 * after.
 */
export interface QuantisedConv {
  readonly conv: NodeProto;
  /** Dequantises the picture. */
  readonly reader: NodeProto;
  /** Dequantises the weights. */
  readonly weights: NodeProto;
  /** Dequantises the bias; absent where there is none or it is float. */
  readonly bias: NodeProto | undefined;
  /** Quantises the result. */
  readonly store: NodeProto;
  /** The weights: int8, [outputs, inputs / group, height, width]. */
  readonly kernel: Constant;
  readonly group: number;
}

/** Kinds of node that change each value by itself, in all channels alike. */
const BETWEEN = new Set(['Relu', 'Clip']);

/** The parts of a convolution that ONNX Runtime can compute in 8 bits, or the obstacle that prevents it. */
export function quantisedConv(graph: Graph, conv: NodeProto): QuantisedConv | { readonly obstacle: string } {
  const [reader, weights, bias] = conv.input.map((name) => graph.writerOf(name));
  if (!isDequantise(reader)) return { obstacle: 'its input is not dequantised from 8 bits' };
  if (!isDequantise(weights)) return { obstacle: 'its weights are not stored in 8 bits' };
  const isConstant = (node: NodeProto) => node.input.every((name) => name === '' || graph.constant(name) !== undefined);
  if (conv.input[2] && !(isDequantise(bias) ? isConstant(bias) : graph.constant(conv.input[2]))) return { obstacle: 'its bias is not a constant' };
  const kernel = graph.constant(weights.input[0]);
  if (!kernel || !isConstant(weights)) return { obstacle: 'its weights are not constants' };
  if (kernel.dims.length !== 4) return { obstacle: `its kernel has ${kernel.dims.length - 2} dimensions instead of 2` };
  if (!(kernel.data instanceof Int8Array)) return { obstacle: 'its weights are uint8 where int8 is wanted' };
  const zero = graph.constant(weights.input[2]);
  if (zero && !isZero(zero)) return { obstacle: 'the zero point of its weights is not 0' };
  if (!scaleOf(graph, reader)) return { obstacle: 'its input has a step for each channel' };
  const stored = storeOf(graph, conv.output[0] as string);
  if (!stored?.store.output[0]) return { obstacle: 'its result is not stored in 8 bits by one QuantizeLinear' };
  const scale = scaleOf(graph, stored.store);
  if (!scale) return { obstacle: 'its result has a step for each channel' };
  const kept = stored.activations.find((node) => !isImplied(graph, node, scale));
  if (kept) return { obstacle: `the ${kept.opType} between it and its QuantizeLinear cuts off more than the 8-bit range does` };
  return { conv, reader, weights, bias: isDequantise(bias) ? bias : undefined, store: stored.store, kernel, group: intOf(conv, 'group', 1) };
}

/** True for ONNX's own QuantizeLinear. */
export function isQuantise(node: NodeProto | undefined): node is NodeProto & { opType: 'QuantizeLinear' } {
  return node?.opType === 'QuantizeLinear' && node.domain === '';
}

/** True for ONNX's own DequantizeLinear. */
export function isDequantise(node: NodeProto | undefined): node is NodeProto & { opType: 'DequantizeLinear' } {
  return node?.opType === 'DequantizeLinear' && node.domain === '';
}

/** The storage of a tensor in 8 bits: value = (byte - zero) * step. */
export interface Scale {
  readonly step: number;
  readonly zero: number;
  /** True for int8, false for uint8. */
  readonly signed: boolean;
}

/**
 * The scale of a QuantizeLinear or DequantizeLinear; undefined where it is not constant, or has a step for each
 * channel.
 */
export function scaleOf(graph: Graph, node: NodeProto): Scale | undefined {
  const [step, zero] = [graph.constant(node.input[1]), graph.constant(node.input[2])];
  if (step?.data.length !== 1 || (node.input[2] && !zero)) return undefined;
  return { step: Number(step.data[0]), zero: Number(zero?.data[0] ?? 0), signed: zero?.data instanceof Int8Array };
}

/**
 * True where a stored tensor is int8 only between one QuantizeLinear and its DequantizeLinears, so that lowering can
 * store it as uint8, 128 higher.
 */
export function canStoreUnsigned(graph: Graph, tensor: string): boolean {
  const [store, readers] = [graph.writerOf(tensor), graph.readersOf(tensor)];
  if (!isQuantise(store) || !readers.every(isDequantise) || graph.isOutput(tensor)) return false;
  return [store, ...readers].every((node) => scaleOf(graph, node)?.signed);
}

/**
 * True where ONNX Runtime computes the convolution with integer sums, whose order does not matter: uint8 in and out,
 * and a bias in steps of input times weights. Every other one is computed in float.
 */
export function isSummedInIntegers(graph: Graph, { reader, weights, bias, store }: QuantisedConv): boolean {
  const stored = [[reader, reader.input[0]] as const, [store, store.output[0]] as const];
  if (stored.some(([node, tensor]) => scaleOf(graph, node)?.signed && !canStoreUnsigned(graph, tensor as string))) return false;
  if (!bias) return true;
  const [steps, sumSteps] = [weights, bias].map((node) => [...(graph.constant(node.input[1])?.data ?? [])].map(Number)) as [number[], number[]];
  const step = scaleOf(graph, reader)?.step ?? Number.NaN;
  return sumSteps.every((sumStep, index) => sumStep === Math.fround(step * (steps[steps.length === 1 ? 0 : index] as number)));
}

/** True for ONNX's own Conv. */
export function isConv(node: NodeProto): boolean {
  return node.opType === 'Conv' && node.domain === '';
}

/** The only QuantizeLinear that stores a result, directly or after activations. */
function storeOf(graph: Graph, tensor: string): { readonly store: NodeProto; readonly activations: readonly NodeProto[] } | undefined {
  const [reader, ...others] = graph.readersOf(tensor);
  if (!reader || others.length > 0 || graph.isOutput(tensor)) return undefined;
  if (isQuantise(reader)) return { store: reader, activations: [] };
  const after = BETWEEN.has(reader.opType) && reader.input[0] === tensor ? storeOf(graph, reader.output[0] as string) : undefined;
  return after && { store: after.store, activations: [reader, ...after.activations] };
}

/** True where storing in 8 bits clips at least as much as the activation, which ONNX Runtime drops only then. */
function isImplied(graph: Graph, activation: NodeProto, { step, zero, signed }: Scale): boolean {
  const [least, most] = signed ? [-128, 127] : [0, 255];
  const [, low, high] = activation.input;
  const bound = (name: string | undefined, otherwise: number) => (name ? Number(graph.constant(name)?.data[0] ?? Number.NaN) : otherwise);
  const [from, to] = activation.opType === 'Relu' ? [0, Infinity] : [bound(low, -Infinity), bound(high, Infinity)];
  return from <= (least - zero) * step && to >= (most - zero) * step;
}

function isZero({ data }: Constant): boolean {
  for (const value of data) if (Number(value) !== 0) return false;
  return true;
}
