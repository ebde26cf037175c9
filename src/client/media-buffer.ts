import type { Fragment, InitSegment } from './segments.js';
import { Timeline } from './timeline.js';

/** Old Safari on phones has only the managed one. */
const PlatformMediaSource: typeof MediaSource | undefined =
  (globalThis as { readonly MediaSource?: typeof MediaSource; readonly ManagedMediaSource?: typeof MediaSource }).MediaSource ??
  (globalThis as { readonly ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource;

/** Behind what is shown; the longest GOP and a little. */
const KEEP_BEHIND_SECONDS = 4;
/** Removing is not free, so it waits until this much is there. */
const TRIM_FROM_SECONDS = 12;

type Step = { readonly init: InitSegment } | { readonly fragment: Fragment; readonly splice: boolean };

export function canPlay(mime: string): boolean {
  return PlatformMediaSource?.isTypeSupported(mime) ?? false;
}

/**
 * One MediaSource of a `<video>` and its one SourceBuffer, which takes one thing at a time: steps wait here for their turn. Its
 * time has no holes: where the stream's leaps, `timestampOffset` closes up (Media Source Extensions §5.1), so that playing goes on
 * over a restart, another size, or a gap.
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

  /** @param onFailed is called once, with what failed; then only `close` is left. */
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

  init(init: InitSegment): void {
    this.#waiting.push({ init });
    this.#work();
  }

  /** @param splice whether its time does not follow the one before: it must be a keyframe then. */
  append(fragment: Fragment, splice: boolean): void {
    this.#waiting.push({ fragment, splice });
    this.#queuedBytes += fragment.data.byteLength;
    this.#work();
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** What lies ready, in the player's seconds; undefined where nothing does. */
  get range(): { readonly start: number; readonly end: number } | undefined {
    const ranges = this.#buffer?.buffered;
    return ranges && ranges.length > 0 ? { start: ranges.start(0), end: ranges.end(ranges.length - 1) } : undefined;
  }

  /** Where to go on from `time`, if nothing is there but something is later: a source may leave frames out. */
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
      // Full: everything behind is given up, once; the step stays and is tried again at `updateend`.
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

  /** @returns whether it has begun to remove. */
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

/** TypeScript tells apart what may be shared memory; what came from a WebSocket never is. */
function owned(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return data as Uint8Array<ArrayBuffer>;
}
