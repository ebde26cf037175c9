import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ProcessingOptions, type RealtimeSettings, realtimeSettings } from './options/session.js';
import type { Engine, EngineSetup, StageTime } from './pipeline/engine/engine.js';
import { LosslessEngine } from './pipeline/engine/lossless/engine.js';
import { RealtimeEngine } from './pipeline/engine/realtime/engine.js';
import type { StreamInfo } from './pipeline/frames/stream-info.js';
import { toNumber } from './pipeline/frames/time.js';
import { loadModelLibrary, type ModelLibrary } from './plugins/inference/library.js';
import { runtimeVersion } from './plugins/inference/onnx-library.js';
import type { NoteListener } from './plugins/notes.js';
import { assumedColor } from './plugins/pixels/color-matrix.js';
import { buildChain, type Chain, reductionIn, withPrecision } from './plugins/plan/chain.js';
import { type CompressionMeter, type ContentChoice, chooseContent } from './plugins/plan/content.js';
import { type Group, planChain } from './plugins/plan/groups.js';
import { type LevelPlan, macsOf, planLevels } from './plugins/plan/levels.js';
import { type LoadedPreset, loadPreset } from './plugins/plan/presets.js';
import { TEST_FRAME } from './tuning/candidate-time.js';
import { chooseExecution, type Execution } from './tuning/execution.js';
import { lookBack } from './tuning/hindsight.js';
import { MeasurementCache, machineName } from './tuning/measurements.js';

/** The installed parts of a run, which can be loaded before the source is known. */
export interface Installed {
  readonly preset: LoadedPreset;
  readonly library: ModelLibrary;
  /** Name of this machine, for measurements that are kept between runs. */
  readonly machine: string;
}

/** The complete plan of the processing between decoder and encoder. */
export interface Processing {
  readonly options: ProcessingOptions;
  readonly preset: LoadedPreset;
  readonly chain: Chain;
  readonly execution: Execution;
  readonly groups: readonly Group[];
  /** The levels of real time; undefined where frames have no deadlines. */
  readonly levels: (LevelPlan & { readonly settings: RealtimeSettings }) | undefined;
  readonly cache: MeasurementCache;
  readonly machine: string;
  /** The kind of source that the networks are for; undefined where there is no choice. */
  readonly content: ContentChoice | undefined;
  /** Surprises of this plan for users, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Loads the preset and the manifest of the models.
 * @throws SRVID_PRESET_UNKNOWN, SRVID_PRESET_INVALID, SRVID_MODEL_INVALID
 */
export async function lookUp(options: ProcessingOptions): Promise<Installed> {
  const folder = options.models === undefined ? undefined : pathToFileURL(`${resolve(options.models)}/`);
  const [preset, library, machine] = await Promise.all([loadPreset(options.preset), loadModelLibrary(folder), runtimeVersion().then(machineName)]);
  return { preset, library, machine };
}

/** Connections of planning to its caller. */
export interface PlanningHooks {
  /** Stops the planning. */
  readonly signal?: AbortSignal | undefined;
  /** Called before this machine is measured, which happens once and takes seconds. */
  readonly onMeasure?: (() => void) | undefined;
  /** Answers how coarsely the source is compressed; networks for clean sources are taken where it is not given. */
  readonly measureCompression?: CompressionMeter | undefined;
}

/**
 * Plans the processing of a stream's frames.
 * @throws the errors of chains, plugins, networks and levels
 */
export async function planProcessing(
  options: ProcessingOptions,
  { preset, library: installed, machine }: Installed,
  info: StreamInfo,
  { signal, onMeasure, measureCompression }: PlanningHooks = {},
): Promise<Processing> {
  const cache = new MeasurementCache();
  const own = await buildChain(options, preset, installed, info, signal);
  const content = await chooseContent(options.content, own, installed, measureCompression);
  const library = installed.preferring(content?.content ?? 'clean');
  const built = library === installed ? own : await withPrecision(own, library, options.precision);
  const execution = await chooseExecution({ options, chain: built, library, cache, machine, signal, onMeasure });
  signal?.throwIfAborted();
  const { precision, chain } = execution;
  const groups = planChain(info.format, chain.plugins);
  const settings = realtimeSettings(options, preset.preset);
  const mostMacs = options.levels ? undefined : mostMacsInTime(execution, info);
  const levels = settings && { ...(await planLevels(chain, settings, { library, precision, format: info.format, mostMacs })), settings };
  const notes = [reductionIn(chain, info)].filter((note) => note !== undefined);
  return { options, preset, chain, execution, groups, levels, cache, machine, content, notes };
}

/**
 * The multiplications that this machine may be able to do for each frame of a stream, by the time of the chain's own
 * networks; undefined where they were not timed. Larger networks get more done in the same time, and a measurement may
 * have been disturbed, so twice as many as follow from it.
 */
function mostMacsInTime({ basis, chain }: Execution, { frameRate }: StreamInfo): number | undefined {
  if (!basis) return undefined;
  const networks = chain.plugins.filter(({ models }) => models.length > 0);
  const macs = planChain(TEST_FRAME, networks).reduce((sum, group) => sum + macsOf(group), 0);
  return macs === 0 ? undefined : (2 * macs * 1000) / toNumber(frameRate) / basis.ms;
}

/**
 * The engine for a run: in real time where frames have deadlines, else without loss. `paced` is that of
 * `realtimeEngineFor`. `onNote` receives what plugins tell; without it their log goes to standard error.
 */
export function engineFor(processing: Processing, info: StreamInfo, paced: boolean, onNote?: NoteListener): Engine {
  return processing.levels ? realtimeEngineFor(processing, info, paced, onNote) : new LosslessEngine(processing.groups, setupOf(processing, info, onNote));
}

/**
 * The engine for frames under deadlines.
 * @param paced the source can be read faster than its frames are shown, and is held back to their times
 */
export function realtimeEngineFor(processing: Processing, info: StreamInfo, paced: boolean, onNote?: NoteListener): RealtimeEngine {
  const { levels, cache, machine } = processing;
  if (!levels) throw new Error('realtimeEngineFor: this processing was planned without deadlines');
  return new RealtimeEngine({ plan: levels, settings: levels.settings, info, paced, cache, machine }, setupOf(processing, info, onNote));
}

/**
 * Compares the figures of a run that has ended with the measurement by which its settings were chosen. The measurement
 * is made again by the next run where they contradict each other.
 */
export async function reviewChoice({ execution, groups, cache }: Processing, stages: readonly StageTime[], elapsedMs: number): Promise<void> {
  const steps = groups.flatMap((group) => group.steps).filter(({ loaded }) => loaded.models.length > 0);
  const names = new Set(steps.map(({ loaded }) => loaded.plugin.name));
  const times = stages.filter(({ name }) => names.has(name));
  const [first, size] = [times[0], steps[0]?.arrives];
  if (!first || !size || first.durations.count === 0) return;
  const busyMs = times.reduce((sum, { durations }) => sum + durations.totalMs, 0);
  const { count } = first.durations;
  await lookBack(execution, { frames: count, msPerFrame: busyMs / count, utilisation: busyMs / (elapsedMs * first.threads), size }, cache);
}

function setupOf({ options, execution }: Processing, info: StreamInfo, onNote: NoteListener | undefined): EngineSetup {
  return {
    origin: { color: assumedColor(info.color, info.format.height), timeBase: info.timeBase },
    inference: { engine: execution.engine, device: options.device, threads: execution.threads },
    workers: execution.workers,
    taskTimeoutMs: options.taskTimeoutMs,
    onError: options.onPluginError,
    ...(onNote && { onNote }),
  };
}
