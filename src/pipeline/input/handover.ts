import type { Decoder } from './decode.js';

export type FrameSource = Pick<Decoder, 'next'>;

/**
 * The frames of one decoder for one taker after another. Each frame goes to exactly one of them, in order: to whoever
 * took over last when its reading began. Takers before see the end of the stream.
 */
export class Handover {
  #taker: FrameSource | undefined;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(private readonly decoder: FrameSource) {}

  /** Takes the frames over from whoever has them. */
  take(): FrameSource {
    const taker: FrameSource = {
      next: async (slot) => {
        await this.#reading; // The taker before may still be reading its last frame.
        if (this.#taker !== taker) return undefined;
        const reading = this.decoder.next(slot);
        this.#reading = reading.catch(() => {}); // Told to whoever reads.
        return reading;
      },
    };
    this.#taker = taker;
    return taker;
  }

  /** Nobody gets frames any more. */
  release(): void {
    this.#taker = undefined;
  }
}
