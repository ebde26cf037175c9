/** Places of the counters. */
const COUNTERS = ['inits', 'closes', 'frames', 'prints', 'samples'] as const;
/** A count that a tally keeps. */
export type Counter = (typeof COUNTERS)[number];

const MAX_SAMPLES = 64;
const MAX_TEXT = 1024;
const COUNTER_BYTES = COUNTERS.length * 4;
const SAMPLES_AT = 32;
const TEXT_AT = SAMPLES_AT + MAX_SAMPLES * 8;
const BYTES = TEXT_AT + 4 + MAX_TEXT;

/**
 * Figures that an observed plugin keeps on its threads, in shared memory: they stay readable when a thread has died. Counts
 * may come from several threads, samples and the text from one.
 */
export class Tally {
  readonly #counters: Int32Array;
  readonly #samples: Float64Array;
  readonly #textLength: Int32Array;
  readonly #text: Uint8Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.#counters = new Int32Array(memory, 0, COUNTER_BYTES / 4);
    this.#samples = new Float64Array(memory, SAMPLES_AT, MAX_SAMPLES);
    this.#textLength = new Int32Array(memory, TEXT_AT, 1);
    this.#text = new Uint8Array(memory, TEXT_AT + 4, MAX_TEXT);
  }

  count(counter: Counter): number {
    return Atomics.load(this.#counters, COUNTERS.indexOf(counter));
  }

  /** Adds one, and returns the number before. */
  add(counter: Counter): number {
    return Atomics.add(this.#counters, COUNTERS.indexOf(counter), 1);
  }

  /** Bytes in use on the thread, at each time they were measured. */
  get samples(): readonly number[] {
    return [...this.#samples.subarray(0, Math.min(this.count('samples'), MAX_SAMPLES))];
  }

  addSample(bytes: number): void {
    const place = this.add('samples');
    if (place < MAX_SAMPLES) this.#samples[place] = bytes;
  }

  /** The first text that was noted, cut to a kilobyte; empty where there was none. */
  get text(): string {
    const length = Atomics.load(this.#textLength, 0);
    return new TextDecoder().decode(this.#text.slice(0, length));
  }

  note(text: string): void {
    if (Atomics.load(this.#textLength, 0) > 0) return;
    const { written } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_TEXT));
    this.#text.set(new TextEncoder().encode(text).subarray(0, written));
    Atomics.store(this.#textLength, 0, written);
  }
}
