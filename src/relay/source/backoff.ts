const FIRST_MS = 500;
const MOST_MS = 30_000;
/** Milliseconds after which a run counts as successful. The next failure then starts from the shortest delay again. */
const WELL_MS = 10_000;

/** The delay before the next try. It doubles with each failure in a row, from 0.5 s to 30 s. */
export class Backoff {
  #failures = 0;

  /** Reports a failure after a run of `ranMs`. @returns the delay in milliseconds */
  next(ranMs: number): number {
    if (ranMs >= WELL_MS) this.#failures = 0;
    return Math.min(MOST_MS, FIRST_MS * 2 ** this.#failures++);
  }
}
