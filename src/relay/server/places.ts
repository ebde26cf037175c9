import { networkOf } from './rate.js';

/** Bounds of places: in all, and for one address. */
export interface PlaceLimits {
  readonly total: number;
  readonly perAddress: number;
}

/** Places for connections of one kind. Each is given to an address, none of which may have them all. */
export class Places {
  readonly #taken = new Map<string, number>();
  #count = 0;

  constructor(private readonly limits: PlaceLimits) {}

  /** Number of places that are taken. */
  get count(): number {
    return this.#count;
  }

  /** The reason why this address cannot have a place now: all are taken, or it has as many as one may. */
  lackFor(address: string): 'all' | 'address' | undefined {
    if (this.#count >= this.limits.total) return 'all';
    return (this.#taken.get(networkOf(address)) ?? 0) >= this.limits.perAddress ? 'address' : undefined;
  }

  /** Takes a place. @returns a function that gives it back, which may be called again without effect; undefined if there is none */
  take(address: string): (() => void) | undefined {
    if (this.lackFor(address)) return undefined;
    const network = networkOf(address);
    this.#count++;
    this.#taken.set(network, (this.#taken.get(network) ?? 0) + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#count--;
      const left = (this.#taken.get(network) ?? 1) - 1;
      if (left === 0) this.#taken.delete(network);
      else this.#taken.set(network, left);
    };
  }
}
