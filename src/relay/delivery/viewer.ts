import type { Clock } from '../../pipeline/frames/clock.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { Dialect } from './dialect.js';
import type { ServerMessage } from './protocol.js';
import type { Delivery, Epoch, Subscriber } from './rendition.js';

/** Where a viewer's bytes go. */
export interface ViewerSink {
  /** Bytes that were sent here and that the system has not taken yet. */
  readonly bufferedAmount: number;
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
}

export interface ViewerOptions {
  readonly sink: ViewerSink;
  readonly dialect: Dialect;
  readonly clock: Pick<Clock, 'now'>;
  readonly delivery: Delivery;
  readonly limits: { readonly maxViewerBytes: number; readonly stuckMs: number; readonly behindMs: number };
}

interface Gap {
  readonly from: number;
  readonly since: number;
  fragments: number;
}

/**
 * Decides what one viewer is sent, by what it has left untaken, and so never waits for it. Over its bound of bytes
 * fragments are left out up to a keyframe for which half of the bound is free again; a `gap` says which. A viewer that
 * takes nothing for `stuckMs`, or lets no keyframe through for `behindMs`, is closed with 1013.
 */
export class Viewer implements Subscriber {
  readonly #options: ViewerOptions;
  #epochs = 0;
  /** A keyframe of this epoch was sent, or left out with a gap to be told. */
  #playing = false;
  #gap: Gap | undefined;
  #closed = false;
  #sent = 0;
  /** The most of `#sent` that was ever gone, and when that grew, or when nothing was left to take. */
  #taken = 0;
  #takenAt: number;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.#takenAt = options.clock.now();
  }

  begin(epoch: Epoch): void {
    if (this.#closed) return;
    const opening = this.#options.dialect.opening(epoch, this.#epochs++);
    if (opening === undefined) {
      this.#close(1012, 'what is played has changed');
      return;
    }
    this.#playing = false;
    this.#gap = undefined;
    this.#send(opening);
    if (epoch.init.bytes.length > 0) this.#send(epoch.init.bytes);
  }

  fragment(fragment: Fragment): void {
    this.check();
    if (this.#closed || this.#epochs === 0 || !(this.#playing || fragment.keyframe)) return;
    this.#playing = true;
    if (this.#hasRoomFor(fragment)) this.#deliver(fragment);
    else this.#skip(fragment);
  }

  /** Left out where the bound is reached: whoever is that far behind has no use for it. */
  say(message: ServerMessage): void {
    if (this.#closed || this.#options.sink.bufferedAmount > this.#options.limits.maxViewerBytes) return;
    const text = this.#options.dialect.text(message);
    if (text !== undefined) this.#send(text);
  }

  end(): void {
    if (!this.#closed) this.#close(1000, 'the stream ended');
  }

  /** To be called about once a second, too, when there is nothing to send. */
  check(): void {
    if (this.#closed) return;
    const { sink, clock, limits } = this.#options;
    const now = clock.now();
    const taken = this.#sent - sink.bufferedAmount;
    if (sink.bufferedAmount === 0 || taken > this.#taken) {
      this.#taken = taken;
      this.#takenAt = now;
    }
    if (now - this.#takenAt >= limits.stuckMs) this.#giveUp('it took nothing for too long');
    else if (this.#gap && now - this.#gap.since >= limits.behindMs) this.#giveUp('it is too slow for this stream');
  }

  /** A fragment that is larger than the bound goes out where nothing else waits. */
  #hasRoomFor({ keyframe, bytes }: Fragment): boolean {
    const { sink, limits } = this.#options;
    if (this.#gap) return keyframe && sink.bufferedAmount <= limits.maxViewerBytes / 2;
    return sink.bufferedAmount === 0 || sink.bufferedAmount + bytes.length <= limits.maxViewerBytes;
  }

  #deliver({ bytes, startSeconds }: Fragment): void {
    if (this.#gap) {
      const { from, fragments } = this.#gap;
      const text = this.#options.dialect.text({ type: 'gap', from, to: startSeconds, fragments, reason: 'slow' });
      if (text !== undefined) this.#send(text);
      this.#gap = undefined;
    }
    this.#send(bytes);
    this.#options.delivery.fragments++;
  }

  #skip({ startSeconds }: Fragment): void {
    const { delivery, clock } = this.#options;
    if (!this.#gap) {
      this.#gap = { from: startSeconds, since: clock.now(), fragments: 0 };
      delivery.gaps++;
    }
    this.#gap.fragments++;
    delivery.skipped++;
  }

  #send(data: string | Uint8Array): void {
    const length = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    this.#sent += length;
    this.#options.delivery.bytes += length;
    this.#options.sink.send(data);
  }

  #giveUp(reason: string): void {
    this.#options.delivery.stuck++;
    this.#close(1013, reason);
  }

  #close(code: number, reason: string): void {
    this.#closed = true;
    this.#options.sink.close(code, reason);
  }
}
