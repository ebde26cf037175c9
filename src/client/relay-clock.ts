const SAMPLES = 8;

/**
 * How far the relay's wall clock is from this machine's, by ping and pong as NTP does it (RFC 5905 §8): the answer was
 * written half a round trip ago. Of the last eight the one with the shortest round trip counts, since a queue on the way lengthens
 * one direction only and so falsifies the half.
 */
export class RelayClock {
  readonly #samples: Sample[] = [];

  /** @param sentAt, receivedAt this machine's wall clock; `relayAt` the relay's; all in milliseconds since 1970. */
  add(sentAt: number, relayAt: number, receivedAt: number): void {
    this.#samples.push({ roundTripMs: receivedAt - sentAt, offsetMs: relayAt - (sentAt + receivedAt) / 2 });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** The relay's clock less this machine's, in milliseconds; undefined before the first pong. */
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

/** This machine's wall clock with a fraction, in milliseconds since 1970. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
