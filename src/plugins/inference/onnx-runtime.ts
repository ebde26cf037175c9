import { messageOf, SrvidError } from '../../errors.js';
import { unshareWeights } from '../../onnx/unshare.js';
import type { Tensor } from '../contract.js';
import { type BackendSession, type InferenceBackend, type InferenceSettings, ONNX_RUNTIME, type TensorInfo } from './backend.js';
import { addsExactly } from './cpu-flags.js';
import { giveBack } from './give-back.js';
import { type InferenceSession, loadOnnxRuntime, type OnnxRuntime, runtimeVersion } from './onnx-library.js';

/** ONNX Runtime as an engine: float and quantised networks, on any device that it was built for. */
export const onnxRuntime: InferenceBackend = {
  name: 'onnxruntime',
  async open(what, bytes, settings) {
    const runtime = await loadOnnxRuntime();
    return sessionOf(runtime, await createSession(runtime, what, bytes, settings));
  },
  version: runtimeVersion,
};

function sessionOf(runtime: OnnxRuntime, session: InferenceSession): BackendSession {
  const tensorOf = ({ data, dims }: Tensor) =>
    data instanceof Float32Array ? new runtime.Tensor('float32', data, dims) : new runtime.Tensor('uint8', data, dims);
  const named = (names: readonly string[], tensors: readonly Tensor[]) =>
    Object.fromEntries(tensors.map((tensor, index) => [names[index] as string, tensorOf(tensor)]));
  return {
    inputs: session.inputMetadata.map(infoOf),
    outputs: session.outputMetadata.map(infoOf),
    takesSharedMemory: false,
    async run(inputs, outputs) {
      const results = await session.run(named(session.inputNames, inputs), named(session.outputNames, outputs));
      // ONNX Runtime writes into the given tensors, and returns copies of them besides, which nobody needs.
      for (const [index, { data }] of outputs.entries()) {
        const copy = results[session.outputNames[index] as string]?.data as Tensor['data'] | undefined;
        if (copy && copy.buffer !== data.buffer) giveBack(copy.buffer as ArrayBuffer);
      }
    },
    async describe(inputs) {
      const results = await session.run(named(session.inputNames, inputs));
      return session.outputNames.map((name) => `${results[name]?.type} [${results[name]?.dims}]`);
    },
    release: () => session.release(),
  };
}

function infoOf(metadata: InferenceSession.ValueMetadata): TensorInfo {
  const type = metadata.isTensor ? metadata.type : undefined;
  return { name: metadata.name, type: type === 'uint8' || type === 'float32' ? type : undefined };
}

/** A tensor of any type that a model may have, in this thread's own memory. */
export interface NamedTensor {
  readonly dims: readonly number[];
  readonly data: Tensor['data'] | Int8Array | Int32Array;
}

/**
 * Any ONNX model for examination: tensors of every type, by name, and the time of each operator. It runs on one thread
 * with every optimisation.
 */
export interface Network {
  /** Runs the network. The results belong to the caller. @throws SRVID_MODEL_INVALID */
  run(inputs: Readonly<Record<string, NamedTensor>>): Promise<Readonly<Record<string, NamedTensor>>>;
  /** Ends a profiled session's log. */
  endProfile(): void;
  /** Frees the network's native memory. */
  release(): Promise<void>;
}

/**
 * Opens a network on this thread. `profile` is the path prefix of a file in which ONNX Runtime records the time of each
 * operator.
 * @throws SRVID_MODEL_INVALID
 */
export async function openNetwork(what: string, bytes: Uint8Array, { profile }: { readonly profile?: string } = {}): Promise<Network> {
  const runtime = await loadOnnxRuntime();
  const more = profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile };
  const inferenceSession = await createSession(runtime, what, bytes, { engine: ONNX_RUNTIME, device: 'cpu', threads: 1 }, more);
  return {
    async run(inputs) {
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, { data, dims }]) => [name, new runtime.Tensor(data as Uint8Array, dims)]));
      const results = await inferenceSession.run(feeds).catch((error: unknown) => {
        throw new SrvidError('SRVID_MODEL_INVALID', `Tried to run ${what}; ONNX Runtime failed: ${messageOf(error)}.`, { model: what }, error);
      });
      return Object.fromEntries(Object.entries(results).map(([name, { data, dims }]) => [name, { data: data as NamedTensor['data'], dims }]));
    },
    endProfile: () => inferenceSession.endProfiling(),
    release: () => inferenceSession.release(),
  };
}

/** ONNX Runtime's message about a network that shares quantised weights, where it must make them unsigned. */
const SHARED_WEIGHTS = /Attempt to replace the existing tensor/;

async function createSession(
  runtime: OnnxRuntime,
  what: string,
  bytes: Uint8Array,
  { device, threads }: InferenceSettings,
  more: InferenceSession.SessionOptions = {},
): Promise<InferenceSession> {
  const create = async (model: Uint8Array) =>
    runtime.InferenceSession.create(model, {
      executionProviders: [device],
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4, // Errors are thrown and need not be printed as well.
      extra: {
        session: {
          // Idle threads that spin would take the cores from ffmpeg.
          ...{ intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } },
          // Without VNNI, products of unsigned and signed bytes are added in 16 bits, which saturate: XLSR came out at
          // 31 dB of its float form where it has 40. Unsigned weights are added exactly, as VNNI does it; with VNNI they
          // would only take ONNX Runtime's fast convolution away: ABPN takes 3.8 times as long with them.
          x64quantprecision: (await addsExactly()) ? '0' : '1',
        },
      },
      ...more,
    });
  try {
    return await create(bytes).catch((error: unknown) => {
      if (!SHARED_WEIGHTS.test(messageOf(error))) throw error;
      return create(unshareWeights(bytes, what));
    });
  } catch (error) {
    if (device !== 'cpu') throw unavailable(runtime, device, error);
    throw new SrvidError('SRVID_MODEL_INVALID', `Tried to load ${what}; ONNX Runtime refuses it: ${messageOf(error)}.`, { model: what }, error);
  }
}

function unavailable(runtime: OnnxRuntime, device: string, error: unknown): SrvidError {
  const built = runtime.listSupportedBackends().map(({ name, bundled }) => (bundled ? name : `${name} (its library is installed apart)`));
  return new SrvidError(
    'SRVID_DEVICE_UNAVAILABLE',
    `Tried to run networks on the device "${device}": ${messageOf(error).split('\n')[0]}. This build of ONNX Runtime knows: ${built.join(', ')}. Use --device cpu, or install what the device needs (docs/errors.md).`,
    { device, built },
    error,
  );
}
