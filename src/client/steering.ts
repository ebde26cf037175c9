/** Rules for keeping a player at its target position. In seconds, and factors of the playback rate. */
export interface Steering {
  /** Distance within which nothing is done. */
  readonly tolerance: number;
  /** Change of the rate for each second of distance. */
  readonly gain: number;
  /** Largest change of the rate. */
  readonly most: number;
  /** Distance beyond which the player seeks. */
  readonly leap: number;
}

/** Rules for the live edge. A rate change of 5 % is not noticed. A seek is visible, so it is for viewers that fell far behind. */
export const LIVE_EDGE: Steering = { tolerance: 0.05, gain: 0.25, most: 0.05, leap: 1.2 };

/** Rules for a muted video beside another one that it must match. A difference of one frame is visible there, a rate change is not. */
export const IN_STEP: Steering = { tolerance: 0.004, gain: 1.2, most: 0.25, leap: 0.4 };

/** The reaction to being `behind` the target by so many seconds (negative: ahead). @returns the playback rate, or `leap` if only a seek helps */
export function steer(behind: number, { tolerance, gain, most, leap }: Steering): number | 'leap' {
  if (Math.abs(behind) > leap) return 'leap';
  if (Math.abs(behind) <= tolerance) return 1;
  return 1 + Math.max(-most, Math.min(most, behind * gain));
}

/** Seconds behind the live edge, and how many seconds that is accepted. */
const BEARABLE = 0.3;
const PATIENCE = 4;

/**
 * Detects that a higher playback rate does not help. A browser that is too slow for the stream plays slower than it is
 * told, and would stay behind for good.
 */
export class Lateness {
  #seconds = 0;

  /** Call it every `elapsed` seconds. @returns true if only a seek helps; the waiting time then starts again */
  isHopeless(behind: number, elapsed: number): boolean {
    this.#seconds = behind > BEARABLE ? this.#seconds + elapsed : 0;
    if (this.#seconds < PATIENCE) return false;
    this.#seconds = 0;
    return true;
  }
}

const LEAST_MARGIN = 0.15;
const MOST_MARGIN = 1.5;
/** Seconds of playback after which half of a raised margin is given back, so that one stall does not cost latency for long. */
const HALF_LIFE = 6;

/**
 * Seconds to keep buffered ahead of the playback position. It is small, since it adds latency. It grows by half after
 * each stall, since a connection that stalled once will again, and shrinks while the video plays.
 */
export class Margin {
  #seconds: number;

  constructor(private readonly least = LEAST_MARGIN) {
    this.#seconds = least;
  }

  get seconds(): number {
    return this.#seconds;
  }

  /** Reports a stall: the margin grows by half, up to 1.5 s or the least margin if that is larger. */
  stalled(): void {
    this.#seconds = Math.min(Math.max(MOST_MARGIN, this.least), this.#seconds * 1.5);
  }

  /** Reports seconds of playback without a stall: the margin shrinks towards the least. */
  played(seconds: number): void {
    this.#seconds = this.least + (this.#seconds - this.least) * 0.5 ** (seconds / HALF_LIFE);
  }
}
