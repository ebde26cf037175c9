import type { FrameFormat } from '../../pipeline/frames/frame.js';

/** A frame on its way: which slot of the present ring holds it, and what belongs to it. */
export interface Ticket {
  /** Dense, from 0, in the order of reading. */
  readonly sequence: number;
  /** In ticks of the source's time base. */
  readonly pts: number;
  /** Slot of the ring that the present stage reads; given back by whoever takes the frame over. */
  readonly slot: number;
  /** Equal, byte for byte, to the frame before it. */
  readonly duplicate: boolean;
  /** Its result is that of the frame before it. */
  readonly reused: boolean;
}

/** One step between decode and encode: takes tickets in order, gives tickets in order. */
export interface Stage {
  readonly name: string;
  readonly input: FrameFormat;
  readonly output: FrameFormat;
  /** Frames this stage may work on at the same time. */
  readonly concurrency: number;
  /** Neighbours it reads on each side; it holds them until it is done. */
  readonly window: { readonly past: number; readonly future: number };
  /** A duplicate of the frame before it may take that frame's result instead of being processed. */
  readonly reusable: boolean;
  /**
   * `neighbours` are past, present and future tickets, the first and last of the stream repeated at its ends. The
   * slots stay the caller's; the result's slot is of the output ring, with one reference, which becomes the caller's.
   */
  process(ticket: Ticket, neighbours: readonly Ticket[]): Promise<Ticket>;
}
