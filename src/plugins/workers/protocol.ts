import type { ErrorRecord } from '../../errors.js';
import type { FrameFormat } from '../../pipeline/frames/frame.js';
import type { RingMemory } from '../../pipeline/frames/ring.js';
import type { InferenceSettings } from '../inference/backend.js';
import type { VerifiedModel } from '../inference/library.js';
import type { PluginErrorPolicy } from '../notes.js';
import type { FrameOrigin } from '../plan/groups.js';

/*
 * Messages between the main thread and the workers. The pool takes any next message of a worker for the answer to its
 * last task. So each request has exactly one reply, which repeats its number.
 */

/** A step in the form from which a worker rebuilds it: plugins are imported and options validated again. */
export interface StepSpec {
  readonly name: string;
  readonly module: string;
  readonly given: Readonly<Record<string, unknown>>;
  /** The key of the model that answers each spec, by the spec's key. */
  readonly models: readonly (readonly [spec: string, model: string])[];
  readonly arrives: FrameFormat;
  readonly reads: FrameFormat;
  readonly gives: FrameFormat;
}

/** A group in the form from which a worker rebuilds it. */
export interface GroupSpec {
  readonly steps: readonly StepSpec[];
  readonly input: RingMemory;
  readonly output: RingMemory;
  readonly past: number;
}

/** Data that a worker receives when it starts. */
export interface WorkerSetup {
  /** The groups that this pool runs, by the number in requests. */
  readonly groups: readonly (GroupSpec | undefined)[];
  readonly models: readonly VerifiedModel[];
  readonly origin: FrameOrigin;
  readonly inference: InferenceSettings;
  /** One Int32: the number of workers that have finished opening, so that each is opened by a task of its own. */
  readonly opened: SharedArrayBuffer;
  readonly size: number;
  readonly onError: PluginErrorPolicy;
}

/** A task that is done: milliseconds by step for a frame, and whether it passed a step without its plugin. */
export interface TaskResult {
  readonly stepMs: readonly number[];
  readonly bypassed: boolean;
}

/** One frame of a group's work: slots of the input ring, past, present and future, with a pts each, and the output's slot. */
export interface FrameTask {
  readonly inputs: readonly number[];
  readonly output: number;
  readonly pts: readonly number[];
  /** The frame's number, from 0; undefined for a trial frame, of which plugins tell nothing. */
  readonly frame: number | undefined;
  /** A step that the frame passes without its plugin, since its thread died of it. */
  readonly skip?: number | undefined;
  /** One Int32, which the worker sets to the step at work, from 1, for who looks at the thread from outside. */
  readonly at: SharedArrayBuffer;
}

/** A request to a worker. It holds only numbers and strings, which can always be cloned. */
export type WorkerRequest =
  | { readonly id: number; readonly op: 'open' }
  | ({ readonly id: number; readonly op: 'process'; readonly group: number } & FrameTask)
  | { readonly id: number; readonly op: 'flush' }
  | { readonly id: number; readonly op: 'close' };

/** Anything that a worker is told beside its tasks: that the session stops before its end. */
export interface StopMessage {
  readonly stop: string;
}

/** The reply to the request with the same id. */
export type WorkerReply = ({ readonly id: number; readonly ok: true } & TaskResult) | { readonly id: number; readonly ok: false; readonly error: ErrorRecord };
