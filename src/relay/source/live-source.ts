import type { Readable } from 'node:stream';
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
import type { CarriedStream } from '../../pipeline/output/carry.js';
import { Arrivals } from './arrivals.js';

export interface LiveSourceOptions {
  readonly deinterlace: 'auto' | 'off';
  /** How long the source may give nothing before it counts as gone. */
  readonly silenceMs: number;
  /** What the client pushes, for a source that is pushed. */
  readonly pushed?: Readable | undefined;
}

/** Where sound goes. */
export type SoundTarget = (packet: ForwardedPacket) => Promise<void>;

/** A frame as it came, before anything is done to it; its bytes are only lent for the call. */
export type FrameWatcher = (pts: number, bytes: Uint8Array) => void;

/** A live source at work: decoded frames for one taker after another, and sound. It stays while what becomes of them changes. */
export class LiveSource {
  readonly arrivals = new Arrivals();
  readonly #handover: Handover;
  #ended: { readonly error: unknown } | undefined;
  #sound: SoundTarget | undefined;
  #watcher: FrameWatcher | undefined;

  private constructor(
    readonly source: Source,
    private readonly ingest: Ingest,
    private readonly decoder: Decoder,
  ) {
    this.#handover = new Handover({ next: (slot) => this.#next(slot) });
    decoder.forwardTo((packet) => this.#forward(packet));
  }

  /**
   * Opens the source once and waits for its first packets.
   * @throws SRVID_INPUT_UNREADABLE and the errors of probing and decoding
   */
  static async open(binary: FfmpegBinary, input: LiveInput, { deinterlace, silenceMs, pushed }: LiveSourceOptions, signal: AbortSignal): Promise<LiveSource> {
    const ingest = new Ingest(binary, input, pushed);
    let decoder: Decoder | undefined;
    const stop = () => Promise.all([ingest.stop(), decoder?.stop()]);
    signal.addEventListener('abort', stop, { once: true });
    try {
      const { probe, bytes } = await probeLive(binary, ingest.bytes, input.shown, 'nut', input.maxPixels).catch(async (error) => {
        await Promise.race([ingest.done(), ingest.stop()]); // Why it could not be read, where it says so.
        throw error;
      });
      const source = describeSource(input.shown, probe, deinterlace);
      assertPixels(input.shown, source.info.format.width, source.info.format.height, input.maxPixels);
      const forwarded = probe.streams.filter(({ codec_type }) => codec_type === 'audio').map(({ index }) => index);
      decoder = new Decoder(binary, source, { bytes, format: 'nut', live: true, forwarded, salvage: true, stallTimeoutMs: silenceMs });
      await decoder.open();
      signal.throwIfAborted();
      return new LiveSource(source, ingest, decoder);
    } catch (error) {
      await stop();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Sound that comes along, as it is in the decoder's pipe. */
  get forwarded(): readonly NutStream[] {
    return this.decoder.forwarded;
  }

  /** The same as an encoder is to treat it: turned into AAC, whatever it was. */
  get sound(): readonly CarriedStream[] {
    return this.forwarded.map((_, index) => ({ index: index + 1, codec: 'aac' }));
  }

  /** Whether it has ended or failed. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Why it failed; undefined where it ended well or goes on. */
  get failure(): unknown {
    return this.#ended?.error;
  }

  /** Frames from the next one on, and sound with them; whoever had them before sees the end. */
  take(sound: SoundTarget): FrameSource {
    this.#sound = sound;
    return this.#handover.take();
  }

  /** Whoever has the frames sees the end; nobody else gets them. */
  release(): void {
    this.#handover.release();
  }

  /** Shows every frame as it comes. */
  watch(watcher: FrameWatcher | undefined): void {
    this.#watcher = watcher;
  }

  async stop(): Promise<void> {
    this.#handover.release();
    await Promise.all([this.ingest.stop(), this.decoder.stop()]);
  }

  /** An encoder that takes no sound takes no frames either, which whoever it belongs to finds out; the source goes on. */
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
      this.arrivals.add(ptsToSeconds(pts, this.source.info.timeBase));
      if (bytes) this.#watcher?.(pts, bytes);
      return pts;
    } catch (error) {
      this.#ended = { error };
      throw error;
    }
  }
}
