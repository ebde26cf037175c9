import { SrvidError } from '../errors.js';
import { randomFrom } from '../eval/random.js';
import { Graph } from '../onnx/graph.js';
import { type OnnxModel, serializeModel } from '../onnx/model-file.js';
import { scaleOf } from '../onnx/quantised-conv.js';
import type { ValueInfoProto } from '../onnx/schema.js';
import { elementType } from '../onnx/tensor.js';
import { dimsOf } from '../onnx/value-info.js';
import { type NetworkThread, openNetworkThread } from '../plugins/inference/network-thread.js';
import type { NamedTensor } from '../plugins/inference/onnx-runtime.js';

/** The runs that showed two models to be equal. */
export interface Proof {
  /** Input sizes in the order of the runs, such as "161x120". */
  readonly sizes: readonly string[];
  readonly runs: number;
  /** Number of output bytes that were compared. */
  readonly bytes: number;
}

/**
 * [pictures, height, width] where the model takes any: odd ones, tiny ones, and ones that networks with unshuffle take.
 */
const SIZES = [
  [1, 1, 1],
  [1, 3, 5],
  [1, 16, 16],
  [2, 17, 31],
  [1, 24, 40],
  [1, 64, 48],
  [1, 120, 161],
] as const;

/** Lowest and highest byte of random inputs: everything, dark, bright, gray. */
const RANGES = [
  [0, 255],
  [0, 1],
  [254, 255],
  [100, 139],
] as const;

/** Options of a proof. */
export interface ProofOptions {
  /** Source of random numbers from 0 to 1, 1 excluded. */
  readonly random?: () => number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs both models in ONNX Runtime on random inputs of several sizes and compares every byte of their outputs.
 * @throws SRVID_MODEL_DIFFERS at the first run that differs, SRVID_MODEL_UNSUPPORTED where the original runs at no size
 */
export async function proveEqual(original: OnnxModel, rewritten: OnnxModel, { random = randomFrom(1), signal }: ProofOptions = {}): Promise<Proof> {
  const graph = new Graph(original);
  const networks: NetworkThread[] = [];
  try {
    for (const [what, model] of [
      ['the original network', original],
      ['the rewritten network', rewritten],
    ] as const)
      networks.push(await openNetworkThread(what, serializeModel(model), { signal }));
    const [first, second] = networks as [NetworkThread, NetworkThread];
    const sizes = new Set<string>();
    let [runs, bytes] = [0, 0];
    let reason: unknown;
    for (const size of SIZES) {
      for (const range of RANGES) {
        const inputs = Object.fromEntries(graph.inputs.map((input) => [input.name, randomInput(graph, input, size, range, random)]));
        const expected = await first.run(inputs).catch((error: unknown) => {
          if (signal?.aborted) throw error;
          reason = error; // Not every network takes every size: one that halves its picture refuses odd ones.
        });
        if (!expected) break;
        const { dims } = Object.values(inputs)[0] as NamedTensor;
        const picture = `${dims[3]}x${dims[2]}`;
        bytes += compare(expected, await second.run(inputs), picture);
        sizes.add(picture);
        runs++;
      }
    }
    if (runs > 0) return { sizes: [...sizes], runs, bytes };
    throw new SrvidError(
      'SRVID_MODEL_UNSUPPORTED',
      `The network runs at none of the sizes that it was tried at: ${reason instanceof Error ? reason.message : reason}`,
      {},
      reason,
    );
  } finally {
    for (const network of networks) await network.release();
  }
}

function compare(expected: Readonly<Record<string, NamedTensor>>, found: Readonly<Record<string, NamedTensor>>, picture: string): number {
  let bytes = 0;
  for (const [name, tensor] of Object.entries(expected)) {
    const [one, other] = [bytesOf(tensor), bytesOf(found[name] as NamedTensor)];
    if (`${tensor.dims}` !== `${found[name]?.dims}` || Buffer.compare(one, other) !== 0) {
      const differing = one.reduce((count, byte, index) => count + (byte === other[index] ? 0 : 1), 0);
      throw new SrvidError(
        'SRVID_MODEL_DIFFERS',
        `The rewritten network differs from the original in ${differing} of ${one.length} bytes of ${name} for a picture of ${picture}. It is not written. Usually ONNX Runtime computes the original in float there; srvid doctor MODEL says which convolutions are not in int8.`,
        { output: name, differing, bytes: one.length },
      );
    }
    bytes += one.length;
  }
  return bytes;
}

function bytesOf({ data }: NamedTensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Random bytes; for float inputs the values that those bytes stand for, half of them off by a fraction of a step. */
function randomInput(
  graph: Graph,
  input: ValueInfoProto,
  [pictures, height, width]: (typeof SIZES)[number],
  [least, most]: readonly [number, number],
  random: () => number,
): NamedTensor {
  const fixed = dimsOf(input);
  const type = elementType(input.type?.tensorType?.elemType ?? 0);
  if (fixed.length !== 4 || fixed[1] === undefined || (type !== 'uint8' && type !== 'int8' && type !== 'float32')) {
    throw new SrvidError(
      'SRVID_MODEL_UNSUPPORTED',
      `The input ${input.name} is ${type ?? 'of a type srvid does not know'} [${fixed.map((size) => size ?? 'free')}]; random pictures can be made for uint8, int8 or float32, NCHW with a fixed number of channels.`,
      { input: input.name },
    );
  }
  const dims = fixed.map((size, axis) => size ?? [pictures, 0, height, width][axis] ?? 1);
  const count = dims.reduce((product, size) => product * size, 1);
  const bytes = Uint8Array.from({ length: count }, () => least + Math.floor(random() * (most - least + 1)));
  if (type === 'uint8') return { dims, data: bytes };
  if (type === 'int8') return { dims, data: Int8Array.from(bytes, (byte) => byte - 128) };
  const store = graph.readersOf(input.name).find(({ opType }) => opType === 'QuantizeLinear');
  const { step, zero, signed } = (store && scaleOf(graph, store)) ?? { step: 1 / 255, zero: 0, signed: false };
  const offset = signed ? zero + 128 : zero;
  return { dims, data: Float32Array.from(bytes, (byte, index) => (byte - offset + (index % 2) * (random() - 0.5)) * step) };
}
