import type { ErrorRecord } from '../../errors.js';
import type { Size } from '../contract.js';
import type { VerifiedModel } from './library.js';
import type { NamedTensor } from './onnx-runtime.js';

/*
 * What passes between the main thread and the thread of one network: one reply to each request, in turn.
 */

export type Tensors = Readonly<Record<string, NamedTensor>>;

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
  readonly threads: number;
  /** Runs that count; some go before them. */
  readonly times: number;
}

export type NetworkReply =
  | {
      readonly ok: true /** What a run gives. */;
      readonly results?: Tensors /** Of each run that was timed, in milliseconds. */;
      readonly ms?: readonly number[];
    }
  | { readonly ok: false; readonly error: ErrorRecord };
