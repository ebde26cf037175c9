import type { Tensor } from '../contract.js';

/** How a session runs its model. */
export interface InferenceSettings {
  /** Name of an execution provider, as ONNX Runtime names them. */
  readonly device: 'cpu' | 'cuda' | 'webgpu' | 'coreml' | 'dml';
  /** Threads inside one run of a model. */
  readonly threads: number;
}

/** One input or output of a model. */
export interface TensorInfo {
  readonly name: string;
  /** Type of the values; undefined where it is neither of the two that a backend can be given. */
  readonly type: 'uint8' | 'float32' | undefined;
}

/** A model that is ready to run on the thread that opened it. */
export interface BackendSession {
  /** In the order of the model's file. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the model on `inputs` and fills `outputs`, each in the order of the model's file. The caller owns all memory,
   * which must not be shared memory.
   * @throws what the engine says where shapes do not fit
   */
  run(inputs: readonly Tensor[], outputs: readonly Tensor[]): Promise<void>;
  /** Frees what native code holds. A session is released before its thread ends: ending a thread inside native code would end the process. */
  release(): Promise<void>;
}

/**
 * An inference engine. Everything above this interface (padding, checks, workers, tuning) works with any engine; a new
 * one is a file beside `onnx-runtime.ts` and a line in `model.ts`.
 */
export interface InferenceBackend {
  /** Lower case, "onnxruntime". */
  readonly name: string;
  /** Opens a model from the bytes of its file. `what` names it in messages. @throws SRVID_MODEL_INVALID, SRVID_DEVICE_UNAVAILABLE */
  open(what: string, bytes: Uint8Array, settings: InferenceSettings): Promise<BackendSession>;
  /** Version of the engine, on which it depends how long things take. */
  version(): Promise<string>;
}
