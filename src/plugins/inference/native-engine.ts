import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../../errors.js';
import type { Tensor } from '../contract.js';
import type { BackendSession, Engine, InferenceBackend, TensorInfo } from './backend.js';
import { findAddon } from './native/addon.js';
import type { NativeAddon, NativeNetwork, NativeOutput, NativePlan, NativePlanes } from './native/plan.js';
import { readPlan } from './native/read-plan.js';
import { onnxRuntime } from './onnx-runtime.js';

/** The native engine, where its add-on is there: its kernels, fastest first, and the add-on's build. Else the reason why not, in words. */
export type NativeEngineHere = { readonly kernels: readonly string[]; readonly build: string; readonly from: string } | { readonly missing: string };

/** Looks for the native engine's add-on. */
export function nativeEngineHere(): NativeEngineHere {
  const found = findAddon();
  if (!found.addon) return { missing: found.reason };
  const build = createHash('sha256').update(readFileSync(found.from)).digest('hex').slice(0, 12);
  return { kernels: found.addon.kernels(), build, from: found.from };
}

/** Kernels without the processor's int8 instructions, which are there for comparison: ONNX Runtime is faster. */
export function isSlowKernel(kernel: string): boolean {
  return kernel === 'portable' || kernel.endsWith('-emulated');
}

/**
 * Multiplications of bytes that one core of this machine does at most, in 10^9 a second (GMAC/s): a bare loop of the fastest int8 instructions that
 * the native engine has a kernel for. Undefined where its add-on is not there, or has no such kernel for this processor.
 */
export function nativePeak(): number | undefined {
  const { addon } = findAddon();
  const peak = addon?.peak(addon.kernels()[0] as string);
  return peak || undefined;
}

/** The reason why the native engine does not run a network, in words; undefined where it does. `bytes` is an ONNX file. */
export function obstacleToNative(bytes: Uint8Array, name: string, kernel: string): string | undefined {
  const { addon } = findAddon();
  if (!addon) return 'its add-on is not there';
  const opened = openPlan(addon, bytes, name, kernel);
  if ('unsupported' in opened) return opened.unsupported;
  addon.close(opened.network);
  return undefined;
}

/**
 * The native engine as an inference backend: networks of int8 convolutions on the CPU, by an add-on in C++. Networks that
 * it does not support are opened by ONNX Runtime.
 */
export function nativeEngine({ kernel, build }: Engine): InferenceBackend {
  return {
    name: 'native',
    async open(what, bytes, settings) {
      const { addon } = findAddon();
      const opened = addon && openPlan(addon, bytes, what, kernel);
      if (!addon || !opened || 'unsupported' in opened) return onnxRuntime.open(what, bytes, settings);
      return new NativeSession(addon, opened.read, opened.network, settings.threads);
    },
    version: async () => build,
  };
}

type Opened = { readonly read: NativeNetwork; readonly network: unknown } | { readonly unsupported: string };

function openPlan(addon: NativeAddon, bytes: Uint8Array, name: string, kernel: string): Opened {
  const read = readPlan(bytes, name);
  if ('unsupported' in read) return read;
  try {
    return { read, network: addon.open(read.plan, kernel) };
  } catch (error) {
    // Its bounds on widths and lengths lie far beyond those of networks for video.
    return { unsupported: messageOf(error) };
  }
}

class NativeSession implements BackendSession {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly takesSharedMemory: boolean;
  readonly #plan: NativePlan;
  readonly #results: readonly NativeOutput[];
  /** Bytes of the outputs that are given as values. */
  readonly #bytes = new Map<NativeOutput, Uint8Array>();

  constructor(
    private readonly addon: NativeAddon,
    { plan, inputs, outputs }: NativeNetwork,
    private readonly network: unknown,
    private readonly threads: number,
  ) {
    this.#plan = plan;
    this.#results = outputs;
    this.inputs = inputs.map((name) => ({ name, type: 'uint8' }));
    this.outputs = outputs.map(({ name, values }) => ({ name, type: values ? 'float32' : 'uint8' }));
    this.takesSharedMemory = this.#worksInSharedMemory();
  }

  async run(inputs: readonly Tensor[], outputs: readonly Tensor[]): Promise<void> {
    const [{ dims } = { dims: [] }] = inputs;
    const [batch = 1] = dims;
    const [rows, columns] = this.#folded(dims);
    if (!inputs.every(({ data }) => data instanceof Uint8Array)) throw new TypeError('the native engine takes bytes');
    for (let picture = 0; picture < batch; picture++) {
      const to: Uint8Array[] = [];
      for (const [index, result] of this.#results.entries()) to[result.result] = this.#memoryOf(result, partOf(outputs[index] as Tensor, picture, batch));
      const from = inputs.map((input) => partOf(input, picture, batch) as Uint8Array);
      this.addon.run(this.network, from, rows, columns, to, this.threads);
      for (const [index, result] of this.#results.entries()) this.#giveValues(result, partOf(outputs[index] as Tensor, picture, batch));
    }
  }

  async describe(inputs: readonly Tensor[]): Promise<readonly string[]> {
    const [{ dims } = { dims: [] }] = inputs;
    const tensors = this.#results.map(({ values }, index) => {
      const sizes = this.#outputDims(index, dims);
      return { data: values ? new Float32Array(product(sizes)) : new Uint8Array(product(sizes)), dims: sizes };
    });
    await this.run(inputs, tensors);
    return tensors.map(({ dims: sizes }, index) => `${this.outputs[index]?.type} [${sizes}]`);
  }

  async release(): Promise<void> {
    this.addon.close(this.network);
  }

  /** The caller's memory, or own memory where the caller wants values. */
  #memoryOf(result: NativeOutput, wanted: Tensor['data']): Uint8Array {
    if (wanted instanceof Uint8Array && !result.values) return wanted;
    if (wanted instanceof Uint8Array || !result.values)
      throw new TypeError(`the native engine gives ${result.values ? 'float32 values' : 'bytes'} as ${result.name}`);
    const kept = this.#bytes.get(result);
    if (kept?.length === wanted.length) return kept;
    const bytes = new Uint8Array(wanted.length);
    this.#bytes.set(result, bytes);
    return bytes;
  }

  #giveValues(result: NativeOutput, wanted: Tensor['data']): void {
    const bytes = this.#bytes.get(result);
    if (!bytes || !result.values) return;
    const { step, zero } = result.values;
    for (let index = 0; index < bytes.length; index++) wanted[index] = ((bytes[index] as number) - zero) * step;
  }

  /** Rows and columns of the values, from the dimensions of the first input. */
  #folded([, , height = 1, width = 1]: readonly number[]): [number, number] {
    const [{ block }] = this.#plan.inputs as [NativePlanes];
    return [height / block, width / block];
  }

  /** The dimensions of an output, from those of the first input. */
  #outputDims(index: number, dims: readonly number[]): number[] {
    const { convs, outputs, pixelResults } = this.#plan;
    const [batch = 1] = dims;
    const [rows, columns] = this.#folded(dims);
    const picture = outputs[index];
    if (picture) return [batch, picture.planes, rows * picture.block, columns * picture.block];
    const conv = convs[convs.length - pixelResults + (this.#results[index]?.result ?? 0)];
    return [batch * rows * columns, conv?.channels ?? 0];
  }

  /**
   * Node-API does not say whether an add-on may look into an array over shared memory. Node 20 to 24 let it, which is
   * tried once rather than taken for granted: a run in shared memory must give what one in private memory gives.
   */
  #worksInSharedMemory(): boolean {
    const [rows, columns] = [3, 5];
    const pictures = this.#plan.inputs.map(({ planes, block }) => [1, planes, rows * block, columns * block]);
    const dims = pictures[0] as number[];
    const inOrder = this.#results
      .map((result, index) => ({ result, length: product(this.#outputDims(index, dims)) }))
      .sort((a, b) => a.result.result - b.result.result);
    const results = [ArrayBuffer, SharedArrayBuffer].map((Memory) => {
      const inputs = pictures.map((sizes) => patterned(new Uint8Array(new Memory(product(sizes)))));
      const outputs = inOrder.map(({ length }) => new Uint8Array(new Memory(length)));
      try {
        this.addon.run(this.network, inputs, rows, columns, outputs, 1);
        return Buffer.concat(outputs);
      } catch {
        return undefined;
      }
    });
    return results[0] !== undefined && results[1] !== undefined && results[0].equals(results[1]);
  }
}

/** One picture's part of a tensor of several. */
function partOf({ data }: Tensor, picture: number, batch: number): Tensor['data'] {
  const length = data.length / batch;
  return data.subarray(picture * length, (picture + 1) * length);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

function patterned(bytes: Uint8Array): Uint8Array {
  for (let index = 0; index < bytes.length; index++) bytes[index] = (index * 97) % 256;
  return bytes;
}
