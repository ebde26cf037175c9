import { basename } from 'node:path';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { EvaluationOptions, SessionOptions } from '../options/session.js';
import type { Engine } from '../pipeline/engine/engine.js';
import type { FrameFlow } from '../pipeline/engine/frame-flow.js';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import type { Durations } from '../pipeline/frames/durations.js';
import { toNumber } from '../pipeline/frames/time.js';
import type { OpenedSource } from '../pipeline/input/open.js';
import type { Source } from '../pipeline/input/source.js';
import type { CarryPlan } from '../pipeline/output/carry.js';
import type { Container } from '../pipeline/output/container.js';
import type { Target } from '../pipeline/output/target.js';
import { engineInWords } from '../plugins/inference/engines.js';
import { describePlan, type Group, modelsOfGroups } from '../plugins/plan/groups.js';
import type { LevelPlan } from '../plugins/plan/levels.js';
import type { Processing } from '../processing.js';
import type { ProgressEvent, RunMetrics, RunSettings, StageReport, StartEvent, Summary } from './events.js';
import type { Listeners } from './listeners.js';
import { bottleneckOf, stageReports } from './stages.js';

/** A run whose input and processing are planned. */
export interface PlannedRun extends Processing {
  readonly options: EvaluationOptions;
  /** Undefined where no ffmpeg takes part. */
  readonly binary: FfmpegBinary | undefined;
  readonly opened: OpenedSource;
  /** Start of the command, by `performance.now()`. */
  readonly startedAt: number;
}

/** A run that has been planned completely and not begun. */
export interface PreparedRun extends PlannedRun {
  readonly options: SessionOptions;
  readonly binary: FfmpegBinary;
  readonly container: Container;
  /** The fates of the streams beside the processed video. */
  readonly carried: CarryPlan;
  /** Undefined where the output is a stream. */
  readonly output: Target | undefined;
}

/** The receiver of a run's frames, as events tell it. */
export interface RunTarget {
  /** A path, "-" for standard output, or "frames" for a program that takes them. */
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly encoder: string;
  readonly container: string;
}

/** The parts of a run that change while frames flow. */
export interface RunningParts {
  readonly engine: Engine;
  readonly decoder: { readonly waits: Durations };
  readonly encoder: { readonly waits: Durations };
  readonly flow: FrameFlow;
  readonly firstFrameAt: number;
  /** Delay of the main thread since the first frame, in nanoseconds. */
  readonly eventLoop: IntervalHistogram;
}

/** Sampling interval of the main thread's delay. */
const EVENT_LOOP_RESOLUTION_MS = 10;

/** Measures the main thread's delay from now on. */
export function watchEventLoop(): IntervalHistogram {
  const delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  delay.enable();
  return delay;
}

/** Tells the progress of a run at intervals. @returns a function that ends this, and the measurement of the main thread's delay */
export function tellProgress(listeners: Listeners, intervalMs: number, parts: RunningParts, event: () => ProgressEvent): () => void {
  const ticker = setInterval(() => listeners.emit(event()), intervalMs);
  return () => {
    clearInterval(ticker);
    parts.eventLoop.disable();
  };
}

/** The event before the first frame. */
export function startEvent(run: PlannedRun, { output, ...target }: RunTarget): StartEvent {
  const { options, binary, preset, opened, execution, groups, levels } = run;
  const { info, expectedFrames, url } = opened.source;
  return {
    v: 1,
    type: 'start',
    input: url,
    output,
    source: { width: info.format.width, height: info.format.height, pixelFormat: info.format.kind, fps: toNumber(info.frameRate), frames: expectedFrames },
    target,
    preset: basename(preset.name, '.json'),
    plan: [...describePlan(groups), ...(levels?.missing ?? []).map((level) => `level left out: ${level}`)],
    ...settingsOf(run),
    device: options.device,
    chosen: execution.reasons,
    realtime: levels && {
      budgetMs: levels.settings.budgetMs,
      policy: levels.settings.policy,
      levels: levels.levels.map(({ name }) => name),
    },
    ffmpeg: binary?.version ?? 'none',
  };
}

/** The progress of a run at this moment. */
export function progressEvent({ options, opened }: PlannedRun, parts: RunningParts): ProgressEvent {
  const { info } = opened.source;
  const frames = parts.flow.framesOut;
  const done = frames + parts.flow.outcomes.dropped;
  const elapsedMs = performance.now() - parts.firstFrameAt;
  const fps = (frames * 1000) / elapsedMs;
  const total = framesToDo(options, opened.source);
  return {
    v: 1,
    type: 'progress',
    frames,
    total,
    fps: Number(fps.toFixed(2)),
    speed: Number((fps / toNumber(info.frameRate)).toFixed(3)),
    etaSeconds: total === undefined || done === 0 ? undefined : Math.max(0, Math.round(((total - done) / done) * (elapsedMs / 1000))),
    bottleneck: bottleneckOf(reportStages(parts)),
    outcomes: { ...parts.flow.outcomes },
    realtime: parts.engine.realtime(),
  };
}

/** A run's figures so far. */
export function metricsOf(parts: RunningParts): RunMetrics {
  return { ...parts.flow, stages: reportStages(parts), realtime: parts.engine.realtime(), plugins: parts.engine.pluginMetrics() };
}

/** The figures of a run that has ended; to be called at its end. */
export function summaryOf(run: PlannedRun, parts: RunningParts, output: string): Summary {
  const now = performance.now();
  const { flow, firstFrameAt } = parts;
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const metrics = metricsOf(parts);
  return {
    input: run.opened.source.url,
    output,
    ...metrics,
    wallSeconds: Number(((now - run.startedAt) / 1000).toFixed(3)),
    startupSeconds: Number(((firstFrameAt - run.startedAt) / 1000).toFixed(3)),
    fps: Number(((flow.framesOut * 1000) / (now - firstFrameAt)).toFixed(2)),
    bottleneck: bottleneckOf(metrics.stages),
    ...settingsOf(run),
    peakRssMB: Math.round(maxRSS / 1024),
    cpuSeconds: Number(((userCPUTime + systemCPUTime) / 1e6).toFixed(3)),
    eventLoopP99Ms: Number(Math.max(0, parts.eventLoop.percentile(99) / 1e6 - EVENT_LOOP_RESOLUTION_MS).toFixed(2)),
  };
}

/** Number of frames that the source announces, or that fit the part of it that is to be processed. */
export function framesToDo({ start, duration }: EvaluationOptions, { expectedFrames, info, probe }: Source): number | undefined {
  if (start === undefined && duration === undefined) return expectedFrames;
  const rest = (probe.durationSeconds ?? Number.POSITIVE_INFINITY) - (start ?? 0);
  const frames = Math.round(Math.min(rest, duration ?? rest) * toNumber(info.frameRate));
  return Number.isFinite(frames) ? Math.max(0, frames) : undefined;
}

function reportStages({ engine, decoder, encoder, firstFrameAt }: RunningParts): StageReport[] {
  const stages = [{ name: 'decode', durations: decoder.waits, threads: 1 }, ...engine.stageTimes(), { name: 'encode', durations: encoder.waits, threads: 1 }];
  return stageReports(stages, performance.now() - firstFrameAt);
}

/** The networks of a run, and what runs them. */
function settingsOf({ execution, groups, levels, content }: PlannedRun): RunSettings {
  const { engine, engineReason, workers, threads } = execution;
  return { models: modelIds(groups, levels), precision: precisionOf(groups), engine: engineInWords(engine), engineReason, content, workers, threads };
}

function modelIds(groups: readonly Group[], levels: LevelPlan | undefined): string[] {
  return modelsOfGroups(levels ? levels.levels.map(({ group }) => group) : groups).map(({ entry }) => entry.id);
}

function precisionOf(groups: readonly Group[]): string {
  return [...new Set(modelsOfGroups(groups).map(({ entry }) => entry.precision))].join('+') || 'none';
}
