import { createHistogram } from 'node:perf_hooks';

/** Percentiles of many durations, in milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Any number of durations in fixed memory: a histogram with three significant digits (Node's, an HDR histogram). */
export class Durations {
  readonly #histogram = createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 });
  #totalMs = 0;
  #count = 0;

  add(milliseconds: number): void {
    this.#histogram.record(Math.min(3_600_000_000, Math.max(1, Math.round(milliseconds * 1000))));
    this.#totalMs += milliseconds;
    this.#count++;
  }

  get count(): number {
    return this.#count;
  }

  get totalMs(): number {
    return this.#totalMs;
  }

  get percentiles(): Percentiles {
    const at = (percentile: number) => (this.#count === 0 ? 0 : Number((this.#histogram.percentile(percentile) / 1000).toFixed(2)));
    return { p50: at(50), p95: at(95), p99: at(99) };
  }
}

/** Working time of the steps of one stage. */
export class Timings {
  readonly steps: readonly Durations[];

  constructor(readonly names: readonly string[]) {
    this.steps = names.map(() => new Durations());
  }

  add(stepMs: readonly number[]): void {
    for (const [index, milliseconds] of stepMs.entries()) this.steps[index]?.add(milliseconds);
  }

  get frames(): number {
    return this.steps[0]?.count ?? 0;
  }

  /** Milliseconds by step, summed over all frames. */
  get totalMs(): readonly number[] {
    return this.steps.map((step) => step.totalMs);
  }
}
