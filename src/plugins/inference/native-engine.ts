import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../../errors.js';
import type { Tensor } from '../contract.js';
import type { BackendSession, Engine, InferenceBackend } from './backend.js';
import { findAddon } from './native/addon.js';
import type { NativeAddon, NativePlan } from './native/plan.js';
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
      return new NativeSession(addon, opened.plan, opened.network, settings.threads);
    },
    version: async () => build,
  };
}

type Opened = { readonly plan: NativePlan; readonly network: unknown } | { readonly unsupported: string };

function openPlan(addon: NativeAddon, bytes: Uint8Array, name: string, kernel: string): Opened {
  const plan = readPlan(bytes, name);
  if ('unsupported' in plan) return plan;
  try {
    return { plan, network: addon.open(plan, kernel) };
  } catch (error) {
    // Its bounds on widths and lengths lie far beyond those of networks for video.
    return { unsupported: messageOf(error) };
  }
}

class NativeSession implements BackendSession {
  readonly inputs = [{ name: 'input', type: 'uint8' }] as const;
  readonly outputs = [{ name: 'output', type: 'uint8' }] as const;
  readonly takesSharedMemory: boolean;

  constructor(
    private readonly addon: NativeAddon,
    private readonly plan: NativePlan,
    private readonly network: unknown,
    private readonly threads: number,
  ) {
    this.takesSharedMemory = this.#worksInSharedMemory();
  }

  async run([input]: readonly Tensor[], [output]: readonly Tensor[]): Promise<void> {
    const [{ data: from, dims }, { data: to }] = [input as Tensor, output as Tensor];
    const [batch, , height, width] = dims as [number, number, number, number];
    if (!(from instanceof Uint8Array && to instanceof Uint8Array)) throw new TypeError('the native engine takes and gives bytes');
    const [read, written] = [from.length / batch, to.length / batch];
    for (let picture = 0; picture < batch; picture++) {
      const [source, target] = [from.subarray(picture * read, (picture + 1) * read), to.subarray(picture * written, (picture + 1) * written)];
      this.addon.run(this.network, source, height, width, target, this.threads);
    }
  }

  async describe([input]: readonly Tensor[]): Promise<readonly string[]> {
    const { dims } = input as Tensor;
    const sizes = this.#outputDims(dims);
    await this.run([input as Tensor], [{ data: new Uint8Array(sizes.reduce((product, size) => product * size)), dims: sizes }]);
    return [`uint8 [${sizes}]`];
  }

  async release(): Promise<void> {
    this.addon.close(this.network);
  }

  #outputDims([batch = 1, , height = 1, width = 1]: readonly number[]): number[] {
    const { convs, fold, shuffle } = this.plan;
    return [batch, (convs.at(-1)?.channels ?? 0) / shuffle ** 2, (height * shuffle) / fold, (width * shuffle) / fold];
  }

  /**
   * Node-API does not say whether an add-on may look into an array over shared memory. Node 20 to 24 let it, which is
   * tried once rather than taken for granted: a run in shared memory must give what one in private memory gives.
   */
  #worksInSharedMemory(): boolean {
    const { inputChannels, fold } = this.plan;
    const dims = [1, inputChannels, 3 * fold, 5 * fold];
    const count = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size);
    const outputs = count(this.#outputDims(dims));
    const results = [new ArrayBuffer(outputs), new SharedArrayBuffer(outputs)].map((memory) => {
      const input = new Uint8Array(memory instanceof SharedArrayBuffer ? new SharedArrayBuffer(count(dims)) : new ArrayBuffer(count(dims)));
      for (let index = 0; index < input.length; index++) input[index] = (index * 97) % 256;
      const output = new Uint8Array(memory);
      try {
        this.addon.run(this.network, input, dims[2] as number, dims[3] as number, output, 1);
        return Buffer.from(output);
      } catch {
        return undefined;
      }
    });
    return results[0] !== undefined && results[1] !== undefined && results[0].equals(results[1]);
  }
}
