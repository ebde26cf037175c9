import type { Fragment, InitSegment } from './segments.js';
import { Timeline } from './timeline.js';

/** Safari on iPhones has ManagedMediaSource only. */
const PlatformMediaSource: typeof MediaSource | undefined =
  (globalThis as { readonly MediaSource?: typeof MediaSource; readonly ManagedMediaSource?: typeof MediaSource }).MediaSource ??
  (globalThis as { readonly ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource;

/** Seconds that are kept behind the playback position: the longest GOP and a little more. */
const KEEP_BEHIND_SECONDS = 4;
/** Seconds that must have collected before old ones are removed. Removing has a cost, so it is done seldom. */
const TRIM_FROM_SECONDS = 12;

type Step = { readonly init: InitSegment } | { readonly fragment: Fragment; readonly splice: boolean };

/** True if this browser can play a MIME type such as 'video/mp4; codecs="avc1.42c028"'. */
export function canPlay(mime: string): boolean {
  return PlatformMediaSource?.isTypeSupported(mime) ?? false;
}

/**
 * The MediaSource of a `<video>` and its one SourceBuffer. A SourceBuffer does one operation at a time, so operations are
 * queued here. The player's time has no holes: `timestampOffset` closes those in the stream's timestamps (Media Source
 * Extensions §5.1). So playback continues over restarts, size changes and gaps.
 */
export class MediaBuffer {
  readonly timeline = new Timeline();
  readonly #source: MediaSource;
  readonly #url: string;
  readonly #waiting: Step[] = [];
  #buffer: SourceBuffer | undefined;
  #mime: string;
  #queuedBytes = 0;
  #madeRoom = false;
  #closed = false;

  /** @param onFailed called once, with the reason. Only `close` may be called then. */
  constructor(
    private readonly video: HTMLVideoElement,
    init: InitSegment,
    private readonly onFailed: (message: string) => void,
  ) {
    if (!PlatformMediaSource) throw new TypeError('No MediaSource: ask canPlay first.');
    this.#mime = init.hello.mime;
    this.#source = new PlatformMediaSource();
    this.#source.addEventListener('sourceopen', () => this.#opened(), { once: true });
    this.#url = URL.createObjectURL(this.#source);
    video.disableRemotePlayback = true;
    video.src = this.#url;
    this.init(init);
  }

  /** Queues an init segment. The buffer changes its type if the codecs differ. */
  init(init: InitSegment): void {
    this.#waiting.push({ init });
    this.#work();
  }

  /**
   * Queues a fragment. The bytes are kept until they are appended.
   * @param splice true if its timestamp does not follow the previous one; it must be a keyframe then
   */
  append(fragment: Fragment, splice: boolean): void {
    this.#waiting.push({ fragment, splice });
    this.#queuedBytes += fragment.data.byteLength;
    this.#work();
  }

  /** Bytes of the queued fragments that are not appended yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** The buffered seconds in the player's time. Undefined if the buffer is empty. */
  get range(): { readonly start: number; readonly end: number } | undefined {
    const ranges = this.#buffer?.buffered;
    return ranges && ranges.length > 0 ? { start: ranges.start(0), end: ranges.end(ranges.length - 1) } : undefined;
  }

  /** The start of the next buffered range if nothing is buffered at `time`. A source may leave frames out. */
  afterHole(time: number): number | undefined {
    const ranges = this.#buffer?.buffered;
    for (let index = 0; ranges && index < ranges.length; index += 1) {
      if (time < ranges.start(index)) return ranges.start(index);
      if (time < ranges.end(index) - 0.02) return undefined;
    }
    return undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.length = 0;
    URL.revokeObjectURL(this.#url);
    if (this.video.src === this.#url) {
      this.video.removeAttribute('src');
      this.video.load();
    }
  }

  #opened(): void {
    if (this.#closed) return;
    try {
      this.#source.duration = Number.POSITIVE_INFINITY;
      this.#buffer = this.#source.addSourceBuffer(this.#mime);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#buffer.addEventListener('updateend', () => this.#work());
    this.#buffer.addEventListener('error', () => this.#fail('The browser could not read what it was given.'));
    this.#work();
  }

  #work(): void {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || this.#closed) return;
    try {
      if (this.#trim(buffer, TRIM_FROM_SECONDS, KEEP_BEHIND_SECONDS)) return;
      const step = this.#waiting[0];
      if (!step) return;
      if ('init' in step) this.#take(buffer, step.init);
      else this.#add(buffer, step.fragment, step.splice);
      this.#waiting.shift();
      if ('fragment' in step) this.#queuedBytes -= step.fragment.data.byteLength;
      this.#madeRoom = false;
    } catch (error) {
      // The buffer is full: remove everything behind the playback position, once. The operation stays queued and is tried
      // again at `updateend`.
      const full = error instanceof Error && error.name === 'QuotaExceededError' && !this.#madeRoom;
      this.#madeRoom = true;
      if (!full || !this.#trim(buffer, 0.1, 0.05)) this.#fail(error);
    }
  }

  #take(buffer: SourceBuffer, { hello, data }: InitSegment): void {
    if (hello.mime !== this.#mime) buffer.changeType(hello.mime);
    this.#mime = hello.mime;
    buffer.appendBuffer(owned(data));
  }

  #add(buffer: SourceBuffer, fragment: Fragment, splice: boolean): void {
    const end = this.range?.end ?? 0;
    const offset = splice ? end - fragment.time : buffer.timestampOffset;
    if (splice) buffer.timestampOffset = offset;
    buffer.appendBuffer(owned(fragment.data));
    if (splice) this.timeline.splice(end, { epoch: fragment.init.hello.epoch, time: fragment.time });
  }

  /** @returns true if it has started to remove */
  #trim(buffer: SourceBuffer, from: number, keep: number): boolean {
    const start = this.range?.start;
    const now = this.video.currentTime;
    if (start === undefined || now - start < from) return false;
    buffer.remove(0, now - keep);
    return true;
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#waiting.length = 0;
    this.onFailed(error instanceof Error ? error.message : String(error));
  }
}

/** TypeScript distinguishes memory that may be shared. Bytes from a WebSocket never are. */
function owned(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return data as Uint8Array<ArrayBuffer>;
}
