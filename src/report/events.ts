import type { ErrorRecord } from '../errors.js';
import type { Outcome } from '../pipeline/engine/outcome.js';
import type { RealtimeReport } from '../pipeline/engine/realtime-report.js';
import type { PluginEmission, PluginLogEntry, PluginMetric } from '../plugins/notes.js';
import type { ContentChoice } from '../plugins/plan/content.js';

export type { Outcome, PluginLogEntry, PluginMetric, RealtimeReport };

/*
 * Events of a session while it runs: the lines of `--json`, and the calls of `onEvent`. `v` is the version of this form;
 * within one version fields are only added.
 */

/** The networks of a run, and what runs them. */
export interface RunSettings {
  readonly models: readonly string[];
  readonly precision: string;
  /** The engine of the networks, "native (avx2)" or "ONNX Runtime", and the reason for it, in a few words. */
  readonly engine: string;
  readonly engineReason: string;
  /** The kind of source that the networks are for, "clean" or "video", and the reason; absent where there is no choice. */
  readonly content?: ContentChoice | undefined;
  readonly workers: number;
  /** Threads inside each run of a network. */
  readonly threads: number;
}

/** Sent once, before the first frame: the source, the target, and the plan. */
export interface StartEvent extends RunSettings {
  readonly v: 1;
  readonly type: 'start';
  readonly input: string;
  readonly output: string;
  readonly source: { readonly width: number; readonly height: number; readonly pixelFormat: string; readonly fps: number; readonly frames: number | undefined };
  readonly target: { readonly width: number; readonly height: number; readonly encoder: string; readonly container: string };
  readonly preset: string;
  readonly plan: readonly string[];
  readonly device: string;
  /** Choices made by measurement, with their figures; a sentence each. */
  readonly chosen: readonly string[];
  /**
   * In real time: the deadline after arrival in milliseconds, the policy for frames that would miss it, and the levels,
   * best first.
   */
  readonly realtime?: { readonly budgetMs: number; readonly policy: string; readonly levels: readonly string[] } | undefined;
  readonly ffmpeg: string;
}

/** Sent at intervals while frames flow. */
export interface ProgressEvent {
  readonly v: 1;
  readonly type: 'progress';
  readonly frames: number;
  readonly total: number | undefined;
  /** Frames a second in this run so far, start-up excluded. */
  readonly fps: number;
  /** Seconds of video processed in a second. */
  readonly speed: number;
  readonly etaSeconds: number | undefined;
  readonly bottleneck: string;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly realtime?: RealtimeReport | undefined;
}

/** Sent before the machine is measured, which happens once for each network and takes some seconds. It comes before `start`. */
export interface MeasuringEvent {
  readonly v: 1;
  readonly type: 'measuring';
  readonly message: string;
}

/** Sent where a video is processed in segments: at the beginning, and when one of them is done and kept. */
export interface SegmentsEvent {
  readonly v: 1;
  readonly type: 'segments';
  /** Number of all segments, and of those that are done, by earlier runs or by this one. */
  readonly count: number;
  readonly done: number;
  /** The hidden folder in which they are kept until all are done. */
  readonly folder: string;
}

/** Sent where something is lost or left out, in a sentence for the user. */
export interface WarningEvent {
  readonly v: 1;
  readonly type: 'warning';
  readonly message: string;
}

/** Sent where a plugin has called `context.emit`. */
export interface PluginEvent extends PluginEmission {
  readonly v: 1;
  readonly type: 'plugin';
}

/** Working time of one stage: of decode, one plugin, or encode. */
export interface StageReport {
  readonly name: string;
  /** Working time, summed over all threads; for ffmpeg the time that srvid waited for it. */
  readonly busyMs: number;
  /** Share of the available time, 0 to 1: 1 is never idle. */
  readonly utilisation: number;
  /** Percentiles of the milliseconds for a frame. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** Figures of a run so far. */
export interface RunMetrics {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly stages: readonly StageReport[];
  /** Report on frames under deadlines; absent where they had none. */
  readonly realtime?: RealtimeReport | undefined;
  /** Figures that plugins have told by `context.metrics`. */
  readonly plugins?: readonly PluginMetric[] | undefined;
}

/** Figures of a run that has ended. */
export interface Summary extends RunMetrics, RunSettings {
  readonly input: string;
  readonly output: string;
  readonly wallSeconds: number;
  /** Seconds from the command's start until the first frame is processed. */
  readonly startupSeconds: number;
  /** Frames a second, start-up excluded. */
  readonly fps: number;
  readonly bottleneck: string;
  readonly peakRssMB: number;
  /** CPU time of srvid's own process, with start-up and threads; ffmpeg's processes are not included. */
  readonly cpuSeconds: number;
  /** Delay of the main thread's timers: the 99th percentile in milliseconds. */
  readonly eventLoopP99Ms: number;
}

/** Sent once, after a run that succeeded. */
export interface EndEvent extends Summary {
  readonly v: 1;
  readonly type: 'end';
}

/** The last line of `--json` where the command failed. */
export interface ErrorEvent extends ErrorRecord {
  readonly v: 1;
  readonly type: 'error';
}

/** Any event of a session. */
export type SessionEvent = MeasuringEvent | StartEvent | SegmentsEvent | ProgressEvent | WarningEvent | PluginEvent | EndEvent | ErrorEvent;
