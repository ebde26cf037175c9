import { type ErrorCode, SrvidError } from './errors.js';
import type { SegmentHooks } from './jobs/long-run.js';
import { runInSegments } from './jobs/resume.js';
import type { SessionRequest } from './options/requests.js';
import type { Engine } from './pipeline/engine/engine.js';
import { emptyFlow } from './pipeline/engine/frame-flow.js';
import { assertAnyWritten } from './pipeline/engine/realtime-report.js';
import { orStopped } from './pipeline/frames/stopping.js';
import { formatRational } from './pipeline/frames/time.js';
import { assertWhole, decodingSaid, shapeChange } from './pipeline/input/damage.js';
import { Decoder, type ForwardedPacket } from './pipeline/input/decode.js';
import { holding } from './pipeline/input/forwarding.js';
import { LATE_CAPTIONS } from './pipeline/input/late-captions.js';
import { refuseLosses } from './pipeline/input/losses.js';
import { isReadOnce } from './pipeline/input/open.js';
import type { SourceReader } from './pipeline/input/reader.js';
import { CoverArt } from './pipeline/output/cover-art.js';
import { Encoder } from './pipeline/output/encode.js';
import { encodedSize } from './pipeline/output/encode-graph.js';
import type { EncodePlan } from './pipeline/output/encode-plan.js';
import { type OutputSetting, planSideData, settleOutput, writeMarks } from './pipeline/output/output-steps.js';
import type { PlannedOutput } from './pipeline/output/plan.js';
import { StreamTarget } from './pipeline/output/stream-target.js';
import { interruption, orAborted, outputOf, prepare, type SessionEnds, type SessionHooks } from './prepare.js';
import { engineFor, reviewChoice } from './processing.js';
import type { Summary } from './report/events.js';
import { Listeners } from './report/listeners.js';
import { type PreparedRun, progressEvent, type RunningParts, startEvent, summaryOf, tellProgress, watchEventLoop } from './report/run.js';

export type { SessionEnds, SessionHooks } from './prepare.js';

/** The most sound of a live source on its way to an encoder that takes nothing: some minutes of it. */
const HELD_SOUND_BYTES = 1 << 23;

/**
 * Runs one session, from an input to an output: probe, plan, start everything, let the frames flow, finish. The ends that
 * are a program's stand in `ends`.
 * @throws SrvidError with any code of errors.ts
 */
export async function runSession(
  request: SessionRequest,
  hooks: SessionHooks = {},
  ends: SessionEnds & Pick<SegmentHooks, 'scheduler'> = {},
): Promise<Summary> {
  const letGo = () => {
    if (request.input === '-') (ends.bytes ?? process.stdin).destroy();
  };
  const prepared = await orAborted(prepare(request, hooks, ends), hooks, letGo);
  const inSegments = await runInSegments(prepared, { ...hooks, scheduler: ends.scheduler });
  if (inSegments) return inSegments;
  const run = new Run(prepared, hooks, ends);
  try {
    return await run.go();
  } finally {
    await run.close();
  }
}

function indicesOf(streams: readonly { readonly index: number }[]): number[] {
  return streams.map(({ index }) => index);
}

/** The parts of one run, and their teardown. */
class Run {
  readonly #engine: Engine;
  readonly #stop = new AbortController();
  readonly #listeners: Listeners;
  readonly #planned: PlannedOutput;
  #covers: CoverArt | undefined;
  #decoder: SourceReader | undefined;
  #encoder: Encoder | undefined;
  #stream: StreamTarget | undefined;
  /** Trials of the encoder, which write to the output's place. */
  #settling: Promise<unknown> | undefined;

  constructor(
    private readonly prepared: PreparedRun,
    private readonly hooks: SessionHooks,
    private readonly ends: SessionEnds,
  ) {
    const { opened, output, carried } = prepared;
    this.#listeners = new Listeners(hooks, (error) => this.#stop.abort(error));
    this.#planned = outputOf(prepared, output?.partial ?? 'pipe:1', carried);
    // A file can be read ahead of its time, so it is paced; what is read once arrives at its own pace.
    this.#engine = engineFor(prepared, opened.source.info, !isReadOnce(opened), this.#listeners.hear);
  }

  async go(): Promise<Summary> {
    this.hooks.signal?.addEventListener('abort', this.#interrupt, { once: true });
    if (this.hooks.signal?.aborted) this.#interrupt();
    await this.prepared.output?.claim();
    const { encoder, container, format } = this.#planned.plan;
    this.#listeners.emit(
      startEvent(this.prepared, { ...encodedSize(format), output: this.prepared.options.output, encoder: encoder.name, container: container.muxer }),
    );
    for (const message of [...this.prepared.notes, ...this.prepared.opened.source.losses, ...this.#planned.warnings]) this.#listeners.warn(message);
    const parts = await this.#start();
    const endTelling = tellProgress(this.#listeners, this.prepared.options.progressIntervalMs, parts, () => progressEvent(this.prepared, parts));
    try {
      await this.#engine.run({ decoder: this.#decoder as SourceReader, encoder: this.#encoder as Encoder, flow: parts.flow, signal: this.#stop.signal });
      await this.#orInterrupted(this.#engine.flush());
      const realtime = this.#engine.realtime();
      if (realtime) assertAnyWritten(parts.flow, realtime);
      await this.#orInterrupted((this.#encoder as Encoder).finish());
      await this.#orInterrupted(this.#stream?.end() ?? Promise.resolve());
    } finally {
      endTelling();
    }
    return this.#finish(parts);
  }

  /** Stops every part that still runs and removes unfinished files. Safe after success, too. */
  async close(): Promise<void> {
    this.hooks.signal?.removeEventListener('abort', this.#interrupt);
    if (!this.#stop.signal.aborted) this.#stop.abort(new Error('the run is over'));
    await Promise.all([this.#decoder?.stop(), this.#encoder?.stop(), this.#engine.close(), this.#settling?.catch(() => {})]);
    await Promise.all([this.#covers?.discard(), this.prepared.output?.discard()]);
  }

  get #setting(): OutputSetting {
    const { binary, opened, options, levels } = this.prepared;
    return { binary, opened, options, planned: this.#planned, drops: levels !== undefined, signal: this.#stop.signal, warn: this.#listeners.warn };
  }

  /** Starts all parts at once: workers load their networks while ffmpeg opens the source and the encoder is tested. */
  async #start(): Promise<RunningParts> {
    const decoder = this.#startDecoder();
    const settling = settleOutput(this.#setting);
    this.#settling = settling;
    const [settled] = await this.#orInterrupted(Promise.all([settling, this.#engine.open(), decoder.open()]));
    const encoder = this.#startEncoder(await this.#completePlan(settled, decoder));
    const forward = (packet: ForwardedPacket) => encoder.forward(packet);
    decoder.forwardTo(this.prepared.levels ? holding(forward, HELD_SOUND_BYTES) : forward);
    await encoder.open();
    return { eventLoop: watchEventLoop(), engine: this.#engine, decoder, encoder, flow: emptyFlow(), firstFrameAt: performance.now() };
  }

  /** A program's stream may pause for any time, as the reader of standard output may. */
  #startEncoder(plan: EncodePlan): Encoder {
    const { writable } = this.ends;
    this.#encoder = new Encoder(this.prepared.binary, writable ? { ...plan, stallTimeoutMs: Number.POSITIVE_INFINITY } : plan, writable ? 'pipe' : 'inherit');
    if (writable) this.#stream = new StreamTarget(this.#encoder.written, writable, (error) => this.#stop.abort(error));
    return this.#encoder;
  }

  #startDecoder(): SourceReader {
    const { binary, opened, options } = this.prepared;
    if (opened.reader) {
      this.#decoder = opened.reader;
      return opened.reader;
    }
    const { start, duration, inputFormat: format, stallTimeoutMs, salvage } = options;
    const { carry } = this.#planned.plan;
    const [forwarded, beside] = carry.from === 'pipe' ? [indicesOf(carry.streams), []] : [[], carry.from === 'file' ? indicesOf(carry.streams) : []];
    const how = { start, duration, bytes: opened.bytes, failure: opened.failure, format: opened.bytes && format, forwarded, beside, salvage, stallTimeoutMs };
    this.#decoder = new Decoder(binary, opened.source, how);
    return this.#decoder;
  }

  /** Adds the parts of the plan that are known only now: the streams in the decoder's pipe, and the covers as files. */
  async #completePlan(settled: EncodePlan, decoder: SourceReader): Promise<EncodePlan> {
    const { covers } = this.#planned;
    const plan = { ...settled, sideData: await planSideData(this.#setting) };
    const { carry } = plan;
    if (carry.from === 'pipe') return { ...plan, carry: { ...carry, forwarded: decoder.forwarded } };
    if (carry.from === 'nothing' || covers.length === 0) return plan;
    this.#covers = await CoverArt.extract(this.prepared.binary, carry.input, covers);
    return { ...plan, carry: { ...carry, covers: this.#covers.files } };
  }

  async #finish(parts: RunningParts): Promise<Summary> {
    const summary = summaryOf(this.prepared, parts, this.prepared.options.output);
    const { framesIn, framesOut, outcomes } = summary;
    if (framesIn !== framesOut + outcomes.dropped)
      throw new SrvidError('SRVID_FRAMES_LOST', `${framesIn} frames were read, but ${framesOut} written.`, { framesIn, framesOut });
    const { log = [], otherShape, hasLateCaptions } = this.#decoder ?? {};
    assertWhole(this.prepared.opened.source, this.prepared.options, framesIn, log);
    this.#checkShape(otherShape);
    if (hasLateCaptions) this.#orRefused(LATE_CAPTIONS, 'SRVID_INPUT_UNSUPPORTED');
    for (const line of log) this.#listeners.warn(decodingSaid(line));
    const { damage = [], rate, count } = this.#encoder ?? {};
    if (count?.loss !== undefined) this.#orRefused(count.loss, 'SRVID_OUTPUT_FORMAT');
    if (rate?.varies)
      this.#listeners.warn(
        `Y4M knows one frame rate, ${formatRational(rate.rate)}, and the times of these frames follow another: each frame is there, at the rate's time.`,
      );
    if (damage.length > 0) this.#listeners.warn(`Part of a track beside the video is damaged, and left out. ffmpeg said: ${damage.slice(-2).join(' | ')}`);
    await writeMarks(this.#setting, this.prepared.output);
    await this.prepared.output?.publish();
    await reviewChoice(this.prepared, this.#engine.stageTimes(), performance.now() - parts.firstFrameAt);
    this.#listeners.emit({ v: 1, type: 'end', ...summary });
    return summary;
  }

  /** @throws SRVID_INPUT_UNSUPPORTED with --strict, where the shape of pixels changed in mid-stream */
  #checkShape(other: string | undefined): void {
    const message = shapeChange(this.prepared.opened.source, other);
    if (message !== undefined) this.#orRefused(message, 'SRVID_INPUT_UNSUPPORTED');
  }

  /** Warns of a loss that was noticed during the run. @throws an error of this code with --strict */
  #orRefused(loss: string, code: ErrorCode): void {
    if (this.prepared.options.strict) refuseLosses([loss], code);
    this.#listeners.warn(loss);
  }

  readonly #interrupt = () => this.#stop.abort(interruption(this.hooks.signal?.reason));

  /** Lets an interrupt end the wait for work that cannot be cancelled; `close` then ends the work. */
  #orInterrupted<T>(work: Promise<T>): Promise<T> {
    return orStopped(work, this.#stop.signal);
  }
}
