/** Busy time of the steps of one stage, added up over frames. */
export class Timings {
  readonly #totalMs: Float64Array;
  #frames = 0;

  constructor(readonly names: readonly string[]) {
    this.#totalMs = new Float64Array(names.length);
  }

  add(stepMs: readonly number[]): void {
    this.#frames++;
    for (const [index, milliseconds] of stepMs.entries()) this.#totalMs[index] = (this.#totalMs[index] ?? 0) + milliseconds;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Milliseconds by step, all frames together. */
  get totalMs(): readonly number[] {
    return [...this.#totalMs];
  }
}
