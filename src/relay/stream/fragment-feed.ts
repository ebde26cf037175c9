import type { Readable } from 'node:stream';
import { Durations, type Percentiles } from '../../pipeline/frames/durations.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import { FragmentSplitter } from '../fmp4/splitter.js';
import type { ArrivalTime } from '../source/arrivals.js';

/** Where an encoder's pieces go. */
export interface FragmentTarget {
  /** Nothing is given to it before this. */
  readonly after?: Promise<void> | undefined;
  begin(init: InitSegment): void;
  push(fragment: Fragment): void;
  /** A frame before it is encoded; its bytes are only lent for the call. */
  frame?(seconds: number, bytes: Uint8Array): void;
}

/** What an encoder writes, cut at its fragments. Reading waits for nobody: whoever the fragments are for must bound what he keeps. */
export class FragmentFeed {
  readonly #delays = new Durations();

  constructor(private readonly written: Readable) {}

  /** From a frame's arrival to its fragment's being there, in milliseconds. */
  get delays(): Percentiles {
    return this.#delays.percentiles;
  }

  /**
   * Until the encoder ends.
   * @param arrival when the frame with this time, in seconds, came in
   * @throws SRVID_FRAGMENT_INVALID
   */
  async run(target: FragmentTarget, arrival: (seconds: number) => ArrivalTime | undefined): Promise<void> {
    await target.after;
    const splitter = new FragmentSplitter();
    for await (const chunk of this.written) {
      for (const piece of splitter.push(chunk as Buffer)) {
        if (piece.kind === 'init') target.begin(piece);
        else {
          target.push(piece);
          const came = arrival(piece.startSeconds);
          if (came) this.#delays.add(performance.now() - came.at);
        }
      }
    }
  }
}
