import type { FrameFormat } from '../../pipeline/frames/frame.js';

/** A frame on its way between stages: the slot that holds it, and its properties. */
export interface Ticket {
  /** Dense, from 0, in the order of reading. */
  readonly sequence: number;
  /** In ticks of the source's time base. */
  readonly pts: number;
  /** Slot of the ring that the present stage reads; the receiver of the frame gives it back. */
  readonly slot: number;
  /** The frame equals the one before it, byte for byte. */
  readonly duplicate: boolean;
  /** The frame has the result of the frame before it. */
  readonly reused: boolean;
  /** The frame passed a step without its plugin, which had failed. */
  readonly bypassed: boolean;
}

/** One step between decode and encode: takes tickets in order, gives tickets in order. */
export interface Stage {
  readonly name: string;
  readonly input: FrameFormat;
  readonly output: FrameFormat;
  /** Number of frames that this stage may work on at the same time. */
  readonly concurrency: number;
  /** Neighbours that it reads on each side; it holds them until it is done. */
  readonly window: { readonly past: number; readonly future: number };
  /** A duplicate of the frame before it may take that frame's result instead of being processed. */
  readonly reusable: boolean;
  /**
   * Processes one frame. `neighbours` are past, present and future tickets; the stream's first and last repeat beyond
   * its ends. The slots remain the caller's. The result's slot is one of the output ring, with one reference, which
   * becomes the caller's.
   */
  process(ticket: Ticket, neighbours: readonly Ticket[]): Promise<Ticket>;
}
