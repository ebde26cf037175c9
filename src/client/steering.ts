/** How far a player may stray from where it should be, and what it does about it. Seconds and factors of speed. */
export interface Steering {
  /** Nothing is done within so much. */
  readonly tolerance: number;
  /** The change of speed for each second astray. */
  readonly gain: number;
  /** The largest change of speed. */
  readonly most: number;
  /** Further behind or ahead than this it leaps. */
  readonly leap: number;
}

/** Towards the live edge: nobody hears or sees 5 %. A leap is seen, so it is for those who were away. */
export const LIVE_EDGE: Steering = { tolerance: 0.05, gain: 0.25, most: 0.05, leap: 1.2 };

/** Towards another video that shows the same, silently: a frame's difference is seen beside it, a change of speed is not. */
export const IN_STEP: Steering = { tolerance: 0.004, gain: 1.2, most: 0.25, leap: 0.4 };

/**
 * What to do about being `behind` (seconds; negative: ahead).
 * @returns the speed to play at, or `leap` where only a seek helps.
 */
export function steer(behind: number, { tolerance, gain, most, leap }: Steering): number | 'leap' {
  if (Math.abs(behind) > leap) return 'leap';
  if (Math.abs(behind) <= tolerance) return 1;
  return 1 + Math.max(-most, Math.min(most, behind * gain));
}

/** More than this behind the live edge, for so long: seconds. */
const BEARABLE = 0.3;
const PATIENCE = 4;

/**
 * Notices that playing faster does not help: a browser that has too little time for the stream plays slower than it is told, and
 * would stay behind for good.
 */
export class Lateness {
  #seconds = 0;

  /** To be asked again and again, `elapsed` seconds apart. @returns whether only a leap helps; then the patience begins anew. */
  isHopeless(behind: number, elapsed: number): boolean {
    this.#seconds = behind > BEARABLE ? this.#seconds + elapsed : 0;
    if (this.#seconds < PATIENCE) return false;
    this.#seconds = 0;
    return true;
  }
}

const LEAST_MARGIN = 0.15;
const MOST_MARGIN = 1.5;
/** Seconds of playing in which half of what a margin was raised by is given back: a busy moment is not paid for long. */
const HALF_LIFE = 6;

/**
 * How much should lie ready ahead of what is shown, in seconds: little, as that is latency, but half as much again after each
 * stall, since a connection that has stalled once will again.
 */
export class Margin {
  #seconds: number;

  constructor(private readonly least = LEAST_MARGIN) {
    this.#seconds = least;
  }

  get seconds(): number {
    return this.#seconds;
  }

  stalled(): void {
    this.#seconds = Math.min(Math.max(MOST_MARGIN, this.least), this.#seconds * 1.5);
  }

  played(seconds: number): void {
    this.#seconds = this.least + (this.#seconds - this.least) * 0.5 ** (seconds / HALF_LIFE);
  }
}
