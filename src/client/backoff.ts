const FIRST_MS = 500;
const LONGEST_MS = 15_000;
/** A connection that lasted this long was a good one: the next retry is a first one again. */
const GOOD_AFTER_MS = 5_000;

/**
 * When to try again: after half a second, then twice as long each time, 15 s at most. A quarter of it either way is left to
 * chance, so that the viewers of a relay that restarts do not all come back at once.
 */
export class Backoff {
  #failures = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /** @param lastedMs how long the connection that ended now had been open; 0 for one that never was. */
  nextDelayMs(lastedMs: number): number {
    if (lastedMs >= GOOD_AFTER_MS) this.#failures = 0;
    const delay = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    return Math.round(delay * (0.75 + this.random() / 2));
  }
}
