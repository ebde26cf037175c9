import type { SlotRing } from '../frames/ring.js';
import type { Decoder } from '../input/decode.js';

/** A frame that was read, in a slot whose reference is the reader's caller's. */
export interface ReadFrame {
  /** In ticks of the source's time base. */
  readonly pts: number;
  readonly slot: number;
  /** Equal, byte for byte, to the frame before it. */
  readonly duplicate: boolean;
}

/**
 * Reads frames into slots of a ring and marks those that equal the one before them. It holds a reference to the last
 * frame for that: a ring needs one slot more than frames that are read and not yet released.
 */
export class FrameReader {
  #previous: number | undefined;

  /** @param compare whether duplicates are looked for; without it no frame is marked */
  constructor(
    private readonly decoder: Pick<Decoder, 'next'>,
    private readonly ring: SlotRing,
    private readonly compare: boolean,
  ) {}

  /** The next frame; undefined at the end. */
  async next(): Promise<ReadFrame | undefined> {
    const { decoder, ring } = this;
    const slot = ring.take();
    const pts = await decoder.next(() => ring.bytes(slot));
    const duplicate = pts !== undefined && this.#equalsPrevious(slot);
    if (this.#previous !== undefined) ring.release(this.#previous);
    this.#previous = undefined;
    if (pts === undefined) {
      ring.release(slot);
      return undefined;
    }
    this.#previous = slot;
    ring.retain(slot);
    return { pts, slot, duplicate };
  }

  #equalsPrevious(slot: number): boolean {
    if (!this.compare || this.#previous === undefined) return false;
    return Buffer.compare(this.ring.bytes(this.#previous), this.ring.bytes(slot)) === 0;
  }
}
