import type { ErrorRecord } from '../errors.js';
import type { Outcome } from '../pipeline/engine/outcome.js';
import type { RealtimeReport } from '../pipeline/engine/realtime-report.js';

export type { Outcome, RealtimeReport };

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
  /** Threads inside each run of a network. */
  readonly threads: number;
  readonly device: string;
  /** What was chosen by measurement, and by which; a sentence each. */
  readonly chosen: readonly string[];
  /** In real time: the deadline after arrival, what is done where it cannot be met, and the levels, best first. */
  readonly realtime?: { readonly budgetMs: number; readonly policy: string; readonly levels: readonly string[] } | undefined;
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
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly realtime?: RealtimeReport | undefined;
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
  /** What half of the frames, 95 and 99 of 100 took no more than, in milliseconds. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** What a run has done so far. */
export interface RunMetrics {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly stages: readonly StageReport[];
  /** What became of frames under deadlines; absent where they had none. */
  readonly realtime?: RealtimeReport | undefined;
}

/** What a run did. */
export interface Summary extends RunMetrics {
  readonly input: string;
  readonly output: string;
  readonly wallSeconds: number;
  /** From the command's start to the first frame at work. */
  readonly startupSeconds: number;
  /** Frames a second, start-up excluded. */
  readonly fps: number;
  readonly bottleneck: string;
  readonly models: readonly string[];
  readonly precision: string;
  readonly workers: number;
  readonly threads: number;
  readonly peakRssMB: number;
  /** Of srvid's own process, start-up and threads included; ffmpeg's are not. */
  readonly cpuSeconds: number;
  /** How late the main thread was with what was due; 1 of 100 times later than this. */
  readonly eventLoopP99Ms: number;
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
