import { setTimeout as delay } from 'node:timers/promises';
import { type ProcessingRequest, parseProcessingOptions } from '../../options/session.js';
import { emptyFlow, type FrameFlow } from '../../pipeline/engine/frame-flow.js';
import type { RealtimeEngine } from '../../pipeline/engine/realtime/engine.js';
import type { FfmpegBinary } from '../../pipeline/ffmpeg/binary.js';
import type { Percentiles } from '../../pipeline/frames/durations.js';
import type { FrameFormat } from '../../pipeline/frames/frame.js';
import { ptsToSeconds } from '../../pipeline/frames/time.js';
import { holding } from '../../pipeline/input/forwarding.js';
import { Encoder } from '../../pipeline/output/encode.js';
import { testEncoder } from '../../pipeline/output/self-test.js';
import type { Segment } from '../../plugins/plan/groups.js';
import { lookUp, type Processing, planProcessing, realtimeEngineFor } from '../../processing.js';
import type { RunMetrics } from '../../report/events.js';
import { stageReports } from '../../report/stages.js';
import type { LiveSource } from '../source/live-source.js';
import { FragmentFeed, type FragmentTarget } from './fragment-feed.js';
import { liveEncoder, livePlan } from './live-encoding.js';

/** Sound that may be on its way to an encoder that takes nothing. */
const HELD_SOUND_BYTES = 1 << 20;
/** How long the last frames may take when another run takes over. */
const DRAIN_MS = 5000;

/** What a relay is told about processing. It is always in real time. */
export type LiveRequest = Omit<ProcessingRequest, 'realtime'>;

export interface LiveRunOptions {
  readonly binary: FfmpegBinary;
  readonly request: LiveRequest;
  /** Bits a second at most. */
  readonly bitrate: number;
  /** How long the encoder may take nothing before it counts as hung. */
  readonly stallTimeoutMs: number;
}

/**
 * What makes of a live source's frames the fragments of one epoch: engine and encoder under one preset. Another run can
 * be made ready beside it and take the frames over; this one then ends with the frames it has.
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

  /** Loads networks and proves the encoder; takes no frames yet. @throws what is wrong with preset, networks or encoder */
  static async prepare({ binary, request, bitrate, stallTimeoutMs }: LiveRunOptions, live: LiveSource): Promise<LiveRun> {
    const asked = parseProcessingOptions({ ...request, realtime: true });
    const processing = await planProcessing(asked, await lookUp(asked), live.source.info);
    const engine = realtimeEngineFor(processing, live.source.info, false);
    const format = (processing.segments.at(-1) as Segment).output;
    const sound = { streams: live.sound, forwarded: live.forwarded };
    const plan = livePlan(live.source, format, liveEncoder(processing.preset.preset.encoder, bitrate), sound, stallTimeoutMs);
    let encoder: Encoder | undefined;
    try {
      await Promise.all([engine.open(), testEncoder(binary, plan)]);
      encoder = new Encoder(binary, plan, 'pipe');
      await encoder.open();
      return new LiveRun(asked.preset, live, processing, engine, encoder, new FragmentFeed(encoder.written));
    } catch (error) {
      await Promise.all([engine.close(), encoder?.stop()]);
      throw error;
    }
  }

  /** Names of the levels it chooses among, best first. */
  get levels(): readonly string[] {
    return this.engine.levels;
  }

  /** From a frame's arrival to its fragment's being there. */
  get delays(): Percentiles {
    return this.feed.delays;
  }

  /** What frames are before they are encoded. */
  get format(): FrameFormat {
    return (this.processing.segments.at(-1) as Segment).output;
  }

  get budgetMs(): number {
    return this.processing.levels?.settings.budgetMs ?? 0;
  }

  /** Takes the frames over and lets them flow to `target` until there are no more for it, or `stop`. @throws the first failure of anything */
  run(target: FragmentTarget): Promise<void> {
    this.#finished ??= this.#run(target);
    return this.#finished;
  }

  /** Processes at this level alone; "auto" lets the engine choose. @throws SRVID_OPTION_INVALID */
  pin(level: string): void {
    this.engine.pin(level === 'auto' ? undefined : level);
  }

  /** The level that frames are kept at; undefined where the engine chooses. */
  get pinned(): string | undefined {
    return this.engine.pinned;
  }

  metrics(): RunMetrics {
    const stages = [...this.engine.stageTimes(), { name: 'encode', durations: this.encoder.waits, threads: 1 }];
    return { ...this.#flow, stages: stageReports(stages, performance.now() - this.#startedAt), realtime: this.engine.realtime() };
  }

  /** Lets the frames it has come out, for a while, once somebody else has taken over. */
  async drain(): Promise<void> {
    await Promise.race([this.#finished?.catch(() => {}), delay(DRAIN_MS, undefined, { ref: false })]);
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('the run was stopped'));
    await Promise.all([this.engine.close(), this.encoder.stop()]);
    await this.#finished?.catch(() => {});
  }

  async #run(target: FragmentTarget): Promise<void> {
    const { live, encoder, engine } = this;
    const sound = holding((packet) => encoder.forward(packet), HELD_SOUND_BYTES);
    // Taken over only when the engine asks for its first frame: until then it measures what its levels take.
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
    const flowing = engine.run({ decoder: { next }, encoder: { write }, signal: this.#abort.signal, flow: this.#flow }).then(() => encoder.finish());
    await Promise.all([flowing, fed]);
  }
}
