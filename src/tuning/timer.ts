import { engineKey } from '../plugins/inference/engines.js';
import type { Chain } from '../plugins/plan/chain.js';
import { modelKey, modelsOf } from '../plugins/plan/plugin-models.js';
import type { Candidate, CandidateTime } from './candidate-time.js';
import type { MeasurementCache } from './measurements.js';

/** The means of a timer. */
export interface TimerParts {
  readonly cache: MeasurementCache;
  /** Name of this machine, in the keys of measurements. */
  readonly machine: string;
  readonly device: string;
  /** Times everything again. */
  readonly retune: boolean;
  readonly signal: AbortSignal | undefined;
  readonly measure: (candidate: Candidate, chain: Chain) => Promise<CandidateTime>;
  readonly isBusy: () => Promise<boolean>;
  /** Called before the first measurement, which takes seconds. */
  readonly onMeasure: () => void;
}

/**
 * Times candidates, unless their times are known from an earlier run. A time that was taken while the machine was busy
 * is kept apart, and serves again only while the machine is busy.
 */
export class Timer {
  /** Times of this run, which is consistent in itself. */
  readonly #taken = new Map<string, CandidateTime>();
  #busyNow: Promise<boolean> | undefined;
  #told = false;

  constructor(private readonly parts: TimerParts) {}

  /** Keys of all times that were asked for. */
  get keys(): readonly string[] {
    return [...this.#taken.keys()];
  }

  /** The time of a candidate on a chain. @throws the errors of plugins and workers, or the signal's reason */
  async time(candidate: Candidate, chain: Chain): Promise<CandidateTime> {
    const key = this.#keyOf(candidate, chain);
    const taken = this.#taken.get(key) ?? (await this.#take(key, candidate, chain));
    this.#taken.set(key, taken);
    return taken;
  }

  async #take(key: string, candidate: Candidate, chain: Chain): Promise<CandidateTime> {
    const { cache, retune, signal, measure, onMeasure } = this.parts;
    const known = retune ? undefined : await this.#known(key);
    if (known) return known;
    signal?.throwIfAborted();
    if (!this.#told) onMeasure();
    this.#told = true;
    const measured = await measure(candidate, chain);
    await cache.set({ [measured.calm ? key : whileBusy(key)]: measured.ms });
    if (measured.calm) await cache.forget([whileBusy(key)]);
    return measured;
  }

  async #known(key: string): Promise<CandidateTime | undefined> {
    const { cache, isBusy } = this.parts;
    const ms = await cache.get(key);
    if (ms !== undefined) return { ms, calm: true };
    const disturbed = await cache.get(whileBusy(key));
    if (disturbed === undefined) return undefined;
    this.#busyNow ??= isBusy();
    return (await this.#busyNow) ? { ms: disturbed, calm: false } : undefined;
  }

  #keyOf({ workers, threads, engine }: Candidate, chain: Chain): string {
    const networks = modelsOf(chain.plugins).map(modelKey);
    const { device, machine } = this.parts;
    return `calm test frame by ${networks.join('+')}, ${workers} workers of ${threads} threads on ${device}${engineKey(engine)}: ms, ${machine}`;
  }
}

function whileBusy(key: string): string {
  return `${key}, while it was busy`;
}
