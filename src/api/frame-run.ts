import { SrvidError } from '../errors.js';
import type { EvaluationOptions } from '../options/session.js';
import type { Engine } from '../pipeline/engine/engine.js';
import { emptyFlow } from '../pipeline/engine/frame-flow.js';
import { assertAnyWritten } from '../pipeline/engine/realtime-report.js';
import { orStopped } from '../pipeline/frames/stopping.js';
import { assertWhole, decodingSaid } from '../pipeline/input/damage.js';
import { Decoder } from '../pipeline/input/decode.js';
import { isReadOnce } from '../pipeline/input/open.js';
import type { SourceReader } from '../pipeline/input/reader.js';
import type { Group } from '../plugins/plan/groups.js';
import { interruption, orAborted, prepareFrames, type SessionEnds, type SessionHooks } from '../prepare.js';
import { engineFor, reviewChoice } from '../processing.js';
import { Listeners } from '../report/listeners.js';
import { type PlannedRun, progressEvent, type RunningParts, startEvent, summaryOf, tellProgress, watchEventLoop } from '../report/run.js';
import type { OutputForm, OutputFrame } from './frame.js';
import { FrameForm } from './frame-form.js';
import { FrameSink } from './frame-sink.js';

/** The name of a program that takes frames, in the place of an output. */
const OUTPUT = 'frames';
const PROGRESS_MS = 500;

/**
 * Runs a session whose frames a program takes. It begins with the first frame that is asked for, and ends, with all
 * threads and processes, before the generator does.
 * @throws SrvidError with any code of input and processing, and the program's own errors
 */
export async function* runToFrames(options: EvaluationOptions, form: OutputForm, hooks: SessionHooks, ends: SessionEnds): AsyncGenerator<OutputFrame, void> {
  const letGo = () => void ends.bytes?.destroy();
  const run = new FrameRun(await orAborted(prepareFrames(options, hooks, ends), hooks, letGo), form, hooks);
  try {
    yield* run.frames();
  } finally {
    await run.close();
  }
}

class FrameRun {
  readonly #engine: Engine;
  readonly #stop = new AbortController();
  readonly #listeners: Listeners;
  readonly #reader: SourceReader;
  readonly #sink: FrameSink;

  constructor(
    private readonly planned: PlannedRun,
    form: OutputForm,
    private readonly hooks: SessionHooks,
  ) {
    const { opened, groups } = planned;
    this.#listeners = new Listeners(hooks, (error) => this.#stop.abort(error));
    this.#reader = opened.reader ?? decoderOf(planned);
    this.#engine = engineFor(planned, opened.source.info, !isReadOnce(opened), this.#listeners.hear);
    this.#sink = new FrameSink(new FrameForm((groups.at(-1) as Group).output, form, opened.source));
  }

  async *frames(): AsyncGenerator<OutputFrame, void> {
    this.hooks.signal?.addEventListener('abort', this.#interrupt, { once: true });
    if (this.hooks.signal?.aborted) this.#interrupt();
    const { opened, notes, groups } = this.planned;
    const { width, height } = (groups.at(-1) as Group).output;
    this.#listeners.emit(startEvent(this.planned, { output: OUTPUT, width, height, encoder: 'none', container: 'none' }));
    for (const message of [...notes, ...opened.source.losses]) this.#listeners.warn(message);
    const parts = this.#parts();
    const running = this.#run(parts).then(
      () => this.#sink.end(),
      (error: unknown) => this.#sink.end(error),
    );
    const endTelling = tellProgress(this.#listeners, PROGRESS_MS, parts, () => progressEvent(this.planned, parts));
    try {
      for (let frame = await this.#sink.next(); frame; frame = await this.#sink.next()) yield frame;
      await running;
    } finally {
      endTelling();
    }
    await this.#finish(parts);
  }

  /** Stops every part that still runs. Safe after the end, too. */
  async close(): Promise<void> {
    this.hooks.signal?.removeEventListener('abort', this.#interrupt);
    this.#stop.abort(interruption(undefined));
    await Promise.all([this.#reader.stop(), this.#engine.close()]);
  }

  #parts(): RunningParts {
    return {
      eventLoop: watchEventLoop(),
      engine: this.#engine,
      decoder: this.#reader,
      encoder: this.#sink,
      flow: emptyFlow(),
      firstFrameAt: performance.now(),
    };
  }

  async #run({ flow }: RunningParts): Promise<void> {
    const { signal } = this.#stop;
    await orStopped(Promise.all([this.#engine.open(), this.#reader.open()]), signal);
    await this.#engine.run({ decoder: this.#reader, encoder: this.#sink, signal, flow });
    await orStopped(this.#engine.flush(), signal);
    const realtime = this.#engine.realtime();
    if (realtime) assertAnyWritten(flow, realtime);
  }

  async #finish(parts: RunningParts): Promise<void> {
    const summary = summaryOf(this.planned, parts, OUTPUT);
    const { framesIn, framesOut, outcomes } = summary;
    if (framesIn !== framesOut + outcomes.dropped)
      throw new SrvidError('SRVID_FRAMES_LOST', `${framesIn} frames were read, but ${framesOut} handed out.`, { framesIn, framesOut });
    assertWhole(this.planned.opened.source, this.planned.options, framesIn, this.#reader.log);
    for (const line of this.#reader.log) this.#listeners.warn(decodingSaid(line));
    await reviewChoice(this.planned, this.#engine.stageTimes(), performance.now() - parts.firstFrameAt);
    this.#listeners.emit({ v: 1, type: 'end', ...summary });
    this.#stop.signal.throwIfAborted();
  }

  readonly #interrupt = () => this.#stop.abort(interruption(this.hooks.signal?.reason));
}

/** Sound does not come along: who takes frames has no place for it. */
function decoderOf({ binary, opened, options }: PlannedRun): Decoder {
  if (!binary) throw new Error('decoderOf: a source that is decoded needs an ffmpeg');
  const { start, duration, inputFormat, stallTimeoutMs, salvage } = options;
  const { bytes, failure } = opened;
  return new Decoder(binary, opened.source, { start, duration, bytes, failure, format: bytes && inputFormat, forwarded: [], salvage, stallTimeoutMs });
}
