import type { ErrorRecord } from './errors.js';

/*
 * What a session tells while it runs: the lines of `--json`, and the calls of `onEvent`. `v` is the version of this
 * form; fields are only ever added to one.
 */

export interface StartEvent {
  readonly v: 1;
  readonly type: 'start';
  readonly input: string;
  readonly output: string;
  readonly source: { readonly width: number; readonly height: number; readonly pixelFormat: string; readonly fps: number; readonly frames: number | undefined };
  readonly target: { readonly width: number; readonly height: number; readonly encoder: string; readonly container: string };
  readonly preset: string;
  readonly plan: readonly string[];
  readonly models: readonly string[];
  readonly precision: string;
  readonly workers: number;
  readonly ffmpeg: string;
}

export interface ProgressEvent {
  readonly v: 1;
  readonly type: 'progress';
  readonly frames: number;
  readonly total: number | undefined;
  /** Of this run so far, start-up excluded. */
  readonly fps: number;
  /** Seconds of video done a second. */
  readonly speed: number;
  readonly etaSeconds: number | undefined;
  readonly bottleneck: string;
}

export interface WarningEvent {
  readonly v: 1;
  readonly type: 'warning';
  readonly message: string;
}

export interface StageReport {
  readonly name: string;
  /** Time at work, all threads together; for ffmpeg the time that srvid waited for it. */
  readonly busyMs: number;
  /** Of the time there was: 1 is never idle. */
  readonly utilisation: number;
}

/** What a run did. */
export interface Summary {
  readonly input: string;
  readonly output: string;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly outcomes: { readonly sr: number; readonly reused: number };
  readonly wallSeconds: number;
  /** From the command's start to the first frame at work. */
  readonly startupSeconds: number;
  /** Frames a second, start-up excluded. */
  readonly fps: number;
  readonly stages: readonly StageReport[];
  readonly bottleneck: string;
  readonly models: readonly string[];
  readonly precision: string;
  readonly workers: number;
  readonly peakRssMB: number;
}

export interface EndEvent extends Summary {
  readonly v: 1;
  readonly type: 'end';
}

export interface ErrorEvent extends ErrorRecord {
  readonly v: 1;
  readonly type: 'error';
}

export type SessionEvent = StartEvent | ProgressEvent | WarningEvent | EndEvent | ErrorEvent;
