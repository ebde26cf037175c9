import { type FrameFormat, frameBytes } from './frame.js';

/** The memory of a ring, as it is sent to workers. Shared memory is not copied on the way to a thread. */
export interface RingMemory {
  readonly format: FrameFormat;
  readonly slots: number;
  readonly buffer: SharedArrayBuffer;
}

/**
 * A fixed number of frame slots in shared memory, all of one format. A slot is taken with one reference, may be
 * retained by windows and reuse, and is free again at zero. Counting happens on the main thread only; workers are told
 * slot numbers and never keep them beyond one task.
 */
export class SlotRing {
  readonly memory: RingMemory;
  readonly #references: Uint32Array;
  readonly #free: number[];

  constructor(format: FrameFormat, slots: number) {
    this.memory = { format, slots, buffer: new SharedArrayBuffer(frameBytes(format) * slots) };
    this.#references = new Uint32Array(slots);
    this.#free = Array.from({ length: slots }, (_, index) => slots - 1 - index);
  }

  get format(): FrameFormat {
    return this.memory.format;
  }

  get slots(): number {
    return this.memory.slots;
  }

  /** Slots that hold a frame. */
  get inUse(): number {
    return this.slots - this.#free.length;
  }

  /**
   * Takes a free slot, with one reference. There is one for each credit, so an empty ring is a mistake in srvid and
   * never a reason to wait.
   */
  take(): number {
    const slot = this.#free.pop();
    if (slot === undefined) throw new Error(`SlotRing: all ${this.slots} slots are in use; more frames are in flight than there are credits`);
    this.#references[slot] = 1;
    return slot;
  }

  retain(slot: number): void {
    if (!this.#references[slot]) throw new Error(`SlotRing: slot ${slot} was retained while free`);
    this.#references[slot]++;
  }

  release(slot: number): void {
    const count = this.#references[slot];
    if (!count) throw new Error(`SlotRing: slot ${slot} was released more often than taken`);
    this.#references[slot] = count - 1;
    if (count === 1) this.#free.push(slot);
  }

  /** A view of the slot's bytes, valid as long as a reference is held. */
  bytes(slot: number): Uint8Array {
    return slotBytes(this.memory, slot);
  }
}

/** A view of one slot's bytes, on any thread. */
export function slotBytes(memory: RingMemory, slot: number): Uint8Array {
  const size = memory.buffer.byteLength / memory.slots;
  return new Uint8Array(memory.buffer, slot * size, size);
}
