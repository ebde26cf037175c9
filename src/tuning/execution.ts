import { defaultWorkers, type ProcessingOptions } from '../options/session.js';
import type { Engine } from '../plugins/inference/backend.js';
import { engineInWords } from '../plugins/inference/engines.js';
import type { ModelLibrary, Precision } from '../plugins/inference/library.js';
import { type NativeEngineHere, nativeEngineHere } from '../plugins/inference/native-engine.js';
import { type Chain, withPrecision } from '../plugins/plan/chain.js';
import { type EngineChoice, enginesFor } from '../plugins/plan/engine-choice.js';
import { isListed, modelsOf } from '../plugins/plan/plugin-models.js';
import { type Candidate, type CandidateTime, timeCandidate } from './candidate-time.js';
import { isMachineBusy } from './machine-load.js';
import type { MeasurementCache } from './measurements.js';
import { Timer } from './timer.js';

/** The precision, the engine and the layout (workers × threads) of a run. */
export interface Execution extends Candidate {
  /** The chain with the models of the chosen precision. */
  readonly chain: Chain;
  /** The reason for the engine, in a few words. */
  readonly engineReason: string;
  /** Choices made by measurement, with their figures: a sentence each. */
  readonly reasons: readonly string[];
  /** The measurement behind the choice, where there was one: milliseconds for a test frame, and the keys of all that was measured. */
  readonly basis?: { readonly ms: number; readonly keys: readonly string[] } | undefined;
}

/** The run for which to choose, and the means to measure. */
export interface ExecutionContext {
  readonly options: ProcessingOptions;
  readonly chain: Chain;
  readonly library: ModelLibrary;
  readonly cache: MeasurementCache;
  /** Name of this machine, for measurements that are kept between runs. */
  readonly machine: string;
  /** Stops the timing. */
  readonly signal?: AbortSignal | undefined;
  /** Called before a measurement begins, which happens once on a machine and takes seconds. */
  readonly onMeasure?: (() => void) | undefined;
  /** Times a frame of the chain with all workers busy; `timeCandidate` where not given. */
  readonly time?: (candidate: Candidate, chain: Chain) => Promise<CandidateTime>;
  /** The native engine; that of this machine where not given. */
  readonly native?: NativeEngineHere;
  /** Tells whether the machine is busy now; `isMachineBusy` where not given. */
  readonly isBusy?: () => Promise<boolean>;
}

/** Another layout must beat one single-threaded worker per core by 10 %. */
const LAYOUT_GAIN = 0.9;
const BUSY = 'the machine was busy, so this is measured again when it is not';

/**
 * Chooses by trying the settings that the caller left open: the engine for int8, int8 or fp32, then workers × threads
 * inside each. Each candidate is timed once on a machine, and the time is kept unless the machine was busy. Networks that
 * come in one precision only, and chains without networks, leave no choice.
 * @throws SRVID_ENGINE_UNAVAILABLE, the errors of plugins and workers, or the signal's reason
 */
export async function chooseExecution(context: ExecutionContext): Promise<Execution> {
  const { options, chain, native } = context;
  const threads = options.threads ?? 1;
  const workers = options.workers ?? Math.max(1, Math.floor(defaultWorkers() / threads));
  // In auto the chain has its networks in int8 where they come in int8.
  const { engines, float32, why } = enginesFor(options, modelsOf(chain.plugins), () => native ?? nativeEngineHere());
  const usual = { precision: options.precision, engine: engines[0], workers, threads };
  if (!canBeTimed(chain)) return { ...usual, chain, engineReason: engines.length > 1 ? 'its plugins cannot be timed' : why, reasons: [] };
  const chains = inPrecisions(context);
  const timer = timerOf(context);
  const timeOf = async (candidate: Candidate) => timer.time(candidate, await chains(candidate.precision));
  const reasons: string[] = [];
  const engine = await chooseEngine(usual, engines, timeOf, reasons);
  const inPrecision = (precision: Precision) => ({ ...usual, precision, engine: precision === 'fp32' ? float32 : engine });
  const settled = inPrecision(await choosePrecision(context, inPrecision, timeOf, reasons));
  const chosen = await chooseLayout(context, settled, timeOf, reasons);
  const basis = timer.keys.length === 0 ? undefined : { ms: (await timeOf(chosen)).ms, keys: timer.keys };
  return { ...chosen, chain: await chains(settled.precision), engineReason: why, reasons, basis };
}

function timerOf({ options, cache, machine, signal, time, isBusy = isMachineBusy, onMeasure = () => {} }: ExecutionContext): Timer {
  const measure = time ?? ((candidate: Candidate, chain: Chain) => timeCandidate({ candidate, chain, options, signal }));
  return new Timer({ cache, machine, device: options.device, retune: options.retune, signal, measure, isBusy, onMeasure });
}

/** The chain in each precision that is asked for. Its models are resolved once for each. */
function inPrecisions({ options, chain, library }: ExecutionContext): (precision: Precision) => Promise<Chain> {
  const models = modelsOf(chain.plugins);
  const known = new Map<Precision, Promise<Chain>>([[options.precision, Promise.resolve(chain)]]);
  for (const precision of ['int8', 'fp32'] as const)
    if (models.every(({ entry }) => entry.precision === precision)) known.set(precision, Promise.resolve(chain));
  return (precision) => {
    const found = known.get(precision) ?? withPrecision(chain, library, precision);
    known.set(precision, found);
    return found;
  };
}

/** A chain can be timed where it has networks and each of them works on one frame at a time. */
function canBeTimed({ plugins }: Chain): boolean {
  const networks = plugins.filter(({ models }) => models.length > 0);
  return networks.length > 0 && networks.every(({ plugin }) => plugin.state !== 'ordered' && !plugin.window);
}

async function chooseEngine(usual: Candidate, engines: EngineChoice['engines'], timeOf: TimeOf, reasons: string[]): Promise<Engine> {
  if (engines.length === 1) return engines[0];
  const times: CandidateTime[] = [];
  for (const engine of engines) times.push(await timeOf({ ...usual, engine }));
  const all = times.map(({ ms }) => ms);
  const chosen = engines[all.indexOf(Math.min(...all))] ?? engines[0];
  const told = engines.map((engine, index) => `${(all[index] as number).toFixed(1)} by ${engineInWords(engine)}`).join(', ');
  const what = `engine ${engineInWords(chosen)}: measured ms a test frame, ${told}`;
  reasons.push(times.every(({ calm }) => calm) ? what : `${what}; ${BUSY}`);
  return chosen;
}

async function choosePrecision(
  { options, chain, library }: ExecutionContext,
  inPrecision: (precision: Precision) => Candidate,
  timeOf: TimeOf,
  reasons: string[],
): Promise<Precision> {
  const specs = chain.plugins.flatMap(({ models }) => models.map(({ spec }) => spec));
  const inBoth =
    specs.some(isListed) && specs.filter(isListed).every((spec) => spec.precision === undefined && library.has(spec, 'int8') && library.has(spec, 'fp32'));
  if (options.precision !== 'auto' || !inBoth) return options.precision;
  if (options.engine !== 'auto' && options.engine !== 'ort') return 'int8';
  const [int8, fp32] = [await timeOf(inPrecision('int8')), await timeOf(inPrecision('fp32'))];
  const precision = fp32.ms < int8.ms ? 'fp32' : 'int8';
  const told = `precision ${precision}: measured ${int8.ms.toFixed(1)} ms a test frame in int8, ${fp32.ms.toFixed(1)} in fp32`;
  reasons.push(int8.calm && fp32.calm ? told : `${told}; ${BUSY}`);
  return precision;
}

async function chooseLayout({ options }: ExecutionContext, usual: Candidate, timeOf: TimeOf, reasons: string[]): Promise<Candidate> {
  const cores = defaultWorkers();
  if (options.workers !== undefined || options.threads !== undefined || cores < 2) return usual;
  const others = [...new Set([2, cores])].filter((threads) => cores % threads === 0 && (threads < cores || options.device === 'cpu'));
  const candidates = [usual, ...others.map((threads) => ({ ...usual, workers: cores / threads, threads }))];
  const times: CandidateTime[] = [];
  for (const candidate of candidates) times.push(await timeOf(candidate));
  const all = times.map(({ ms }) => ms);
  const calm = times.every((time) => time.calm);
  const best = all.indexOf(Math.min(...all));
  // Layouts differ by little, and a busy machine favours those that use fewer cores.
  const chosen = calm && (all[best] as number) < (all[0] as number) * LAYOUT_GAIN ? (candidates[best] as Candidate) : usual;
  const told = candidates.map(({ workers, threads }, index) => `${(all[index] as number).toFixed(1)} with ${workers} x ${threads}`);
  const what = `${chosen.workers} workers x ${chosen.threads} threads: measured ms a test frame, ${told.join(', ')}`;
  reasons.push(calm ? what : `${what}; ${BUSY}`);
  return chosen;
}

type TimeOf = (candidate: Candidate) => Promise<CandidateTime>;
