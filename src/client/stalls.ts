/** Counts and times the stalls of a player. */
export class Stalls {
  #count = 0;
  #endedMs = 0;
  #since: number | undefined;

  /** Starts a stall. Ends the one before, if any. */
  begin(): void {
    this.end();
    this.#count += 1;
    this.#since = performance.now();
  }

  /** Ends the stall, if there is one. */
  end(): void {
    this.#endedMs = this.ms;
    this.#since = undefined;
  }

  get stalled(): boolean {
    return this.#since !== undefined;
  }

  /** Number of stalls, the current one included. */
  get count(): number {
    return this.#count;
  }

  /** Milliseconds of all stalls, the current one included. */
  get ms(): number {
    return this.#endedMs + (this.#since === undefined ? 0 : performance.now() - this.#since);
  }
}
