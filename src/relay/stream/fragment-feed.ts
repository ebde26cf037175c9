import type { Readable } from 'node:stream';
import { Durations, type Percentiles } from '../../pipeline/frames/durations.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import { FragmentSplitter } from '../fmp4/splitter.js';
import type { ArrivalTime } from '../source/arrivals.js';

/** Receives an encoder's output. */
export interface FragmentTarget {
  /** Reading starts when this resolves. */
  readonly after?: Promise<void> | undefined;
  /** Called with each init segment. */
  begin(init: InitSegment): void;
  push(fragment: Fragment): void;
  /** Called with each frame before it is encoded. The bytes are valid during the call only. */
  frame?(seconds: number, bytes: Uint8Array): void;
}

/** Reads an encoder's output and splits it into fragments. It never waits for the target, so the target must bound its own memory. */
export class FragmentFeed {
  readonly #delays = new Durations();

  constructor(private readonly written: Readable) {}

  /** Milliseconds from a frame's arrival to its complete fragment. */
  get delays(): Percentiles {
    return this.#delays.percentiles;
  }

  /**
   * Runs until the encoder ends.
   * @param arrival finds the arrival of the frame with this time, in seconds
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
