/** Levels between no difference and the largest one of two bytes. */
const SPAN = 255;
/** A correction of nothing, where corrections are resampled as bytes. */
const NONE = 128;

/** The share of a network's correction that is taken: sample = given + strength x (restored - given), rounded. */
export class Correction {
  /** The change that is taken, by the difference of restored and given sample, from -SPAN. */
  readonly #share: Int16Array;

  /** @param strength 0 to 1 */
  constructor(strength: number) {
    this.#share = Int16Array.from({ length: 2 * SPAN + 1 }, (_, at) => Math.sign(at - SPAN) * Math.round(strength * Math.abs(at - SPAN)));
  }

  /** Brings restored samples nearer to the given ones, by the share that is not taken. */
  mix(given: Uint8Array, restored: Uint8Array): void {
    if (this.#share[2 * SPAN] === SPAN) return;
    for (let at = 0; at < given.length; at++) {
      const sample = given[at] as number;
      restored[at] = sample + (this.#share[(restored[at] as number) - sample + SPAN] as number);
    }
  }

  /** Adds the share of a correction, of bytes that `toCorrection` made, to the given samples. */
  add(given: Uint8Array, correction: Uint8Array, result: Uint8Array): void {
    for (let at = 0; at < given.length; at++) {
      const sample = (given[at] as number) + (this.#share[(correction[at] as number) - NONE + SPAN] as number);
      result[at] = sample < 0 ? 0 : sample > SPAN ? SPAN : sample;
    }
  }
}

/** Turns restored samples into their difference from the given ones, as bytes around 128; a larger one than a byte holds is cut off. */
export function toCorrection(given: Uint8Array, restored: Uint8Array): void {
  for (let at = 0; at < given.length; at++) restored[at] = Math.min(Math.max((restored[at] as number) - (given[at] as number) + NONE, 0), SPAN);
}
