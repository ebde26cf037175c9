import type { SlotRing } from '../frames/ring.js';
import type { Decoder } from '../input/decode.js';

/** A frame that was read into a slot. The caller owns one reference to the slot. */
export interface ReadFrame {
  /** In ticks of the source's time base. */
  readonly pts: number;
  readonly slot: number;
  /** The frame equals the one before it, byte for byte. */
  readonly duplicate: boolean;
}

/**
 * Reads frames into slots of a ring and marks those that equal the one before. For that it holds a reference to the
 * last frame, so a ring needs one slot more than the frames that are read and not yet released.
 */
export class FrameReader {
  #previous: number | undefined;

  /** @param compare looks for duplicates; false marks no frame */
  constructor(
    private readonly decoder: Pick<Decoder, 'next'>,
    private readonly ring: SlotRing,
    private readonly compare: boolean,
  ) {}

  /** Reads the next frame; undefined at the end. */
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
