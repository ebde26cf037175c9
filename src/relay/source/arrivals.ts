import { wallClockMs } from './wall-clock.js';

/** Number of frames that are remembered: those of some seconds. */
const KEPT = 600;

/** The arrival of a frame. `seconds`: its time in the stream. `at`: milliseconds of `performance.now()`. `wallAt`: milliseconds since 1970. */
export interface ArrivalTime {
  readonly seconds: number;
  readonly at: number;
  readonly wallAt: number;
}

/** Remembers the arrival times of the last frames. */
export class Arrivals {
  readonly #times: ArrivalTime[] = [];
  #count = 0;
  #startedAt = performance.now();

  /** Records that the frame with this time, in seconds, has just arrived. */
  add(seconds: number): void {
    const at = performance.now();
    if (this.#count === 0) this.#startedAt = at;
    this.#count++;
    this.#times.push({ seconds, at, wallAt: wallClockMs() });
    if (this.#times.length > KEPT) this.#times.shift();
  }

  /** The newest frame. */
  get last(): ArrivalTime | undefined {
    return this.#times.at(-1);
  }

  /** Number of frames so far. */
  get count(): number {
    return this.#count;
  }

  /** Frames a second, over the remembered frames. */
  get rate(): number {
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    if (!first || !last || last.at === first.at) return 0;
    return ((this.#times.length - 1) * 1000) / (last.at - first.at);
  }

  /** The arrival of the first frame, in milliseconds of `performance.now()`. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** The arrival of the frame with this time, to a millisecond. Undefined if it is not remembered. */
  of(seconds: number): ArrivalTime | undefined {
    return this.#times.findLast((time) => Math.abs(time.seconds - seconds) < 0.001);
  }
}
