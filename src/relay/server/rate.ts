import { isIPv6 } from 'node:net';
import type { Clock } from '../../pipeline/frames/clock.js';

/** A rate limit: `burst` at once, then `perSecond`. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** A token bucket with the capacity `burst`. */
export class RateLimit {
  #left: number;
  #at: number;

  constructor(
    private readonly rate: Rate,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    this.#left = rate.burst;
    this.#at = clock.now();
  }

  /** Takes one token. Returns false if there is none. */
  take(): boolean {
    this.#refill();
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** The bucket is full, as if it had never been used. */
  get isFull(): boolean {
    this.#refill();
    return this.#left >= this.rate.burst;
  }

  #refill(): void {
    const now = this.clock.now();
    this.#left = Math.min(this.rate.burst, this.#left + ((now - this.#at) / 1000) * this.rate.perSecond);
    this.#at = now;
  }
}

/** Most addresses that are remembered. Beyond it the idle ones are forgotten first, then the oldest. */
const MAX_ADDRESSES = 10_000;

/** A rate limit for each address. An IPv6 /64 counts as one address, since that is the usual allocation to one customer. */
export class AddressRates {
  readonly #limits = new Map<string, RateLimit>();

  constructor(
    private readonly rate: Rate,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  take(address: string): boolean {
    const key = networkOf(address);
    let limit = this.#limits.get(key);
    if (!limit) {
      if (this.#limits.size >= MAX_ADDRESSES) this.#forget();
      limit = new RateLimit(this.rate, this.clock);
      this.#limits.set(key, limit);
    }
    return limit.take();
  }

  /** Number of addresses that are remembered. */
  get addresses(): number {
    return this.#limits.size;
  }

  #forget(): void {
    for (const [key, limit] of this.#limits) if (limit.isFull) this.#limits.delete(key);
    for (const key of this.#limits.keys()) {
      if (this.#limits.size < MAX_ADDRESSES) return;
      this.#limits.delete(key);
    }
  }
}

/** The key of an address: "::ffff:10.1.2.3" becomes 10.1.2.3, another IPv6 address its first four groups. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(8 - front.length - back.length).fill('0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}
