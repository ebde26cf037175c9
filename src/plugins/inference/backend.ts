import type { Tensor } from '../contract.js';

/** The engine of a run, by a name that `engines.ts` knows. Networks that it does not support run on ONNX Runtime. */
export interface Engine {
  readonly name: string;
  /** The kernel, by the engine's name for it: the instructions that it uses. Empty where the engine has no choice. */
  readonly kernel: string;
  /** Names the engine's build, where measured times are valid for one build only; else empty. */
  readonly build: string;
}

/** ONNX Runtime, which runs every network. */
export const ONNX_RUNTIME: Engine = { name: 'ort', kernel: '', build: '' };

/** Settings of an inference session. */
export interface InferenceSettings {
  readonly engine: Engine;
  /** The execution provider, by ONNX Runtime's name. */
  readonly device: 'cpu' | 'cuda' | 'webgpu' | 'coreml' | 'dml';
  /** Threads inside one run of a model. */
  readonly threads: number;
}

/** One input or output of a model. */
export interface TensorInfo {
  readonly name: string;
  /** Type of the values; undefined where a backend supports neither. */
  readonly type: 'uint8' | 'float32' | undefined;
}

/** A model that is ready to run on the thread that opened it. */
export interface BackendSession {
  /** Inputs and outputs, each in the order of the model's file. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Tensors may lie in shared memory. Else the caller copies them. */
  readonly takesSharedMemory: boolean;
  /**
   * Runs the model on `inputs` and fills `outputs`, each in the order of the model's file. The caller owns all memory,
   * which may be shared memory only where the session takes it.
   * @throws the engine's error where shapes do not fit
   */
  run(inputs: readonly Tensor[], outputs: readonly Tensor[]): Promise<void>;
  /** Runs the model on `inputs` once, and returns the type and dimensions of each output: "uint8 [1,1,48,48]". */
  describe(inputs: readonly Tensor[]): Promise<readonly string[]>;
  /**
   * Frees the session's native memory. It is to be called before the thread ends: ending a thread inside native code
   * ends the process.
   */
  release(): Promise<void>;
}

/**
 * An inference engine. Everything above this interface (padding, checks, workers, tuning) works with any engine; a new
 * one is a file beside `onnx-runtime.ts` and a line in `engines.ts`.
 */
export interface InferenceBackend {
  /** The engine's name in lower case, "onnxruntime". */
  readonly name: string;
  /**
   * Opens a model from the bytes of its file. `what` is its name in messages.
   * @throws SRVID_MODEL_INVALID, SRVID_DEVICE_UNAVAILABLE
   */
  open(what: string, bytes: Uint8Array, settings: InferenceSettings): Promise<BackendSession>;
  /** Version of the engine. Measured times are valid for one version only. */
  version(): Promise<string>;
}
