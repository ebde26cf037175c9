import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SrvidError } from '../errors.js';
import type { Engine } from '../pipeline/engine/engine.js';
import { emptyFlow, type FrameFlow } from '../pipeline/engine/frame-flow.js';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { Durations } from '../pipeline/frames/durations.js';
import { orStopped } from '../pipeline/frames/stopping.js';
import type { Cut } from '../pipeline/input/cut.js';
import { decodingSaid, shapeChange } from '../pipeline/input/damage.js';
import { Decoder } from '../pipeline/input/decode.js';
import { LATE_CAPTIONS } from '../pipeline/input/late-captions.js';
import { refuseLosses } from '../pipeline/input/losses.js';
import { SpanReader } from '../pipeline/input/span-reader.js';
import { Encoder } from '../pipeline/output/encode.js';
import type { EncodePlan } from '../pipeline/output/encode-plan.js';
import type { NoteListener } from '../plugins/notes.js';
import { engineFor } from '../processing.js';
import type { PlannedRun } from '../report/run.js';
import { settleFile } from './journal.js';
import { piecePlan } from './piece-format.js';
import type { MakingHooks, PieceResult, SegmentJob } from './scheduler.js';
import { fileHash } from './source-mark.js';

/** Setting in which the pieces of one video are made. */
export interface PieceSetting {
  readonly prepared: PlannedRun & { readonly binary: FfmpegBinary };
  /** The plan of the whole output, once it is tried and settled. */
  readonly plan: Promise<EncodePlan>;
  /** The folder of pieces. */
  readonly folder: string;
  /** The pieces are asked for one after the other, so each decoder goes on with the next one's frames. */
  readonly inOrder: boolean;
  readonly onNote?: NoteListener | undefined;
}

/** Messages of a decoder that has begun in mid-stream, about frames before its first keyframe, which belong to the segment before. */
const OF_BEGINNING = /co located POCs|reference picture missing|[Mm]issing reference|mmco|number of reference frames|Could not find ref|RASL|[Ss]kipping|unref/;

/** Messages about frames that were not decoded as they were coded. */
const DECODED_WRONG = /error while decoding|corrupt|non-existing [PS]PS|[Ii]nvalid|concealing|decode_slice|no frame/;

/**
 * Makes pieces by the ordinary engine, which stays loaded from one to the next. Pieces may be asked for ahead: the next one's encoder
 * starts, and the last one's ends, while another's frames are at work.
 */
export class PieceMaker {
  /** Waiting times of the engine for decoders and encoders. */
  readonly waits = { decode: new Durations(), encode: new Durations() };
  #engine: Engine | undefined;
  #opened: Promise<void> | undefined;
  /** The reader of the last piece, at whose end the decoder of the next one may be. */
  #last: SpanReader | undefined;
  /** The decoder of the beginning, which was started before its piece was asked for. */
  #ahead: Decoder | undefined;
  /** The end of the frames of the piece that is at work. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(private readonly setting: PieceSetting) {}

  /** The engine at work. */
  get engine(): Engine {
    const { prepared, onNote } = this.setting;
    this.#engine ??= engineFor(prepared, prepared.opened.source.info, false, onNote);
    return this.#engine;
  }

  /** Loads plugins and networks. `fromBeginning` starts the first piece's decoder meanwhile. @throws the errors of `Engine.open` */
  async open(fromBeginning = false): Promise<void> {
    if (fromBeginning) this.#ahead = this.#decoder(undefined);
    this.#opened ??= this.engine.open();
    await this.#opened;
  }

  /** See `MakePiece`. */
  readonly make = async (job: SegmentJob, hooks: MakingHooks): Promise<PieceResult> => {
    // A keyframe may need what was set before it: other parameters, or frames. Then decoding begins where it cannot lack anything.
    return (await this.#attempt(job, hooks, false)) ?? ((await this.#attempt(job, hooks, true)) as PieceResult);
  };

  /** @returns undefined where decoding that began in mid-stream went wrong */
  async #attempt(job: SegmentJob, { signal, onProgress }: MakingHooks, fromBeginning: boolean): Promise<PieceResult | undefined> {
    const startedAt = performance.now();
    const { folder, prepared } = this.setting;
    const path = join(folder, job.piece);
    const aside = `${path}.part`;
    const plan = piecePlan(await this.setting.plan, aside);
    const encoder = new Encoder(prepared.binary, plan);
    const reader = this.#reader(job, fromBeginning);
    const sink = new SpanSink(encoder, job, this.waits.encode, onProgress);
    try {
      const { framesIn, framesOut, outcomes } = await orStopped(this.#frames(reader, encoder, sink, signal), signal);
      if (framesIn !== framesOut) throw new SrvidError('SRVID_FRAMES_LOST', `${framesIn} frames were read, but ${framesOut} written.`, { framesIn, framesOut });
      if (!reader.isWhole && reader.log.some((line) => DECODED_WRONG.test(line))) return undefined;
      await orStopped(encoder.finish(), signal);
      const sha256 = await fileHash(aside);
      const { bytes } = await settleFile(aside, path);
      const { frames } = sink;
      // Neighbours are no frames of this piece. Where there are any, no result is reused.
      const own = { ...outcomes, sr: outcomes.sr - (framesOut - frames) };
      const tookMs = Math.round(performance.now() - startedAt);
      return { piece: job.piece, frames, bytes, sha256, outcomes: own, tookMs, warnings: this.#warnings(reader) };
    } finally {
      await Promise.all([reader.stop(), encoder.stop()]);
      await rm(aside, { force: true });
    }
  }

  /** Tells plugins that the last frame is through. */
  async flush(): Promise<void> {
    if (this.#opened) await this.engine.flush();
  }

  /** Ends the threads. Safe at any time. */
  async close(): Promise<void> {
    await Promise.all([this.#engine?.close(), this.#last?.letGo(), this.#ahead?.stop()]);
  }

  #reader({ span }: SegmentJob, fromBeginning: boolean): SpanReader {
    const { prepared } = this.setting;
    const { opened, options, groups } = prepared;
    const { start, duration } = options;
    const [past, future] = [groups.reduce((sum, { window }) => sum + window.past, 0), groups.reduce((sum, { window }) => sum + window.future, 0)];
    const place = { source: opened.source, range: { start, duration }, decode: (cut: Cut | undefined) => this.#decoder(cut) };
    const leaves = this.setting.inOrder && !fromBeginning && past + future === 0;
    const frames = { from: span.from ?? undefined, to: span.to ?? undefined, past, future, fromBeginning, leaves };
    if (!leaves) return new SpanReader(place, frames);
    const follows = this.#last !== undefined && frames.from !== undefined && this.#last.span.to === frames.from;
    if (!follows) this.#last?.letGo().catch(() => {});
    this.#last = new SpanReader(place, frames, follows ? this.#last : undefined);
    return this.#last;
  }

  #decoder(cut: Cut | undefined): Decoder {
    const { binary, opened, options } = this.setting.prepared;
    const { start, duration, salvage, stallTimeoutMs } = options;
    const ahead = cut ? undefined : this.#ahead;
    if (ahead) this.#ahead = undefined;
    return ahead ?? new Decoder(binary, opened.source, { start, duration, forwarded: [], salvage, stallTimeoutMs, cut });
  }

  #warnings(reader: SpanReader): string[] {
    const { opened, options } = this.setting.prepared;
    const losses = [shapeChange(opened.source, reader.otherShape) ?? [], reader.hasLateCaptions ? LATE_CAPTIONS : []].flat();
    if (options.strict) refuseLosses(losses, 'SRVID_INPUT_UNSUPPORTED');
    const said = reader.log.filter((line) => reader.isWhole || !OF_BEGINNING.test(line));
    return [...losses, ...said.map(decodingSaid)];
  }

  /** Carries the frames of a span, once those of the piece before are through. */
  async #frames(reader: SpanReader, encoder: Encoder, sink: SpanSink, signal: AbortSignal): Promise<FrameFlow> {
    const before = this.#busy;
    let free: () => void = () => {};
    this.#busy = new Promise<void>((resolve) => {
      free = resolve;
    });
    try {
      await Promise.all([reader.open(), encoder.open()]);
      await before;
      signal.throwIfAborted();
      await this.open();
      const flow = emptyFlow();
      const decoder = timed(reader, this.waits.decode);
      await this.engine.run({ decoder, encoder: sink, signal, flow }).catch(async (error: unknown) => {
        // Frames of this piece may still be at work, so the next one gets threads of its own.
        const broken = this.engine;
        [this.#engine, this.#opened] = [undefined, undefined];
        await broken.close();
        throw error;
      });
      return flow;
    } finally {
      await before.catch(() => {});
      free();
    }
  }
}

/** Writes those frames of a piece that lie in its span. Those beside it were neighbours alone. */
class SpanSink {
  frames = 0;

  constructor(
    private readonly encoder: Encoder,
    private readonly job: SegmentJob,
    private readonly waits: Durations,
    private readonly onProgress: (frames: number) => void,
  ) {}

  async write(pts: number, bytes: Uint8Array): Promise<void> {
    const { from, to } = this.job.span;
    if (pts < (from ?? Number.NEGATIVE_INFINITY) || pts >= (to ?? Number.POSITIVE_INFINITY)) return;
    const since = performance.now();
    await this.encoder.write(pts, bytes);
    this.waits.add(performance.now() - since);
    this.onProgress(++this.frames);
  }
}

function timed(reader: SpanReader, waits: Durations): Pick<Decoder, 'next'> {
  return {
    next: async (slot) => {
      const since = performance.now();
      const pts = await reader.next(slot);
      if (pts !== undefined) waits.add(performance.now() - since);
      return pts;
    },
  };
}
