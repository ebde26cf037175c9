import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessingRequest } from '../../options/requests.js';
import { parseProcessingOptions } from '../../options/session.js';
import { emptyFlow, type FrameFlow } from '../../pipeline/engine/frame-flow.js';
import type { RealtimeEngine } from '../../pipeline/engine/realtime/engine.js';
import type { FfmpegBinary } from '../../pipeline/ffmpeg/binary.js';
import type { Percentiles } from '../../pipeline/frames/durations.js';
import type { FrameFormat } from '../../pipeline/frames/frame.js';
import { ptsToSeconds } from '../../pipeline/frames/time.js';
import { holding } from '../../pipeline/input/forwarding.js';
import { Encoder } from '../../pipeline/output/encode.js';
import { testEncoder } from '../../pipeline/output/self-test.js';
import type { Group } from '../../plugins/plan/groups.js';
import { lookUp, type Processing, planProcessing, realtimeEngineFor } from '../../processing.js';
import type { RunMetrics } from '../../report/events.js';
import { stageReports } from '../../report/stages.js';
import type { LiveSource } from '../source/live-source.js';
import { openUnder } from '../source/opening.js';
import { FragmentFeed, type FragmentTarget } from './fragment-feed.js';
import { liveEncoder, livePlan } from './live-encoding.js';

/** Bytes of sound that may wait while the encoder takes none. */
const HELD_SOUND_BYTES = 1 << 20;
/** Milliseconds that the last frames may take after another run has taken over. */
const DRAIN_MS = 5000;

/** Processing options of a stream. The mode is always real time, so it cannot be given. */
export type LiveRequest = Omit<ProcessingRequest, 'realtime'>;

/** Options of a run. */
export interface LiveRunOptions {
  readonly binary: FfmpegBinary;
  readonly request: LiveRequest;
  /** Highest bitrate in bits a second. */
  readonly bitrate: number;
  /** Milliseconds after which an encoder that takes no data counts as hung. */
  readonly stallTimeoutMs: number;
}

/**
 * Processes and encodes a live source under one preset, for one epoch. Another run can be prepared beside it and take
 * over the source; this one then finishes the frames it already has.
 */
export class LiveRun {
  readonly #abort = new AbortController();
  readonly #flow: FrameFlow = emptyFlow();
  readonly #startedAt = performance.now();
  #finished: Promise<void> | undefined;

  private constructor(
    readonly preset: string,
    private readonly live: LiveSource,
    private readonly processing: Processing,
    private readonly engine: RealtimeEngine,
    private readonly encoder: Encoder,
    private readonly feed: FragmentFeed,
  ) {}

  /**
   * Loads the networks and tests the encoder. Takes no frames yet. `signal` ends it.
   * @throws the errors of planning, of the networks and of the encoder's self-test; the signal's reason
   */
  static async prepare({ binary, request, bitrate, stallTimeoutMs }: LiveRunOptions, live: LiveSource, signal: AbortSignal): Promise<LiveRun> {
    const asked = parseProcessingOptions({ ...request, realtime: true });
    const processing = await planProcessing(asked, await lookUp(asked), live.source.info);
    const engine = realtimeEngineFor(processing, live.source.info, false);
    const format = (processing.groups.at(-1) as Group).output;
    const sound = { streams: live.sound, forwarded: live.forwarded };
    const plan = livePlan(live.source, format, liveEncoder(processing.preset.preset.encoder, bitrate), sound, stallTimeoutMs);
    let encoder: Encoder | undefined;
    const stop = () => Promise.all([engine.close(), encoder?.stop()]);
    return openUnder(signal, stop, async () => {
      await Promise.all([engine.open(), testEncoder(binary, plan)]);
      encoder = new Encoder(binary, plan, 'pipe');
      await encoder.open();
      return new LiveRun(asked.preset, live, processing, engine, encoder, new FragmentFeed(encoder.written));
    });
  }

  /** Names of the quality levels, best first, the bypass last. */
  get levels(): readonly string[] {
    return this.engine.levels;
  }

  /** Names of the levels that run a network. */
  get networks(): readonly string[] {
    return this.engine.networks;
  }

  /** Milliseconds from a frame's arrival to its complete fragment. */
  get delays(): Percentiles {
    return this.feed.delays;
  }

  /** The format of processed frames, before they are encoded. */
  get format(): FrameFormat {
    return (this.processing.groups.at(-1) as Group).output;
  }

  /** Milliseconds that a frame may take from its arrival to the encoder. */
  get budgetMs(): number {
    return this.processing.levels?.settings.budgetMs ?? 0;
  }

  /**
   * Takes over the source's frames and sends the results to `target`. Resolves when the source ends, another run takes
   * over, or `stop` is called.
   * @throws the first error of source, engine or encoder
   */
  run(target: FragmentTarget): Promise<void> {
    this.#finished ??= this.#run(target);
    return this.#finished;
  }

  /** Fixes the quality level. "auto" lets the engine choose. @throws SRVID_OPTION_INVALID */
  pin(level: string): void {
    this.engine.pin(level === 'auto' ? undefined : level);
  }

  /** The fixed level. Undefined if the engine chooses. */
  get pinned(): string | undefined {
    return this.engine.pinned;
  }

  metrics(): RunMetrics {
    const stages = [...this.engine.stageTimes(), { name: 'encode', durations: this.encoder.waits, threads: 1 }];
    return {
      ...this.#flow,
      stages: stageReports(stages, performance.now() - this.#startedAt),
      realtime: this.engine.realtime(),
      plugins: this.engine.pluginMetrics(),
    };
  }

  /** Waits until the remaining frames are encoded, at most 5 s, after another run has taken over. */
  async drain(): Promise<void> {
    await Promise.race([this.#finished?.catch(() => {}), delay(DRAIN_MS, undefined, { ref: false })]);
    await this.stop();
  }

  /** Stops engine and encoder without finishing frames. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error('the run was stopped'));
    await Promise.all([this.engine.close(), this.encoder.stop()]);
    await this.#finished?.catch(() => {});
  }

  async #run(target: FragmentTarget): Promise<void> {
    const { live, encoder, engine } = this;
    const sound = holding((packet) => encoder.forward(packet), HELD_SOUND_BYTES);
    // Take over only when the engine asks for its first frame: before that it measures the cost of its levels.
    let frames: ReturnType<LiveSource['take']> | undefined;
    const next = (slot: () => Uint8Array) => {
      frames ??= live.take(sound);
      return frames.next(slot);
    };
    const write = async (pts: number, bytes: Uint8Array) => {
      target.frame?.(ptsToSeconds(pts, live.source.info.timeBase), bytes);
      await encoder.write(pts, bytes);
    };
    const fed = this.feed.run(target, (seconds) => live.arrivals.of(seconds));
    const flow = async () => {
      await engine.run({ decoder: { next }, encoder: { write }, signal: this.#abort.signal, flow: this.#flow });
      await engine.flush();
      await encoder.finish();
    };
    await Promise.all([flow(), fed]);
  }
}
