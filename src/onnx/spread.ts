import { intsOf, stringOf } from './attribute.js';
import type { Graph } from './graph.js';
import { isSummedInIntegers, type QuantisedConv } from './quantised-conv.js';
import type { NodeProto } from './schema.js';
import type { Constant } from './tensor.js';

/** Number of planes that a spread kernel reads: the original one, shifted by 0 and by 2 rows and columns. */
export const SPREAD_PLANES = 4;

const SIDE = 5;
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);
/** The first version of ONNX's operators in which Pad takes 8-bit tensors. */
const PAD_OPSET = 13;

/**
 * Shares of a kernel's five rows, or columns: those that the plane with this shift takes, and their place among its
 * three.
 */
const SHARES = [
  { shift: 0, from: 0, to: 0, count: 3 },
  { shift: 2, from: 3, to: 1, count: 2 },
];
const PLANES = SHARES.flatMap((rows) => SHARES.map((columns) => ({ rows, columns })));

/**
 * True for a convolution with a 5x5 kernel on one plane, which a 3x3 kernel on four shifted planes can replace. The
 * result is the same to the bit only where sums are integers, since their order changes.
 */
export function canSpread(graph: Graph, quantised: QuantisedConv): boolean {
  const { conv, kernel } = quantised;
  const [, inputs, height, width] = kernel.dims;
  if (inputs !== 1 || height !== SIDE || width !== SIDE || graph.opset < PAD_OPSET || !isSummedInIntegers(graph, quantised)) return false;
  return (stringOf(conv, 'auto_pad') || 'NOTSET') === 'NOTSET' && (intsOf(conv, 'dilations') ?? []).every((step) => step === 1);
}

/** Rearranges a kernel of [outputs, 1, 5, 5] to [outputs, 4, 3, 3]: the 25 weights, each once, and 11 zeros. */
export function spreadKernel({ dims, data }: Constant): Constant {
  const outputs = dims[0] as number;
  const spread = new Int8Array(outputs * SPREAD_PLANES * 9);
  for (let output = 0; output < outputs; output++) {
    for (const [plane, { rows, columns }] of PLANES.entries()) {
      for (let row = 0; row < rows.count; row++) {
        const source = output * SIDE * SIDE + (rows.from + row) * SIDE + columns.from;
        spread.set(data.subarray(source, source + columns.count) as Int8Array, (output * SPREAD_PLANES + plane) * 9 + (rows.to + row) * 3 + columns.to);
      }
    }
  }
  return { dims: [outputs, SPREAD_PLANES, 3, 3], data: spread };
}

/**
 * Adds, before the convolution, the planes that a spread kernel reads in place of its stored plane: the plane padded
 * like the convolution would pad it, with the byte `zero` (a constant's name, or none for 0), then without its last two
 * or its first two rows and columns. Returns the name of the result. The convolution itself must no longer pad.
 */
export function addShiftedPlanes(graph: Graph, conv: NodeProto, stored: string, zero: string | undefined): string {
  const [top = 0, left = 0, bottom = 0, right = 0] = intsOf(conv, 'pads') ?? [];
  const name = `${conv.output[0]}.planes`;
  const numbers = (end: string, values: readonly (number | bigint)[]) =>
    graph.addConstant(`${name}.${end}`, { dims: [values.length], data: BigInt64Array.from(values, BigInt) });
  const add = (opType: string, inputs: readonly string[], output: string, attributes = {}) =>
    graph.addNode(opType, inputs, graph.unusedName(output), attributes, graph.nodes.indexOf(conv));
  const framed = add('Pad', [stored, numbers('pads', [0, 0, top, left, 0, 0, bottom, right]), ...(zero ? [zero] : [])], `${name}.framed`);
  const axes = numbers('axes', [2, 3]);
  const planes = PLANES.map(({ rows, columns }, index) => {
    const shifts = [rows.shift, columns.shift];
    const ends = shifts.map((shift) => (shift > 0 ? LARGEST : -2));
    return add('Slice', [framed, numbers(`${index}.start`, shifts), numbers(`${index}.end`, ends), axes], `${name}.${index}`);
  });
  return add('Concat', planes, name, { axis: 1 });
}
