import type { GapMessage, HelloMessage } from './messages.js';
import { type FragmentTimes, readFragmentTimes, readTracks, type Track } from './mp4.js';

/** `ftyp` + `moov`: what a decoder must be given before the fragments that follow it. */
export interface InitSegment {
  readonly data: Uint8Array;
  readonly hello: HelloMessage;
  readonly tracks: readonly Track[];
  /** Counts time axes: fragments with the same number can be compared in time. A new epoch or a new connection begins another. */
  readonly timeline: number;
}

/** `moof` + `mdat`: one or more frames. Times in seconds. */
export interface Fragment extends FragmentTimes {
  readonly data: Uint8Array;
  /** The segment that it belongs to; another object than the fragment's before where the stream has changed. */
  readonly init: InitSegment;
  /** Set where fragments before this one were not sent. */
  readonly gap?: GapMessage;
}

/** Makes of one relay's messages, in order, what a player or recorder is given. */
export class SegmentReader {
  #announced: HelloMessage | undefined;
  #init: InitSegment | undefined;
  #gap: GapMessage | undefined;
  #timeline = 0;
  #newConnection = true;

  /** The messages to come are of another connection. */
  beginConnection(): void {
    this.#announced = undefined;
    this.#init = undefined;
    this.#gap = undefined;
    this.#newConnection = true;
  }

  hello(message: HelloMessage): void {
    this.#announced = message;
  }

  gap(message: GapMessage): void {
    this.#gap = message;
  }

  /** @throws RangeError for what is neither the init segment announced nor a fragment of it. */
  read(data: Uint8Array): { readonly init: InitSegment } | { readonly fragment: Fragment } {
    return this.#announced ? { init: this.#readInit(data, this.#announced) } : { fragment: this.#readFragment(data) };
  }

  #readInit(data: Uint8Array, hello: HelloMessage): InitSegment {
    const tracks = readTracks(data);
    if (this.#newConnection || hello.epoch !== this.#init?.hello.epoch) this.#timeline += 1;
    this.#newConnection = false;
    this.#announced = undefined;
    this.#init = { data, hello, tracks, timeline: this.#timeline };
    return this.#init;
  }

  #readFragment(data: Uint8Array): Fragment {
    if (!this.#init) throw new RangeError('Expected a hello before the first fragment.');
    const times = readFragmentTimes(data, this.#init.tracks);
    const gap = this.#gap;
    this.#gap = undefined;
    return { data, init: this.#init, ...times, ...(gap && { gap }) };
  }
}

/** Whether a decoder that was made for one can go on with the other: picture and sound, and in that order. */
export function hasSameTracks(one: InitSegment, other: InitSegment): boolean {
  const kinds = ({ tracks }: InitSegment) => tracks.map(({ kind }) => kind).join();
  return kinds(one) === kinds(other);
}
