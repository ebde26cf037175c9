import { wallClockMs } from './wall-clock.js';

/** Frames whose arrival is remembered: some seconds of them. */
const KEPT = 600;

/** When a frame came in: by the session's clock, and by the wall's in milliseconds since 1970. */
export interface ArrivalTime {
  readonly seconds: number;
  readonly at: number;
  readonly wallAt: number;
}

/** When which frame came in, by its time in the stream. */
export class Arrivals {
  readonly #times: ArrivalTime[] = [];
  #count = 0;
  #startedAt = performance.now();

  /** A frame with this time, in seconds, is there. */
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

  /** Frames so far. */
  get count(): number {
    return this.#count;
  }

  /** Frames a second, of those remembered. */
  get rate(): number {
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    if (!first || !last || last.at === first.at) return 0;
    return ((this.#times.length - 1) * 1000) / (last.at - first.at);
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  /** The frame with this time, to a millisecond; undefined where it is not remembered. */
  of(seconds: number): ArrivalTime | undefined {
    return this.#times.findLast((time) => Math.abs(time.seconds - seconds) < 0.001);
  }
}
