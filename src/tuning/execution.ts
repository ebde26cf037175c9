import { defaultWorkers, type SessionOptions } from '../options/options.js';
import type { ModelLibrary } from '../plugins/inference/library.js';
import type { Chain } from '../plugins/plan/chain.js';
import { timeCandidate } from './candidate-time.js';
import type { MeasurementCache } from './measurements.js';

/** In which arithmetic and on how many threads networks run. */
export interface Candidate {
  readonly precision: 'int8' | 'fp32';
  readonly workers: number;
  readonly threads: number;
}

export interface Execution extends Omit<Candidate, 'precision'> {
  readonly precision: SessionOptions['precision'];
  /** What was chosen by measurement, and by which: a sentence each. */
  readonly reasons: readonly string[];
}

export interface ExecutionContext {
  readonly options: SessionOptions;
  readonly chain: Chain;
  readonly library: ModelLibrary;
  readonly cache: MeasurementCache;
  /** This machine, for what is kept between runs. */
  readonly machine: string;
  /** Stops what is being timed. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds a frame, all workers at it; the real thing where not given. */
  readonly time?: (candidate: Candidate) => Promise<number>;
}

/** Another layout must be better by so much than a worker a core, which shares nothing and waits for nothing. */
const LAYOUT_GAIN = 0.9;

/**
 * Chooses what the caller left open by trying it: int8 or fp32, then workers × threads inside each. Each is timed once on
 * a machine and kept; networks that come in one precision only, and chains without any, leave nothing to choose.
 */
export async function chooseExecution(context: ExecutionContext): Promise<Execution> {
  const { options, chain } = context;
  const threads = options.threads ?? 1;
  const workers = options.workers ?? Math.max(1, Math.floor(defaultWorkers() / threads));
  const usual = { precision: onlyPrecision(chain, options.precision), workers, threads };
  if (!canBeTimed(chain)) return { ...usual, precision: options.precision, reasons: [] };
  const timeOf = timer(context);
  const reasons: string[] = [];
  const precision = await choosePrecision(context, usual, timeOf, reasons);
  const chosen = await chooseLayout(context, { ...usual, precision }, timeOf, reasons);
  return { ...chosen, reasons };
}

/** There are networks, and each works on one frame at a time. */
function canBeTimed({ plugins, models }: Chain): boolean {
  return models.length > 0 && plugins.every(({ plugin, options }) => !plugin.models?.(options).length || (plugin.state !== 'ordered' && !plugin.window));
}

function onlyPrecision({ models }: Chain, wanted: SessionOptions['precision']): 'int8' | 'fp32' {
  if (wanted !== 'auto') return wanted;
  return models.every(({ entry }) => entry.precision === 'fp32') && models.length > 0 ? 'fp32' : 'int8';
}

async function choosePrecision({ options, chain, library }: ExecutionContext, usual: Candidate, timeOf: Timer, reasons: string[]): Promise<'int8' | 'fp32'> {
  const inBoth = chain.models.every(({ entry }) => {
    const same = library.models.filter((model) => model.family === entry.family && model.scale === entry.scale && model.planes === entry.planes);
    return ['int8', 'fp32'].every((precision) => same.some((model) => model.precision === precision));
  });
  if (options.precision !== 'auto' || !inBoth) return usual.precision;
  const [int8, fp32] = [await timeOf({ ...usual, precision: 'int8' }), await timeOf({ ...usual, precision: 'fp32' })];
  const precision = fp32 < int8 ? 'fp32' : 'int8';
  reasons.push(`precision ${precision}: measured ${int8.toFixed(1)} ms a test frame in int8, ${fp32.toFixed(1)} in fp32`);
  return precision;
}

async function chooseLayout({ options }: ExecutionContext, usual: Candidate, timeOf: Timer, reasons: string[]): Promise<Candidate> {
  const cores = defaultWorkers();
  if (options.workers !== undefined || options.threads !== undefined || cores < 2) return usual;
  const others = [...new Set([2, cores])].filter((threads) => cores % threads === 0 && (threads < cores || options.device === 'cpu'));
  const candidates = [usual, ...others.map((threads) => ({ ...usual, workers: cores / threads, threads }))];
  const times: number[] = [];
  for (const candidate of candidates) times.push(await timeOf(candidate));
  const best = times.indexOf(Math.min(...times));
  const chosen = (times[best] as number) < (times[0] as number) * LAYOUT_GAIN ? (candidates[best] as Candidate) : usual;
  const told = candidates.map(({ workers, threads }, index) => `${(times[index] as number).toFixed(1)} with ${workers} x ${threads}`);
  reasons.push(`${chosen.workers} workers x ${chosen.threads} threads: measured ms a test frame, ${told.join(', ')}`);
  return chosen;
}

type Timer = (candidate: Candidate) => Promise<number>;

/** Times a candidate, unless it is known from an earlier run. */
function timer({ options, chain, library, cache, machine, signal, time }: ExecutionContext): Timer {
  const names = chain.models.map(({ entry }) => `${entry.family}-x${entry.scale}-${entry.planes}`).join('+');
  const measure = time ?? ((candidate: Candidate) => timeCandidate({ candidate, options, chain, library, signal }));
  return async (candidate) => {
    const { precision, workers, threads } = candidate;
    const hashes = library.models.filter((model) =>
      chain.models.some(({ entry }) => entry.family === model.family && entry.scale === model.scale && model.precision === precision),
    );
    const key = `test frame by ${names} in ${precision} (${hashes.map(({ sha256 }) => sha256.slice(0, 12))}), ${workers} workers of ${threads} threads on ${options.device}: ms, ${machine}`;
    const known = options.retune ? undefined : await cache.get(key);
    if (known !== undefined) return known;
    signal?.throwIfAborted();
    const measured = await measure(candidate);
    await cache.set({ [key]: measured });
    return measured;
  };
}
