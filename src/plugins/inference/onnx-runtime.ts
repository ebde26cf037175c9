import { messageOf, SrvidError } from '../../errors.js';
import { unshareWeights } from '../../onnx/unshare.js';
import type { Model, Tensor } from '../contract.js';
import { alignedUp, copyCropped, copyPadded, type Planes } from '../pixels/padding.js';
import { giveBack } from './give-back.js';
import type { ModelEntry, VerifiedModel } from './library.js';
import { readModelBytes } from './model-bytes.js';
import { type InferenceSession, loadOnnxRuntime, type OnnxRuntime, type OrtTensor } from './onnx-library.js';

/** Where and how a worker runs networks. */
export interface InferenceSettings {
  /** ONNX Runtime's name of an execution provider. */
  readonly device: 'cpu' | 'cuda' | 'webgpu' | 'coreml' | 'dml';
  /** Threads inside one run of a network. */
  readonly threads: number;
}

/** Does a call into native code, where its thread must not be ended. */
export type CallNative = <T>(call: () => Promise<T>) => Promise<T>;

/** A model with its inference session. Released before its thread ends: ending a thread inside native code would end the process. */
export interface LoadedModel extends Model {
  release(): Promise<void>;
}

/**
 * Loads a model for this thread; on one core, unless told otherwise. ONNX Runtime on Node 20 refuses tensors over shared memory, so each size of
 * input has a private pair of buffers, between which and the slots the bytes are copied (0.2 ms in, 0.5 ms out for a
 * 1080p luma plane). A picture whose sides are no multiple of the model's `align` is padded on its way in, and cropped on its way out.
 * @param inNative does each call into the runtime; for a thread that may be ended meanwhile
 * @throws SRVID_MODEL_INVALID, SRVID_DEVICE_UNAVAILABLE
 */
export async function loadModel(
  model: VerifiedModel,
  settings: InferenceSettings = { device: 'cpu', threads: 1 },
  inNative: CallNative = (call) => call(),
): Promise<LoadedModel> {
  const { entry, path } = model;
  const bytes = await readModelBytes(model);
  const { runtime, inferenceSession } = await inNative(async () => {
    const runtime = await loadOnnxRuntime();
    const inferenceSession = await createSession(runtime, `model ${entry.id} from ${path}`, bytes, settings);
    await tryOnce(runtime, inferenceSession, entry);
    return { runtime, inferenceSession };
  });
  const [inputName, outputName] = [inferenceSession.inputNames[0] as string, inferenceSession.outputNames[0] as string];
  const buffers = new Map<string, { input: OrtTensor; output: OrtTensor; into: Planes; from: Planes }>();

  const buffersFor = (input: Tensor) => {
    const known = buffers.get(`${input.dims}`);
    if (known) return known;
    const [batch, channels, ...sides] = input.dims as [number, number, number, number];
    const [height, width] = sides.map((side) => alignedUp(side, entry.align)) as [number, number];
    const tensorOf = (scale: number) => {
      const planes = { data: new Uint8Array(batch * channels * height * width * scale * scale), width: width * scale, height: height * scale };
      return { planes, tensor: new runtime.Tensor('uint8', planes.data, [batch, channels, planes.height, planes.width]) };
    };
    const [read, given] = [tensorOf(1), tensorOf(entry.scale)];
    const made = { into: read.planes, from: given.planes, input: read.tensor, output: given.tensor };
    buffers.set(`${input.dims}`, made);
    return made;
  };

  return {
    id: entry.id,
    scale: entry.scale,
    async run(input, output) {
      assertShapes(entry, input, output);
      const held = buffersFor(input);
      copyPadded(planesOf(input), held.into);
      const results = await inNative(() => inferenceSession.run({ [inputName]: held.input }, { [outputName]: held.output }));
      copyCropped(held.from, planesOf(output));
      // ONNX Runtime writes into the tensor that it was given, and returns a copy of it, which nobody asked for.
      const copy = results[outputName]?.data as Uint8Array | undefined;
      if (copy && copy.buffer !== held.from.data.buffer) giveBack(copy.buffer as ArrayBuffer);
    },
    release: () => inNative(() => inferenceSession.release()),
  };
}

/** Any tensor of any model, in this thread's own memory. */
export interface NamedTensor {
  readonly dims: readonly number[];
  readonly data: Tensor['data'] | Float32Array | Int8Array | Int32Array;
}

/** Any ONNX model, loaded as every model is: one thread, every optimisation. */
export interface Network {
  /** Runs it; the results are the caller's. @throws SRVID_MODEL_INVALID */
  run(inputs: Readonly<Record<string, NamedTensor>>): Promise<Readonly<Record<string, NamedTensor>>>;
  /** Ends a profiled session's log, and gives its path. */
  endProfile(): void;
  release(): Promise<void>;
}

/** `profile`: ONNX Runtime writes what each operator took to a file whose path begins like this. @throws SRVID_MODEL_INVALID */
export async function openNetwork(what: string, bytes: Uint8Array, { profile }: { readonly profile?: string } = {}): Promise<Network> {
  const runtime = await loadOnnxRuntime();
  const more = profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile };
  const inferenceSession = await createSession(runtime, what, bytes, { device: 'cpu', threads: 1 }, more);
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

/** What ONNX Runtime says of a network that shares quantised weights, where it has to make them unsigned. */
const SHARED_WEIGHTS = /Attempt to replace the existing tensor/;

async function createSession(
  runtime: OnnxRuntime,
  what: string,
  bytes: Uint8Array,
  { device, threads }: InferenceSettings,
  more: InferenceSession.SessionOptions = {},
): Promise<InferenceSession> {
  const create = (model: Uint8Array) =>
    runtime.InferenceSession.create(model, {
      executionProviders: [device],
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4, // What goes wrong is thrown; it need not be printed, too.
      extra: {
        session: {
          // Idle threads that spin would take the cores from ffmpeg.
          ...{ intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } },
          // Without VNNI, products of unsigned and signed bytes are added in 16 bits, which saturate: XLSR came out at
          // 31 dB of its float form where it has 40. Unsigned weights are added exactly, as VNNI does it.
          x64quantprecision: '1',
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

/** A model that reads or gives something else than the manifest says is found before the first frame. */
async function tryOnce(runtime: OnnxRuntime, inferenceSession: InferenceSession, { id, scale, planes, align }: ModelEntry): Promise<void> {
  const side = 16 * align;
  const channels = planes === 'rgb' ? 3 : 1;
  const input = new runtime.Tensor('uint8', new Uint8Array(channels * side * side), [1, channels, side, side]);
  const expected = `uint8 [${[1, channels, side * scale, side * scale]}]`;
  const [inputName, outputName] = [inferenceSession.inputNames[0] as string, inferenceSession.outputNames[0] as string];
  const found = await inferenceSession
    .run({ [inputName]: input })
    .then((results) => `${results[outputName]?.type} [${results[outputName]?.dims}]`)
    .catch((error: unknown) => `the error "${messageOf(error)}"`);
  if (found === expected) return;
  throw new SrvidError(
    'SRVID_MODEL_INVALID',
    `Model ${id} should give ${expected} for a picture of ${side}x${side}, but gives ${found}. It is not the network that the manifest lists.`,
    {
      model: id,
    },
  );
}

function assertShapes({ id, scale, planes }: ModelEntry, input: Tensor, output: Tensor): void {
  const [batch, channels, height, width] = input.dims as [number, number, number, number];
  const expected = [batch, channels, height * scale, width * scale];
  const whole = channels === (planes === 'rgb' ? 3 : 1) && input.dims.every((size) => Number.isInteger(size) && size > 0);
  const fits = whole && expected.every((size, axis) => size === output.dims[axis]);
  if (fits && input.data.length === product(input.dims) && output.data.length === product(output.dims)) return;
  throw new SrvidError(
    'SRVID_MODEL_INVALID',
    `Model ${id} was given ${input.data.length} bytes as [${input.dims}] and ${output.data.length} bytes as [${output.dims}]; its output is [${expected}], one byte a value.`,
    { model: id },
  );
}

function planesOf({ data, dims }: Tensor): Planes {
  return { data, height: dims[2] as number, width: dims[3] as number };
}

function product(dims: readonly number[]): number {
  return dims.reduce((total, size) => total * size, 1);
}
