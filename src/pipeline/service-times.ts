/** How fast an estimate follows what is measured: quickly to more, slowly to less. Shares of the (logarithmic) error. */
const RISE = 1 / 4;
const FALL = 1 / 5;
/** Share of an error that is taken for the level's own rather than the machine's. */
const OWN_SHARE = 1 / 4;
/** A single time beyond this multiple counts as no more: a worker that had to be replaced loads its networks first. */
const OUTLIER = 3;
/** What a level's own time may come to be, from what calibration said. */
const MOST_DRIFT = 4;
/** Spread that is assumed before any is seen. */
const FIRST_SPREAD = 0.1;

/**
 * Running estimate of how long each level takes for a frame. What a level costs is split into the level's own time and
 * the load of the machine, which all levels share: what is seen at the level that runs also tells what the others would
 * take now, so a competing process that ends is noticed without trying a dearer level.
 */
export class ServiceTimes {
  readonly #own: number[];
  #load = 1;
  #spread = FIRST_SPREAD;

  /** @param seedMs each level's time by calibration, in milliseconds */
  constructor(private readonly seedMs: readonly number[]) {
    this.#own = [...seedMs];
  }

  get levels(): number {
    return this.seedMs.length;
  }

  /** Milliseconds a frame at a level. */
  expected(level: number): number {
    return (this.#own[level] as number) * this.#load;
  }

  /** Milliseconds that all but few frames stay under: two mean deviations more (as in RFC 6298 §2, with 4). */
  bound(level: number): number {
    return this.expected(level) * (1 + 2 * this.#spread);
  }

  observe(level: number, milliseconds: number): void {
    const ratio = Math.min(OUTLIER, Math.max(1 / OUTLIER, milliseconds / this.expected(level)));
    const share = ratio > 1 ? RISE : FALL;
    this.#spread += (Math.abs(ratio - 1) - this.#spread) / 8;
    this.#load *= ratio ** (share * (1 - OWN_SHARE));
    const seed = this.seedMs[level] as number;
    const own = (this.#own[level] as number) * ratio ** (share * OWN_SHARE);
    this.#own[level] = Math.min(seed * MOST_DRIFT, Math.max(seed / MOST_DRIFT, own));
  }
}
