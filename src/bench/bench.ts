import { join, resolve } from 'node:path';
import { describeCause, SrvidError } from '../errors.js';
import { defaultWorkers } from '../options/session.js';
import { DEFAULT_MAX_PIXELS, type EngineRequest } from '../options/table.js';
import { type FfmpegBinary, findFfmpeg } from '../pipeline/ffmpeg/binary.js';
import { PATIENCE_MS } from '../pipeline/frames/timeout.js';
import { openSource } from '../pipeline/input/open.js';
import type { Size } from '../plugins/contract.js';
import { engineInWords, engineOption } from '../plugins/inference/engines.js';
import { runtimeVersion } from '../plugins/inference/onnx-library.js';
import { OWN_NETWORK } from '../plugins/own/describe.js';
import { planChain } from '../plugins/plan/groups.js';
import { macsOf } from '../plugins/plan/levels.js';
import { loadPreset } from '../plugins/plan/presets.js';
import { findPlugin } from '../plugins/registry.js';
import type { EndEvent } from '../report/events.js';
import { timeCandidate } from '../tuning/candidate-time.js';
import { machineName } from '../tuning/measurements.js';
import { packageVersion } from '../version.js';
import { type BenchClip, prepareClip } from './clip.js';
import { type CasePlan, discardedFps, planCase, precisionOf } from './discard.js';
import type { BenchCase, BenchReport } from './report.js';
import { decodeMs, encodeMs, int8Peak, networkMs } from './stages.js';
import { median, runSrvid, withTemporaryFolder } from './tools.js';

/** Options of a measurement. Every preset that enlarges is measured at every scale, any other at the target's size, in `rounds` rounds. */
export interface BenchRequest {
  /** A video file. Default: the bundled clip. */
  readonly clip?: string | undefined;
  readonly presets: readonly string[];
  readonly scales: readonly number[];
  readonly frames: number;
  readonly rounds: number;
  /** Options such as "preset=ultrafast", added to the preset's own. */
  readonly encoderOptions: readonly string[];
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
  /** The engine in the words of the option --engine. */
  readonly engine: EngineRequest;
  /** Stops the measurement, which then fails with SRVID_INTERRUPTED. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each round with one line of text. */
  readonly onRound: (text: string) => void;
}

const TARGET: Size = { width: 1920, height: 1080 };

/**
 * Measures presets at scales, with 1080p as the target size. The stages of a round are measured directly after one
 * another, so that they share the same conditions.
 * @throws SRVID_INTERRUPTED, and the errors of a run
 */
export async function runBench(request: BenchRequest): Promise<BenchReport> {
  try {
    return await measureAll(request);
  } catch (error) {
    if (!request.signal?.aborted) throw error;
    throw new SrvidError('SRVID_INTERRUPTED', 'The measurement was interrupted.', {}, describeCause(request.signal.reason));
  }
}

async function measureAll(request: BenchRequest): Promise<BenchReport> {
  const binary = await findFfmpeg();
  if (request.clip !== undefined) await assertVideo(binary, request.clip);
  const wanted = new Map<string, readonly number[]>();
  for (const preset of request.presets) wanted.set(preset, (await enlarges(preset)) ? request.scales : [1]);
  const cases: BenchCase[] = [];
  const peaks: number[] = [];
  let clipName = '';
  await withTemporaryFolder(async (folder) => {
    for (const scale of new Set([...wanted.values()].flat())) {
      // The clip's encoder takes even sides.
      const side = (target: number) => 2 * Math.round(target / scale / 2);
      const size = { width: side(TARGET.width), height: side(TARGET.height) };
      const clip = await prepareClip(binary.ffmpeg, { source: request.clip, size, frames: request.frames, folder, signal: request.signal });
      clipName = clip.name;
      for (const [preset, scales] of wanted) if (scales.includes(scale)) cases.push(await measure({ request, binary, clip, preset, scale, folder, peaks }));
    }
  });
  return {
    v: 1,
    machine: machineName(await runtimeVersion()),
    srvid: packageVersion(),
    ffmpeg: binary.version,
    clip: clipName,
    frames: request.frames,
    rounds: request.rounds,
    encoder: request.encoderOptions.join(' ') || "each preset's own",
    peakGmacPerSecond: median(peaks),
    cases,
  };
}

/** True for a preset with a step that has scales. Any other is measured once, at the size of the target. */
async function enlarges(name: string): Promise<boolean> {
  const { preset, folder } = await loadPreset(name);
  for (const use of preset.plugins.flatMap(({ use }) => use)) if (use === OWN_NETWORK || (await findPlugin(use, folder)).plugin.scales) return true;
  return false;
}

/** Opens the clip as a run does, for its errors. Its commands would fail with ffmpeg's words only. */
async function assertVideo(binary: FfmpegBinary, input: string): Promise<void> {
  await openSource(binary, { input: resolve(input), deinterlace: 'auto', strict: false, allowReferences: false, maxPixels: DEFAULT_MAX_PIXELS });
}

interface CaseRequest {
  readonly request: BenchRequest;
  readonly binary: FfmpegBinary;
  readonly clip: BenchClip;
  readonly preset: string;
  readonly scale: number;
  readonly folder: string;
  /** Collects the int8 peak of each round, in GMAC/s. */
  readonly peaks: number[];
}

type Round = Omit<BenchCase, 'preset' | 'scale' | 'source' | 'target' | 'models' | 'engine' | 'engineReason' | 'workers' | 'threads' | 'coreMs' | 'latencyMs'> &
  BenchCase['coreMs'] &
  BenchCase['latencyMs'];

async function measure(given: CaseRequest): Promise<BenchCase> {
  const { request, binary, clip, preset, scale } = given;
  const plan = await planCase(binary, { input: clip.path, preset, scale, engine: request.engine }, request.signal);
  const rounds: Round[] = [];
  let last: EndEvent | undefined;
  for (let number = 1; number <= request.rounds; number++) {
    const { round, end } = await measureRound(given, plan, last);
    rounds.push(round);
    last = end;
    request.onRound(
      `${preset} x${scale}, round ${number}: network ${round.network.toFixed(1)}, decode ${round.decode.toFixed(1)}, encode ${round.encode.toFixed(1)} core-ms; ` +
        `bound ${round.boundFps.toFixed(1)} fps, reached ${round.fps.toFixed(1)} = ${round.efficiency.toFixed(3)}`,
    );
  }
  const middle = (name: keyof Round) => median(rounds.map((round) => round[name]));
  const { width, height } = clip.size;
  return {
    preset,
    scale,
    source: `${width}x${height}`,
    target: `${Math.round(width * scale)}x${Math.round(height * scale)}`,
    models: plan.models.map(({ entry }) => entry.id),
    engine: engineInWords(plan.engine),
    engineReason: plan.engineReason,
    workers: last?.workers ?? 0,
    threads: last?.threads ?? 0,
    coreMs: { decode: middle('decode'), network: middle('network'), srvid: middle('srvid'), encode: middle('encode') },
    boundFps: middle('boundFps'),
    fps: middle('fps'),
    discardedFps: middle('discardedFps'),
    efficiency: middle('efficiency'),
    gmacPerSecond: middle('gmacPerSecond'),
    peakShare: middle('peakShare'),
    latencyMs: { one: middle('one'), two: middle('two') },
    startupSeconds: middle('startupSeconds'),
    peakRssMB: middle('peakRssMB'),
    eventLoopP99Ms: middle('eventLoopP99Ms'),
  };
}

async function measureRound(
  { request, binary, clip, preset, scale, folder, peaks }: CaseRequest,
  { chain, models, engine }: CasePlan,
  last: EndEvent | undefined,
): Promise<{ round: Round; end: EndEvent }> {
  const { workers, threads, signal } = request;
  const peak = await int8Peak(Math.min(15, clip.frames), signal);
  peaks.push(peak);
  const format = { kind: 'gray', ...clip.size } as const;
  // Networks of one picture in and one out are timed by themselves, any others within their plugin.
  const alone = models.every(({ entry }) => entry.scale !== undefined || entry.planes === 'yuv');
  const each = async (count: number, times: number) => {
    const candidate = { precision: precisionOf(models), engine, workers: 1, threads: count };
    const frame = { format, bytes: clip.luma };
    if (!alone) return (await timeCandidate({ candidate, chain, options: { device: 'cpu', taskTimeoutMs: PATIENCE_MS }, frame, signal })).ms;
    let total = 0;
    for (const model of models) total += await networkMs(model, clip, { engine, threads: count, times }, signal);
    return total;
  };
  const network = await each(1, Math.min(30, clip.frames));
  // Where a network runs on ONNX Runtime alone, no other engine can be asked for, but one is found as it was for the plan.
  const engineName = models.every(({ entry }) => entry.precision === 'int8') ? engineOption(engine) : 'auto';
  const args = [
    ...['--preset', preset, ...(scale === 1 ? [] : ['--scale', String(scale)])],
    // Both the single stage and the complete run must use the same networks and the same engine.
    ...(models.length > 0 ? ['--precision', precisionOf(models)] : []),
    ...['--engine', engineName],
    ...request.encoderOptions.flatMap((option) => ['--encoder-option', option]),
    ...(workers === undefined ? [] : ['--workers', String(workers)]),
    ...(threads === undefined ? [] : ['--threads', String(threads)]),
  ];
  const decode = await decodeMs(binary.ffmpeg, clip, signal);
  const encode = await encodeMs(binary.ffmpeg, clip, args, folder, signal);
  const end = await runSrvid([clip.path, join(folder, 'whole.mp4'), ...args], { signal });
  const layout = { workers: workers ?? last?.workers ?? end.workers, threads: threads ?? last?.threads ?? end.threads };
  const discarded = await discardedFps(binary, { input: clip.path, preset, scale, engine: engineName, ...layout }, signal);
  const boundFps = (defaultWorkers() * 1000) / (network + decode + encode);
  const networks = chain.plugins.filter((loaded) => loaded.models.length > 0);
  const macs = planChain(format, networks).reduce((sum, group) => sum + macsOf(group), 0);
  const gmacPerSecond = network === 0 ? 0 : macs / network / 1e6;
  const { fps, startupSeconds, peakRssMB, eventLoopP99Ms, cpuSeconds } = end;
  const round = {
    ...{ decode, network, encode, srvid: Math.max(0, (cpuSeconds * 1000) / clip.frames - network) },
    ...{ boundFps, fps, discardedFps: discarded, efficiency: fps / boundFps, gmacPerSecond, peakShare: gmacPerSecond / peak },
    ...{ one: network, two: await each(2, Math.min(15, clip.frames)), startupSeconds, peakRssMB, eventLoopP99Ms },
  };
  return { round, end };
}
