import { basename } from 'node:path';
import type { Chain } from './chain.js';
import type { OpenedSource } from './io-plan.js';
import type { SessionOptions } from './options.js';
import type { Decoder } from './pipeline/decode.js';
import type { EncodePlan, Encoder } from './pipeline/encode.js';
import { encodedSize } from './pipeline/encode-graph.js';
import type { FfmpegBinary } from './pipeline/ffmpeg-binary.js';
import type { FrameFlow } from './pipeline/flow.js';
import type { OutputFile } from './pipeline/output-file.js';
import type { Source } from './pipeline/source.js';
import { toNumber } from './pipeline/time.js';
import type { PluginHost } from './plugins/host.js';
import { describePlan, type Segment } from './plugins/plan.js';
import type { LoadedPreset } from './presets.js';
import { bottleneckOf, stageReports } from './progress.js';
import type { ProgressEvent, StageReport, StartEvent, Summary } from './report.js';

/** All that is settled before a run begins. */
export interface PreparedRun {
  readonly options: SessionOptions;
  readonly binary: FfmpegBinary;
  readonly preset: LoadedPreset;
  readonly opened: OpenedSource;
  readonly chain: Chain;
  readonly segments: readonly Segment[];
  /** Undefined where the output is standard output. */
  readonly output: OutputFile | undefined;
  /** By `performance.now()`. */
  readonly startedAt: number;
}

/** What moves while frames flow. */
export interface RunningParts {
  readonly host: PluginHost;
  readonly decoder: Decoder;
  readonly encoder: Encoder;
  readonly flow: FrameFlow;
  readonly firstFrameAt: number;
}

/** What is told before the first frame. */
export function startEvent({ options, binary, preset, opened, chain, segments }: PreparedRun, plan: EncodePlan): StartEvent {
  const { info, expectedFrames, url } = opened.source;
  return {
    v: 1,
    type: 'start',
    input: url,
    output: options.output,
    source: { width: info.format.width, height: info.format.height, pixelFormat: info.format.kind, fps: toNumber(info.frameRate), frames: expectedFrames },
    target: { ...encodedSize(plan.format), encoder: plan.encoder.name, container: plan.container.muxer },
    preset: basename(preset.name, '.json'),
    plan: describePlan(segments),
    models: modelIds(chain),
    precision: precisionOf(chain),
    workers: options.workers,
    ffmpeg: binary.version,
  };
}

/** How far a run is. */
export function progressEvent({ options, opened }: PreparedRun, parts: RunningParts): ProgressEvent {
  const { info } = opened.source;
  const frames = parts.flow.framesOut;
  const fps = (frames * 1000) / (performance.now() - parts.firstFrameAt);
  const total = framesToDo(options, opened.source);
  return {
    v: 1,
    type: 'progress',
    frames,
    total,
    fps: Number(fps.toFixed(2)),
    speed: Number((fps / toNumber(info.frameRate)).toFixed(3)),
    etaSeconds: total === undefined || frames === 0 ? undefined : Math.max(0, Math.round((total - frames) / fps)),
    bottleneck: bottleneckOf(reportStages(parts)),
  };
}

/** What a run did; called when it has ended. */
export function summaryOf({ options, opened, chain, startedAt }: PreparedRun, parts: RunningParts): Summary {
  const now = performance.now();
  const { flow, firstFrameAt } = parts;
  const stages = reportStages(parts);
  return {
    input: opened.source.url,
    output: options.output,
    ...flow,
    wallSeconds: Number(((now - startedAt) / 1000).toFixed(3)),
    startupSeconds: Number(((firstFrameAt - startedAt) / 1000).toFixed(3)),
    fps: Number(((flow.framesOut * 1000) / (now - firstFrameAt)).toFixed(2)),
    stages,
    bottleneck: bottleneckOf(stages),
    models: modelIds(chain),
    precision: precisionOf(chain),
    workers: options.workers,
    peakRssMB: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

/** As many frames as the source promises, or as fit the part of it that is asked for. */
function framesToDo({ start, duration }: SessionOptions, { expectedFrames, info, probe }: Source): number | undefined {
  if (start === undefined && duration === undefined) return expectedFrames;
  const rest = (probe.durationSeconds ?? Number.POSITIVE_INFINITY) - (start ?? 0);
  const frames = Math.round(Math.min(rest, duration ?? rest) * toNumber(info.frameRate));
  return Number.isFinite(frames) ? Math.max(0, frames) : undefined;
}

function reportStages({ host, decoder, encoder, firstFrameAt }: RunningParts): StageReport[] {
  const stages = host.stages.flatMap((stage, index) => {
    const timings = host.timings[index];
    return (timings?.names ?? []).map((name, step) => ({ name, busyMs: timings?.totalMs[step] ?? 0, threads: stage.concurrency }));
  });
  return stageReports({ decodeWaitedMs: decoder.waitedMs, encodeWaitedMs: encoder.waitedMs, stages }, performance.now() - firstFrameAt);
}

function modelIds(chain: Chain): string[] {
  return chain.models.map((model) => model.entry.id);
}

function precisionOf(chain: Chain): string {
  return [...new Set(chain.models.map((model) => model.entry.precision))].join('+') || 'none';
}
