import { counted } from '../../counted.js';
import { messageOf, SrvidError } from '../../errors.js';
import type { Model, Tensor } from '../contract.js';
import { alignedUp, copyCropped, copyPadded, type Planes } from '../pixels/padding.js';
import { type BackendSession, type InferenceBackend, type InferenceSettings, ONNX_RUNTIME, type TensorInfo } from './backend.js';
import { backendOf } from './engines.js';
import type { ModelEntry, VerifiedModel } from './library.js';

/** A model with its session on one thread. */
export interface LoadedModel extends Model {
  /** Frees the model's native memory; to be called before the thread ends. */
  release(): Promise<void>;
}

/** Number of sets of shapes whose private buffers are kept: a chain's own shapes, and those of tiles. */
const KEPT_SHAPES = 4;

/** Wraps a call into native code, during which its thread must not be ended. */
export type CallNative = <T>(call: () => Promise<T>) => Promise<T>;

/** Options for unusual ways of loading a model. */
export interface LoadingOptions {
  /** Wraps each call into the engine, for a thread that may be ended meanwhile. */
  readonly inNative?: CallNative;
  /** The engine; that of the settings where not given. */
  readonly backend?: InferenceBackend;
}

/** Private memory for one set of shapes. */
interface Buffers {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/**
 * Loads a model for this thread, on one core unless told otherwise. ONNX Runtime takes no shared memory, so for tensors in such each
 * set of shapes has private buffers, and values are copied between them and the caller's (0.2 ms in, 0.5 ms out for a
 * 1080p luma plane); all others, and whatever the native engine gets, are the caller's own. A picture whose sides are not multiples of the model's `align` is padded on its way in and cropped
 * on its way out.
 * @throws SRVID_MODEL_INVALID, SRVID_DEVICE_UNAVAILABLE
 */
export async function loadModel(
  { entry, path, bytes }: VerifiedModel,
  settings: InferenceSettings = { engine: ONNX_RUNTIME, device: 'cpu', threads: 1 },
  { inNative = (call) => call(), backend = backendOf(settings.engine) }: LoadingOptions = {},
): Promise<LoadedModel> {
  const session = await inNative(async () => {
    const opened = await backend.open(`model ${entry.id} from ${path}`, Uint8Array.from(new Uint8Array(bytes)), settings);
    if (entry.scale !== undefined || entry.planes === 'yuv') await tryOnce(opened, entry);
    return opened;
  });
  const kept = new Map<string, Buffers>();
  const buffersFor = (inputs: readonly Tensor[], outputs: readonly Tensor[]): Buffers => {
    const key = [...inputs, ...outputs].map(({ dims }) => dims.join('x')).join(' ');
    const buffers = kept.get(key) ?? makeBuffers(session, entry, inputs, outputs);
    kept.delete(key);
    kept.set(key, buffers);
    // The shapes that have been unused for longest are dropped.
    if (kept.size > KEPT_SHAPES) kept.delete(kept.keys().next().value as string);
    return buffers;
  };
  return {
    id: entry.id,
    scale: entry.scale,
    async run(input, output) {
      const [inputs, outputs] = [[input].flat(), [output].flat()];
      assertFit(session, entry, inputs, outputs);
      const takesThese = session.takesSharedMemory || [...inputs, ...outputs].every(({ data }) => data.buffer instanceof ArrayBuffer);
      if (takesThese && !isPadded(entry, inputs)) return inNative(() => session.run(inputs, outputs));
      const own = buffersFor(inputs, outputs);
      for (const [index, tensor] of inputs.entries()) copyPadded(planesOf(tensor), planesOf(own.inputs[index] as Tensor));
      await inNative(() => session.run(own.inputs, own.outputs));
      for (const [index, tensor] of outputs.entries()) copyCropped(planesOf(own.outputs[index] as Tensor), planesOf(tensor));
    },
    release: () => inNative(() => session.release()),
  };
}

/** True where a picture is padded to whole blocks before it is given to the model. */
function isPadded({ scale, align }: ModelEntry, inputs: readonly Tensor[]): boolean {
  return scale !== undefined && inputs.some(({ dims }) => dims.slice(2).some((side) => side % align !== 0));
}

/** Dimensions of a model's output for an input picture. The scale may be any real number; sides are rounded. */
export function scaledDims(scale: number, [batch, channels, height, width]: readonly number[]): number[] {
  return [batch as number, channels as number, Math.round((height as number) * scale), Math.round((width as number) * scale)];
}

/** Allocates buffers. Input pictures are padded to the model's `align`, and output pictures are larger accordingly. */
function makeBuffers({ inputs, outputs }: BackendSession, { scale, align }: ModelEntry, given: readonly Tensor[], wanted: readonly Tensor[]): Buffers {
  if (scale === undefined)
    return {
      inputs: given.map((tensor, index) => like(inputs[index], tensor.dims)),
      outputs: wanted.map((tensor, index) => like(outputs[index], tensor.dims)),
    };
  const [batch, channels, height, width] = (given[0] as Tensor).dims as [number, number, number, number];
  const padded = [batch, channels, alignedUp(height, align), alignedUp(width, align)];
  return { inputs: [like(inputs[0], padded)], outputs: [like(outputs[0], scaledDims(scale, padded))] };
}

function like(info: TensorInfo | undefined, dims: readonly number[]): Tensor {
  return { data: info?.type === 'float32' ? new Float32Array(product(dims)) : new Uint8Array(product(dims)), dims };
}

/** Refuses, before the first frame, a model whose inputs or outputs differ from the manifest. */
async function tryOnce(session: BackendSession, entry: ModelEntry): Promise<void> {
  const side = 16 * entry.align;
  const dims = entry.planes === 'yuv' ? [1, 2, 2].map((part) => [1, 1, side / part, side / part]) : [[1, channelsOf(entry), side, side]];
  const typeOf = (at: number) => (entry.planes === 'yuv' ? 'uint8' : (session.outputs[at]?.type ?? 'uint8 or float32'));
  const expected = dims.map((given, at) => `${typeOf(at)} [${scaledDims(entry.scale ?? 1, given)}]`).join(', ');
  const complete = session.inputs.length === dims.length && session.outputs.length === dims.length;
  const typed = session.inputs.every(({ type }) => type !== undefined && (entry.planes !== 'yuv' || type === 'uint8'));
  const found =
    complete && typed
      ? await session.describe(dims.map((given, at) => like(session.inputs[at], given))).then(
          (given) => given.join(', ') || 'nothing',
          (error: unknown) => `the error "${messageOf(error)}"`,
        )
      : `something else: it has ${counted(session.inputs.length, 'input')} and ${counted(session.outputs.length, 'output')}, the first input of ${session.inputs[0]?.type ?? 'another type'}`;
  if (found === expected) return;
  throw new SrvidError(
    'SRVID_MODEL_INVALID',
    `Model ${entry.id} should give ${expected} for a picture of ${side}x${side}, but gives ${found}. It is not the network that the manifest lists.`,
    { model: entry.id },
  );
}

/** Checks count, types and sizes before they reach native code. */
function assertFit({ inputs, outputs }: BackendSession, entry: ModelEntry, given: readonly Tensor[], wanted: readonly Tensor[]): void {
  const tensors = [...given, ...wanted];
  const infos = [...inputs, ...outputs];
  const complete = given.length === inputs.length && wanted.length === outputs.length;
  const whole = tensors.every(({ dims, data }) => dims.every((size) => Number.isInteger(size) && size > 0) && data.length === product(dims));
  const typed = tensors.every(({ data }, index) => (infos[index]?.type === 'float32') === data instanceof Float32Array);
  if (complete && whole && typed && (entry.scale === undefined || isScaled(entry.scale, channelsOf(entry), given[0] as Tensor, wanted[0] as Tensor))) return;
  const told = (list: readonly Tensor[]) =>
    list.map(({ data, dims }) => `${data.length} ${data instanceof Float32Array ? 'float32' : 'uint8'} values as [${dims}]`).join(', ');
  const takes = (list: readonly TensorInfo[]) => list.map(({ name, type }) => `${name} (${type})`).join(', ');
  const scale = entry.scale === undefined ? '' : `, ${channelsOf(entry)} x height x width at ${entry.scale} times the size`;
  throw new SrvidError(
    'SRVID_MODEL_INVALID',
    `Model ${entry.id} was given ${told(given)}, to fill ${told(wanted)}; it reads ${takes(inputs)} and gives ${takes(outputs)}${scale}.`,
    { model: entry.id },
  );
}

function isScaled(scale: number, channels: number, { dims }: Tensor, wanted: Tensor): boolean {
  return dims.length === 4 && dims[1] === channels && wanted.dims.length === 4 && scaledDims(scale, dims).every((size, axis) => size === wanted.dims[axis]);
}

function channelsOf({ planes }: ModelEntry): number {
  return planes === 'rgb' ? 3 : 1;
}

/** Views a tensor as planes; a tensor that is not a picture is a single row. */
function planesOf({ data, dims }: Tensor): Planes {
  return dims.length === 4 ? { data, height: dims[2] as number, width: dims[3] as number } : { data, height: 1, width: data.length };
}

function product(dims: readonly number[]): number {
  return dims.reduce((total, size) => total * size, 1);
}
