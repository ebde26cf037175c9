/** Variances at the start, of logarithms: 0.01 is a tenth up or down. */
const LOAD_AT_FIRST = 0.09;
const OWN_AT_FIRST = 0.03;
/**
 * Variance by which the machine's load may change from one frame to the next. A quarter of a new observation is
 * believed at once.
 */
const LOAD_CHANGE = 0.0017;
/** The same for a level's own time, which hardly changes: content and caches. */
const OWN_CHANGE = 2e-6;
/** Variance of single frames that means nothing. */
const NOISE = 0.02;
/** A single time beyond this multiple counts as the multiple: a replaced worker loads its networks first. */
const OUTLIER = 3;
/** The most by which a level's own time may differ from its calibration, as a factor. */
const MOST_DRIFT = 4;
/** Spread before any frame has been observed. */
const FIRST_SPREAD = 0.1;

/**
 * Running estimate of each level's time for a frame: the level's own time, times the load of the machine, which all
 * levels share. A time observed at one level thus also corrects the others, so that the end of a competing process is
 * noticed without trying a more expensive level.
 *
 * A Kalman filter (Kalman 1960) over the logarithms of the load and of each level's own time. A frame shows only the
 * product of the two; the covariances keep track of what remains open. When a process takes half of the machine while a
 * level runs, its frames could as well be slow by themselves. If the next level is slow, too, both estimates are
 * corrected.
 */
export class ServiceTimes {
  /** Logarithms: of the load first, then of each level's own time over its seed. */
  readonly #state: number[];
  /** Their covariances, symmetric. */
  readonly #covariance: number[][];
  #spread = FIRST_SPREAD;

  /** @param seedMs time of each level from calibration, in milliseconds */
  constructor(private readonly seedMs: readonly number[]) {
    const variances = [LOAD_AT_FIRST, ...seedMs.map(() => OWN_AT_FIRST)];
    this.#state = variances.map(() => 0);
    this.#covariance = variances.map((variance, row) => variances.map((_, column) => (row === column ? variance : 0)));
  }

  get levels(): number {
    return this.seedMs.length;
  }

  /** Expected milliseconds for a frame at a level. */
  expected(level: number): number {
    return (this.seedMs[level] as number) * Math.exp((this.#state[0] as number) + (this.#state[level + 1] as number));
  }

  /**
   * Milliseconds that all but few frames stay under: two mean deviations above the expected time (as in RFC 6298 §2,
   * with 4).
   */
  bound(level: number): number {
    return this.expected(level) * (1 + 2 * this.#spread);
  }

  observe(level: number, milliseconds: number): void {
    const ratio = Math.min(OUTLIER, Math.max(1 / OUTLIER, milliseconds / this.expected(level)));
    this.#spread += (Math.abs(ratio - 1) - this.#spread) / 8;
    const own = level + 1;
    for (const [index, row] of this.#covariance.entries()) row[index] = (row[index] as number) + (index === 0 ? LOAD_CHANGE : OWN_CHANGE);
    // The observation is the sum of two of the logarithms, and noise.
    const shared = this.#covariance.map((row) => (row[0] as number) + (row[own] as number));
    const variance = (shared[0] as number) + (shared[own] as number) + NOISE;
    for (const [index, row] of this.#covariance.entries()) {
      const gain = (shared[index] as number) / variance;
      this.#state[index] = (this.#state[index] as number) + gain * Math.log(ratio);
      for (const [column, value] of shared.entries()) row[column] = (row[column] as number) - gain * value;
    }
    const most = Math.log(MOST_DRIFT);
    for (let index = 1; index < this.#state.length; index++) this.#state[index] = Math.min(most, Math.max(-most, this.#state[index] as number));
  }
}
