import { setTimeout as delay } from 'node:timers/promises';
import type { Preset } from '../../options/preset.js';
import type { FfmpegBinary } from '../../pipeline/ffmpeg/binary.js';
import { frameBytes } from '../../pipeline/frames/frame.js';
import { Encoder } from '../../pipeline/output/encode.js';
import { testEncoder } from '../../pipeline/output/self-test.js';
import type { LiveSource } from '../source/live-source.js';
import { FragmentFeed, type FragmentTarget } from './fragment-feed.js';
import { liveEncoder, livePlan } from './live-encoding.js';

/** Close to the source in quality, at about a millisecond of CPU time a 360p frame. */
const ENCODER: Preset['encoder'] = { name: 'libx264', crf: 17, options: { preset: 'ultrafast' } };
/** Frames that may wait for the encoder. It is much faster than the source. */
const MOST_WAITING = 4;
const DRAIN_MS = 1000;

/**
 * Makes the `source` rendition: the frames as they arrived, at their own size and with their own timestamps. So any
 * moment of the `sr` rendition can be compared with it.
 */
export class SourceCopy {
  readonly #spare: Buffer[] = [];
  #waiting = 0;
  #left = 0;
  #failure: unknown;
  #finished: Promise<void> | undefined;

  private constructor(
    private readonly live: LiveSource,
    private readonly encoder: Encoder,
    private readonly feed: FragmentFeed,
  ) {}

  /** Tests and starts the encoder. Takes no frames yet. @throws the errors of the encoder and its self-test */
  static async prepare(binary: FfmpegBinary, live: LiveSource, bitrate: number, stallTimeoutMs: number): Promise<SourceCopy> {
    const { source } = live;
    const settings = liveEncoder(ENCODER, bitrate);
    const plan = livePlan(source, source.info.format, settings, { streams: [], forwarded: [] }, stallTimeoutMs);
    await testEncoder(binary, plan);
    const encoder = new Encoder(binary, plan, 'pipe');
    await encoder.open();
    return new SourceCopy(live, encoder, new FragmentFeed(encoder.written));
  }

  /** Number of frames that were skipped because the encoder was behind. */
  get left(): number {
    return this.#left;
  }

  /** Runs until the source ends or `stop` is called. @throws the first error of the encoder */
  async run(target: FragmentTarget): Promise<void> {
    this.live.watch((pts, bytes) => this.#add(pts, bytes));
    this.#finished ??= this.feed.run(target, () => undefined);
    await this.#finished;
    if (this.#failure) throw this.#failure;
  }

  async stop(): Promise<void> {
    this.live.watch(undefined);
    await Promise.race([this.encoder.finish().catch(() => {}), delay(DRAIN_MS, undefined, { ref: false })]);
    await this.encoder.stop();
    await this.#finished?.catch(() => {});
  }

  /** Copies the frame, since the engine may reuse its slot before it is encoded. */
  #add(pts: number, bytes: Uint8Array): void {
    if (this.#waiting >= MOST_WAITING) {
      this.#left++;
      return;
    }
    const copy = this.#spare.pop() ?? Buffer.allocUnsafeSlow(frameBytes(this.live.source.info.format));
    copy.set(bytes.subarray(0, copy.length));
    this.#waiting++;
    this.encoder
      .write(pts, copy)
      .catch((error) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#waiting--;
        this.#spare.push(copy);
      });
  }
}
