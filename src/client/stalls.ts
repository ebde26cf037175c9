/** How often a picture stood still that should have moved, and for how long in all. */
export class Stalls {
  #count = 0;
  #endedMs = 0;
  #since: number | undefined;

  begin(): void {
    this.end();
    this.#count += 1;
    this.#since = performance.now();
  }

  /** Does nothing where it does not stand still. */
  end(): void {
    this.#endedMs = this.ms;
    this.#since = undefined;
  }

  get stalled(): boolean {
    return this.#since !== undefined;
  }

  get count(): number {
    return this.#count;
  }

  /** With the one that lasts now. */
  get ms(): number {
    return this.#endedMs + (this.#since === undefined ? 0 : performance.now() - this.#since);
  }
}
