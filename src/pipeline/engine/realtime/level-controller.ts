import type { ServiceTimes } from './service-times.js';

/** A level must have been possible for this long before a step up to it. Steps up are at least this far apart. */
const STABLE_MS = 1000;
/** A step up that is taken back sooner than this did not last. Each such step in a row doubles the time before the next one, up to the longest. */
const WARY_MS = 2000;
const LONGEST_MS = 16_000;
/** Factors on the time of a level that did not last, and on the encoder's, below which it may be tried again as if it had never failed: the machine has become calmer. */
const EASED = 0.8;
const ENCODER_EASED = 0.5;
/** Factor on a level's time for a step up. Without it the next disturbance would undo the step. */
const HEADROOM = 1.1;

/** The state of the queue at the moment at which a frame is about to be given to a worker. */
export interface Backlog {
  readonly now: number;
  /** Time at which each worker is expected to be free; Infinity for one that hangs. */
  readonly freeAt: readonly number[];
  /** Time by which the result of each waiting frame must be ready, in order. */
  readonly due: readonly number[];
  /** Milliseconds between two arrivals. */
  readonly intervalMs: number;
  /** Milliseconds that the encoder takes for a frame. */
  readonly encoderMs?: number;
}

/**
 * Chooses the level at which frames are processed. Levels are numbers; 0 is the best and most expensive. It steps down
 * at once, as far as needed, when a waiting frame would miss its deadline. It steps up to the best level that has been
 * possible for a second, at most once a second, and more seldom where steps up do not last.
 */
export class LevelController {
  #current: number | undefined;
  #changedAt = Number.NEGATIVE_INFINITY;
  #steppedUpAt = Number.NEGATIVE_INFINITY;
  #holdMs = STABLE_MS;
  /** The level of the last step up that did not last, its expected time then, and the encoder's where that was the reason. */
  #failed: { readonly level: number; readonly ms: number; readonly encoderMs: number } | undefined;
  readonly #possibleSince: (number | undefined)[];
  /** The only level to use; undefined where the controller chooses. */
  pinned: number | undefined;
  readonly steps = { up: 0, down: 0 };

  /** @param levels number of levels to choose from, counted from the first one of `times` */
  constructor(
    readonly times: ServiceTimes,
    private readonly levels: number,
  ) {
    this.#possibleSince = Array(levels).fill(undefined);
  }

  /** The level in use; 0 before the first frame. */
  get current(): number {
    return this.pinned ?? this.#current ?? 0;
  }

  /**
   * The level with the least time now. That is mostly the last one, but a network with fewer multiplications may run
   * slower than a better one.
   */
  get cheapest(): number {
    if (this.pinned !== undefined) return this.pinned;
    let cheapest = 0;
    for (let level = 1; level < this.levels; level++) if (this.times.expected(level) <= this.times.expected(cheapest)) cheapest = level;
    return cheapest;
  }

  /** Chooses the level for the next frame. */
  choose(backlog: Backlog): number {
    if (this.pinned !== undefined) return this.pinned;
    if (this.#current === undefined) {
      this.#current = this.#best((level) => this.#lasts(level, backlog, 1) && this.meets(level, backlog));
    } else if (!this.meets(this.#current, backlog)) {
      const { now } = backlog;
      const from = this.#current;
      // The cheapest level may be a better one. Moving to it is a step up, which has its own rules.
      this.#current = Math.max(
        from,
        this.#best((level) => level > from && this.meets(level, backlog)),
      );
      if (this.#current !== from) this.#steppedDown(from, now);
      this.#possibleSince.fill(undefined);
    } else this.#stepUp(backlog);
    return this.#current;
  }

  /** Leaves more of the machine to the encoder, which has fallen behind: steps down to the cheapest level. */
  relieve({ now, encoderMs = 0 }: Backlog): void {
    const from = this.current;
    this.#possibleSince.fill(undefined);
    if (this.pinned !== undefined || this.cheapest <= from) return;
    this.#current = this.cheapest;
    this.#steppedDown(from, now, encoderMs);
  }

  /** True where every waiting frame would be done in time if all were processed at this level. */
  meets(level: number, { now, freeAt, due }: Backlog, headroom = 1): boolean {
    const expected = this.times.expected(level) * headroom;
    const spare = this.times.bound(level) * headroom - expected;
    const free = [...freeAt];
    return due.every((latest) => {
      const worker = free.indexOf(Math.min(...free));
      const done = Math.max(now, free[worker] as number) + expected;
      free[worker] = done;
      return done + spare <= latest;
    });
  }

  /** True where the workers could keep this level up at the present frame rate. */
  #lasts(level: number, { freeAt, intervalMs }: Backlog, headroom: number): boolean {
    const workers = freeAt.filter(Number.isFinite).length;
    return this.times.expected(level) * headroom <= intervalMs * workers;
  }

  /** The first level that fits, else the cheapest. */
  #best(fits: (level: number) => boolean): number {
    for (let level = 0; level < this.levels; level++) if (fits(level)) return level;
    return this.cheapest;
  }

  #stepUp(backlog: Backlog): void {
    const { now } = backlog;
    const current = this.current;
    if (this.#lastStepHeld(now) || this.#machineHasEased(backlog)) this.#forgetFailures();
    for (let level = 0; level < current; level++) {
      const possible = this.#lasts(level, backlog, HEADROOM) && this.meets(level, backlog, HEADROOM);
      this.#possibleSince[level] = possible ? (this.#possibleSince[level] ?? now) : undefined;
    }
    if (now - this.#changedAt < this.#holdMs) return;
    const target = this.#possibleSince.findIndex((since, level) => level < current && since !== undefined && now - since >= this.#holdMs);
    if (target < 0) return;
    this.#current = target;
    this.#changedAt = now;
    this.#steppedUpAt = now;
    this.#possibleSince.fill(undefined);
    this.steps.up++;
  }

  #steppedDown(from: number, now: number, encoderMs = 0): void {
    if (now - this.#steppedUpAt < WARY_MS) {
      this.#holdMs = Math.min(2 * this.#holdMs, LONGEST_MS);
      this.#failed = { level: from, ms: this.times.expected(from), encoderMs };
    }
    this.#changedAt = now;
    this.steps.down++;
  }

  #lastStepHeld(now: number): boolean {
    return this.#changedAt === this.#steppedUpAt && now - this.#changedAt > 2 * WARY_MS;
  }

  #machineHasEased({ encoderMs = 0 }: Backlog): boolean {
    if (!this.#failed) return false;
    return this.times.expected(this.#failed.level) < EASED * this.#failed.ms || encoderMs < ENCODER_EASED * this.#failed.encoderMs;
  }

  #forgetFailures(): void {
    this.#holdMs = STABLE_MS;
    this.#failed = undefined;
  }
}
