import type { ErrorRecord } from '../../errors.js';
import type { Size } from '../contract.js';
import type { Engine } from './backend.js';
import type { VerifiedModel } from './library.js';
import type { NamedTensor } from './onnx-runtime.js';

/*
 * Messages between the main thread and the thread of one network: one reply to each request, in order.
 */

/** Tensors by the names of a model's inputs or outputs. */
export type Tensors = Readonly<Record<string, NamedTensor>>;

/** A request to the thread of one network. */
export type NetworkRequest =
  | { readonly op: 'open'; readonly what: string; readonly bytes: Uint8Array; readonly profile: string | undefined }
  | { readonly op: 'run'; readonly inputs: Tensors }
  | { readonly op: 'time'; readonly inputs: Tensors }
  | { readonly op: 'end-profile' }
  | { readonly op: 'release' }
  | ModelTiming;

/** Times one of srvid's own models on one picture, as a worker runs it. */
export interface ModelTiming {
  readonly op: 'time-model';
  readonly model: VerifiedModel;
  readonly luma: Uint8Array;
  readonly size: Size;
  readonly engine: Engine;
  readonly threads: number;
  /** Number of timed runs; warm-up runs precede them. */
  readonly times: number;
}

/** The reply to one request. */
export type NetworkReply =
  | {
      readonly ok: true /** Outputs of a run. */;
      readonly results?: Tensors /** Milliseconds of each timed run. */;
      readonly ms?: readonly number[];
    }
  | { readonly ok: false; readonly error: ErrorRecord };
