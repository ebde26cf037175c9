const SAMPLES = 8;

/**
 * Estimates the offset between the relay's wall clock and this machine's by ping and pong, like NTP (RFC 5905 §8). It
 * assumes that the relay answered after half of the round trip. Of the last eight samples the one with the shortest round
 * trip counts: a queue delays one direction only, and so makes that assumption wrong.
 */
export class RelayClock {
  readonly #samples: Sample[] = [];

  /**
   * Adds a pong. All times are in milliseconds since 1970.
   * @param sentAt, receivedAt this machine's clock
   * @param relayAt the relay's clock
   */
  add(sentAt: number, relayAt: number, receivedAt: number): void {
    this.#samples.push({ roundTripMs: receivedAt - sentAt, offsetMs: relayAt - (sentAt + receivedAt) / 2 });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** The relay's clock minus this machine's, in milliseconds. Undefined before the first pong. */
  get offsetMs(): number | undefined {
    return this.#best?.offsetMs;
  }

  get #best(): Sample | undefined {
    return this.#samples.toSorted((a, b) => a.roundTripMs - b.roundTripMs)[0];
  }
}

interface Sample {
  readonly roundTripMs: number;
  readonly offsetMs: number;
}

/** This machine's wall-clock time in milliseconds since 1970, with a fraction. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
