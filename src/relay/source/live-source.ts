import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { FfmpegBinary } from '../../pipeline/ffmpeg/binary.js';
import { assertPixels } from '../../pipeline/ffmpeg/input-file.js';
import { probeLive } from '../../pipeline/ffmpeg/probe.js';
import { ptsToSeconds } from '../../pipeline/frames/time.js';
import { Decoder, type ForwardedPacket } from '../../pipeline/input/decode.js';
import { type FrameSource, Handover } from '../../pipeline/input/handover.js';
import { Ingest } from '../../pipeline/input/ingest.js';
import type { LiveInput } from '../../pipeline/input/live-input.js';
import { describeSource, type Source } from '../../pipeline/input/source.js';
import type { NutStream } from '../../pipeline/nut/syntax.js';
import type { CarriedStream } from '../../pipeline/output/carried-stream.js';
import { Arrivals } from './arrivals.js';
import { openUnder } from './opening.js';
import { Pace } from './pace.js';

/** An ffmpeg that has failed ends about when its output does. */
const OWN_ERROR_MS = 500;

/** Options for opening a live source. */
export interface LiveSourceOptions {
  readonly deinterlace: 'auto' | 'off';
  /** Milliseconds without data after which the source counts as gone. */
  readonly silenceMs: number;
  /** The bytes that a client pushes. Only for the input `push`. */
  readonly pushed?: Readable | undefined;
}

/** Receives the source's sound. May wait, which slows the decoder down. */
export type SoundTarget = (packet: ForwardedPacket) => Promise<void>;

/** Sees a frame before it is processed. The bytes are valid during the call only. */
export type FrameWatcher = (pts: number, bytes: Uint8Array) => void;

/** An open live source: decoded frames and sound. Its frames go to one consumer at a time. It stays open while consumers change. */
export class LiveSource {
  readonly arrivals = new Arrivals();
  readonly #handover: Handover;
  readonly #pace: Pace | undefined;
  /** Ends the waiting for a frame's time. */
  readonly #hurry = new AbortController();
  #ended: { readonly error: unknown } | undefined;
  #sound: SoundTarget | undefined;
  #watcher: FrameWatcher | undefined;

  private constructor(
    readonly source: Source,
    private readonly ingest: Ingest,
    private readonly decoder: Decoder,
    paced: boolean,
  ) {
    this.#pace = paced ? new Pace() : undefined;
    this.#handover = new Handover({ next: (slot) => this.#next(slot) });
    decoder.forwardTo((packet) => this.#forward(packet));
  }

  /** Opens the source and waits for its first packets. `signal` stops it. @throws SRVID_INPUT_UNREADABLE, and the errors of probing and decoding */
  static async open(binary: FfmpegBinary, input: LiveInput, { deinterlace, silenceMs, pushed }: LiveSourceOptions, signal: AbortSignal): Promise<LiveSource> {
    const ingest = new Ingest(binary, input, pushed);
    let decoder: Decoder | undefined;
    const stop = () => Promise.all([ingest.stop(), decoder?.stop()]);
    return openUnder(signal, stop, async () => {
      const { probe, bytes } = await probeLive(binary, ingest.bytes, input.shown, 'nut', input.maxPixels).catch(async (error) => {
        // The source's own error, if it has ended with one: that is known once its pipe is read to the end.
        ingest.bytes.resume();
        await Promise.race([ingest.done(), delay(OWN_ERROR_MS)]);
        throw error;
      });
      const source = describeSource(input.shown, probe, deinterlace);
      assertPixels(input.shown, source.info.format.width, source.info.format.height, input.maxPixels);
      const forwarded = probe.streams.filter(({ codec_type }) => codec_type === 'audio').map(({ index }) => index);
      decoder = new Decoder(binary, source, { bytes, format: 'nut', live: true, forwarded, salvage: true, stallTimeoutMs: silenceMs });
      await decoder.open();
      return new LiveSource(source, ingest, decoder, input.file !== undefined);
    });
  }

  /** The audio streams in the decoder's output. */
  get forwarded(): readonly NutStream[] {
    return this.decoder.forwarded;
  }

  /** The same streams as an encoder gets them. All are encoded to AAC. */
  get sound(): readonly CarriedStream[] {
    return this.forwarded.map((_, index) => ({ index: index + 1, kind: 'audio', codec: 'aac' }));
  }

  /** True after the source has ended or failed. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** The error with which the source failed. Undefined if it ended well or still runs. */
  get failure(): unknown {
    return this.#ended?.error;
  }

  /** Takes over the frames from the next one on, and the sound. The former consumer sees the end of its stream. */
  take(sound: SoundTarget): FrameSource {
    this.#sound = sound;
    return this.#handover.take();
  }

  /** Ends the current consumer's stream, and that of any later one. */
  release(): void {
    this.#hurry.abort();
    this.#handover.release();
  }

  /** Calls `watcher` for every frame, or for none. */
  watch(watcher: FrameWatcher | undefined): void {
    this.#watcher = watcher;
  }

  /** Stops the processes. The consumer sees the end of its stream. */
  async stop(): Promise<void> {
    this.release();
    await Promise.all([this.ingest.stop(), this.decoder.stop()]);
  }

  /** If an encoder fails to take sound, sound is no longer sent to it. The encoder's owner notices the failure by itself; the source goes on. */
  async #forward(packet: ForwardedPacket): Promise<void> {
    const target = this.#sound;
    await target?.(packet).catch(() => {
      if (this.#sound === target) this.#sound = undefined;
    });
  }

  async #next(slot: () => Uint8Array): Promise<number | undefined> {
    let bytes: Uint8Array | undefined;
    try {
      const pts = await this.decoder.next(() => {
        bytes = slot();
        return bytes;
      });
      if (pts === undefined) {
        this.#ended = { error: undefined };
        await this.ingest.done();
        return undefined;
      }
      const seconds = ptsToSeconds(pts, this.source.info.timeBase);
      await this.#pace?.waitFor(seconds, this.#hurry.signal);
      this.arrivals.add(seconds);
      if (bytes) this.#watcher?.(pts, bytes);
      return pts;
    } catch (error) {
      this.#ended = { error };
      throw error;
    }
  }
}
