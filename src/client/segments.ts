import type { GapMessage, HelloMessage } from './messages.js';
import { type FragmentTimes, readFragmentTimes, readTracks, type Track } from './mp4.js';

/** The header of a stream, `ftyp` and `moov`. A decoder needs it before the fragments that follow. */
export interface InitSegment {
  readonly data: Uint8Array;
  readonly hello: HelloMessage;
  readonly tracks: readonly Track[];
  /** Number of the time axis. Only timestamps with the same number can be compared. It grows with each epoch and each connection. */
  readonly timeline: number;
}

/** One fragment, `moof` and `mdat`, with one or more frames. Times are in seconds. */
export interface Fragment extends FragmentTimes {
  readonly data: Uint8Array;
  /** The init segment that it belongs to. It is a new object after each change of the stream. */
  readonly init: InitSegment;
  /** Set if fragments before this one were not sent. */
  readonly gap?: GapMessage;
}

/** Turns one relay's messages, in order, into init segments and fragments. */
export class SegmentReader {
  #announced: HelloMessage | undefined;
  #init: InitSegment | undefined;
  #gap: GapMessage | undefined;
  #timeline = 0;
  #newConnection = true;

  /** Forgets the state of the previous connection. The next messages are from a new one. */
  beginConnection(): void {
    this.#announced = undefined;
    this.#init = undefined;
    this.#gap = undefined;
    this.#newConnection = true;
  }

  /** Announces that the next binary message is an init segment. */
  hello(message: HelloMessage): void {
    this.#announced = message;
  }

  /** Remembers a gap for the next fragment. */
  gap(message: GapMessage): void {
    this.#gap = message;
  }

  /** Parses a binary message. @throws RangeError if it is neither the announced init segment nor one of its fragments */
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

/** True if a decoder for one can continue with the other: both have the same kinds of tracks in the same order. */
export function hasSameTracks(one: InitSegment, other: InitSegment): boolean {
  const kinds = ({ tracks }: InitSegment) => tracks.map(({ kind }) => kind).join();
  return kinds(one) === kinds(other);
}
