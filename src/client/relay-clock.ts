const SAMPLES = 8;

/**
 * Estimates the offset between the relay's wall clock and this machine's by ping and pong, like NTP (RFC 5905 §8), with
 * the assumption that a message takes half of the shortest round trip either way. Of the last eight pings the one that
 * got to the relay soonest counts. Its pong does not: a connection that is too slow for the video holds pongs up for
 * seconds, and pings never.
 */
export class RelayClock {
  /** The relay's clock at the arrival minus this machine's at the departure: the offset and the way there, in milliseconds. */
  readonly #thereMs: number[] = [];
  #shortestMs = Number.POSITIVE_INFINITY;

  /**
   * Adds a pong. All times are in milliseconds since 1970.
   * @param sentAt, receivedAt this machine's clock
   * @param relayAt the relay's clock
   */
  add(sentAt: number, relayAt: number, receivedAt: number): void {
    this.#shortestMs = Math.min(this.#shortestMs, receivedAt - sentAt);
    this.#thereMs.push(relayAt - sentAt);
    if (this.#thereMs.length > SAMPLES) this.#thereMs.shift();
  }

  /** The relay's clock minus this machine's, in milliseconds. Undefined before the first pong. */
  get offsetMs(): number | undefined {
    return this.#thereMs.length === 0 ? undefined : Math.min(...this.#thereMs) - this.#shortestMs / 2;
  }
}

/** This machine's wall-clock time in milliseconds since 1970, with a fraction. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
