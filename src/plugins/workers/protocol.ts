import type { ErrorRecord } from '../../errors.js';
import type { FrameFormat } from '../../pipeline/frames/frame.js';
import type { RingMemory } from '../../pipeline/frames/ring.js';
import type { InferenceSettings } from '../inference/backend.js';
import type { VerifiedModel } from '../inference/library.js';
import type { FrameOrigin } from '../plan/groups.js';

/*
 * What passes between the main thread and the workers. The pool takes the next message of a worker for the answer to
 * its last task, whatever it is, so each request has exactly one reply, and the reply repeats its number.
 */

/** A step as a worker rebuilds it: plugins are imported again, options validated again. */
export interface StepSpec {
  readonly name: string;
  readonly module: string;
  readonly given: Readonly<Record<string, unknown>>;
  /** The id of the model that answers each spec, by the spec's key. */
  readonly models: readonly (readonly [spec: string, id: string])[];
  readonly arrives: FrameFormat;
  readonly reads: FrameFormat;
  readonly gives: FrameFormat;
}

export interface SegmentSpec {
  readonly steps: readonly StepSpec[];
  readonly input: RingMemory;
  readonly output: RingMemory;
  readonly past: number;
}

/** Given to a worker when it starts. */
export interface WorkerSetup {
  /** The segments this pool runs, by the number that requests use. */
  readonly segments: readonly (SegmentSpec | undefined)[];
  readonly models: readonly VerifiedModel[];
  readonly origin: FrameOrigin;
  readonly inference: InferenceSettings;
  /** One Int32: how many workers have finished opening, so that each of them is opened by a task of its own. */
  readonly opened: SharedArrayBuffer;
  readonly size: number;
}

/** Plain numbers and strings only: they cannot fail to be cloned. */
export type WorkerRequest =
  | { readonly id: number; readonly op: 'open' }
  | {
      readonly id: number;
      readonly op: 'process';
      readonly segment: number;
      /** Slots of the input ring: past, present, future. */
      readonly inputs: readonly number[];
      readonly output: number;
      readonly pts: readonly number[];
    }
  | { readonly id: number; readonly op: 'close' };

export type WorkerReply =
  | { readonly id: number; readonly ok: true /** Milliseconds by step, for 'process'. */; readonly stepMs: readonly number[] }
  | { readonly id: number; readonly ok: false; readonly error: ErrorRecord };
