const FIRST_MS = 500;
const MOST_MS = 30_000;
/** What ran for this long was well; the next failure is a first one again. */
const WELL_MS = 10_000;

/** How long to wait before the next try: twice as long after each failure in a row. */
export class Backoff {
  #failures = 0;

  /** After something that ran for so long has failed. @returns milliseconds */
  next(ranMs: number): number {
    if (ranMs >= WELL_MS) this.#failures = 0;
    return Math.min(MOST_MS, FIRST_MS * 2 ** this.#failures++);
  }
}
