import type { Decoder } from './decode.js';

/** The side of a decoder that gives frames. */
export type FrameSource = Pick<Decoder, 'next'>;

/**
 * Gives the frames of one decoder to one taker after another. Each frame goes to exactly one taker, in order: to the
 * one that had taken over when reading of the frame began. Earlier takers see the end of the stream.
 */
export class Handover {
  #taker: FrameSource | undefined;
  #released = false;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(private readonly decoder: FrameSource) {}

  /** Takes the frames over from the present taker. After `release` the new taker sees the end of the stream, too. */
  take(): FrameSource {
    const taker: FrameSource = {
      next: async (slot) => {
        await this.#reading; // The taker before may still be reading its last frame.
        if (this.#taker !== taker) return undefined;
        const reading = this.decoder.next(slot);
        this.#reading = reading.catch(() => {}); // The reader receives the error.
        return reading;
      },
    };
    if (!this.#released) this.#taker = taker;
    return taker;
  }

  /** Ends the stream for the present taker; nobody receives frames any more. */
  release(): void {
    this.#released = true;
    this.#taker = undefined;
  }
}
