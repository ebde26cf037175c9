import type { Clock } from '../../pipeline/frames/clock.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { Dialect } from './dialect.js';
import type { ServerMessage } from './protocol.js';
import type { Delivery, Epoch, Subscriber } from './rendition.js';

/** The connection that a viewer's messages are sent to. */
export interface ViewerSink {
  /** Bytes passed to `send` that the operating system has not accepted yet. */
  readonly bufferedAmount: number;
  send(data: string | Uint8Array): void;
  /** Starts the closing handshake with a WebSocket close code. */
  close(code: number, reason: string): void;
}

/** A viewer's connection, protocol, counters and limits. `maxViewerBytes` bounds the unsent bytes; the other two are milliseconds. */
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
 * Decides which fragments one viewer is sent. It looks at the bytes that the viewer has not accepted yet, and never waits
 * for it. Over `maxViewerBytes`, fragments are skipped up to the next keyframe at which half of the bound is free again.
 * A `gap` message says which ones are missing. A viewer is closed with 1013 if it accepts nothing for `stuckMs`, or if no
 * keyframe fits for `behindMs`.
 */
export class Viewer implements Subscriber {
  readonly #options: ViewerOptions;
  #epochs = 0;
  /** A keyframe of this epoch was sent, or was skipped and counted in the gap. */
  #playing = false;
  #gap: Gap | undefined;
  #closed = false;
  #sent = 0;
  /** The largest number of bytes that ever left the buffer. `#takenAt` is the time at which it last grew, or the buffer was last empty. */
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

  /** Sends a message, unless the bound is reached: a viewer that is so far behind has no use for it. */
  say(message: ServerMessage): void {
    if (this.#closed || this.#options.sink.bufferedAmount > this.#options.limits.maxViewerBytes) return;
    const text = this.#options.dialect.text(message);
    if (text !== undefined) this.#send(text);
  }

  end(): void {
    if (!this.#closed) this.#close(1000, 'the stream ended');
  }

  /** Closes the viewer if it is stuck. Call it about once a second, even when there is nothing to send. */
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

  /** True if a fragment may be sent. One larger than the bound is sent when nothing else is waiting. */
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
