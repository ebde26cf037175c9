const FIRST_MS = 500;
const LONGEST_MS = 15_000;
/** Milliseconds after which a connection counts as successful. The next retry then starts from the shortest delay again. */
const GOOD_AFTER_MS = 5_000;

/**
 * The delay before the next try. It doubles with each failure, from 0.5 s to 15 s. A random part of up to a quarter
 * either way keeps the viewers of a restarted relay from reconnecting all at once.
 */
export class Backoff {
  #failures = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /** @param lastedMs milliseconds that the last connection was open; 0 if it never opened. @returns milliseconds */
  nextDelayMs(lastedMs: number): number {
    if (lastedMs >= GOOD_AFTER_MS) this.#failures = 0;
    const delay = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    return Math.round(delay * (0.75 + this.random() / 2));
  }
}
