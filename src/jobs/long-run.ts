import { basename, dirname, join, resolve } from 'node:path';
import { SrvidError } from '../errors.js';
import { orStopped } from '../pipeline/frames/stopping.js';
import { assertWhole } from '../pipeline/input/damage.js';
import { CoverArt } from '../pipeline/output/cover-art.js';
import { encodedSize } from '../pipeline/output/encode-graph.js';
import type { EncodePlan } from '../pipeline/output/encode-plan.js';
import { type OutputSetting, settleOutput, writeMarks } from '../pipeline/output/output-steps.js';
import { encodedSample } from '../pipeline/output/self-test.js';
import type { Target } from '../pipeline/output/target.js';
import { outputOf, type SessionHooks } from '../prepare.js';
import { reviewChoice } from '../processing.js';
import type { Summary } from '../report/events.js';
import { Listeners } from '../report/listeners.js';
import { framesToDo, type PreparedRun, type RunningParts, startEvent, summaryOf, tellProgress, watchEventLoop } from '../report/run.js';
import { begunJob, forget, remember } from './job-list.js';
import { JobProgress } from './job-progress.js';
import { damagedPieces, joinPieces } from './join.js';
import { type Journal, JournalFile, jobFolderOf } from './journal.js';
import { LocalScheduler } from './local-scheduler.js';
import { assertSameJob, makesOf, nameOfWhole, portableOptions } from './makes.js';
import { piecePlan } from './piece-format.js';
import { PieceMaker } from './piece-maker.js';
import type { MakePiece, PieceResult, Scheduler, SegmentEvent, SegmentJob, Span } from './scheduler.js';
import { cutAtKeyframes, SEGMENT_SECONDS } from './segments.js';
import { fingerprintOf } from './source-mark.js';

/** One segment's frames at work, and the next one's encoder, or the last one's, beside it. */
const AT_WORK = 2;

/** A caller's connections to a run in segments. */
export interface SegmentHooks extends SessionHooks {
  /** The scheduler of the segments, whose pieces come to lie in `folder`; this process where not given. `make` makes them here. */
  readonly scheduler?: ((pieces: { readonly folder: string; readonly make: MakePiece }) => Promise<Scheduler>) | undefined;
}

/** One run in segments. `open` comes first, `close` in every case last. */
export class LongRun {
  readonly #stop = new AbortController();
  readonly #listeners: Listeners;
  readonly #output: Target;
  readonly #folder: string;
  readonly #setting: OutputSetting;
  readonly #maker: PieceMaker;
  readonly #early: string[] = [];
  #started = false;
  #settle: (plan: EncodePlan) => void = () => {};
  #plan: EncodePlan | undefined;
  #spans: readonly Span[] = [];
  #begun: Journal | undefined;
  #file: JournalFile | undefined;
  #scheduler: Scheduler | undefined;
  #covers: CoverArt | undefined;
  /** Trials of the encoder, which write to the output's place. */
  #trying: Promise<unknown> | undefined;
  #published = false;

  constructor(
    private readonly prepared: PreparedRun,
    private readonly hooks: SegmentHooks,
  ) {
    const { output, binary, opened, options, carried } = prepared;
    if (!output) throw new Error('LongRun: an output that is a stream has no segments');
    this.#listeners = new Listeners(hooks, (error) => this.#stop.abort(error));
    this.#output = output;
    this.#folder = jobFolderOf(join(dirname(output.partial), basename(resolve(options.output))));
    this.#setting = {
      binary,
      opened,
      options,
      planned: outputOf(prepared, output.partial, carried),
      drops: false,
      signal: this.#stop.signal,
      warn: this.#warn,
    };
    const plan = new Promise<EncodePlan>((resolve) => {
      this.#settle = resolve;
    });
    this.#maker = new PieceMaker({ prepared, plan, folder: this.#folder, inOrder: true, onNote: this.#listeners.hear });
  }

  /** Claims the output, tries the encoder, loads networks and finds the segments, all at once. @returns the reason for which it cannot be cut, if there is one */
  async open(): Promise<string | undefined> {
    this.hooks.signal?.addEventListener('abort', this.#interrupt, { once: true });
    if (this.hooks.signal?.aborted) this.#interrupt();
    await this.#output.claim();
    const { options } = this.prepared;
    this.#begun = await begunJob(this.#folder);
    const cut = cutAtKeyframes(this.prepared.binary, { ...this.prepared, range: options }, options.segment ?? SEGMENT_SECONDS, this.#stop.signal);
    const loaded = this.hooks.scheduler ? undefined : this.#maker.open(this.#begun === undefined);
    const tried = this.#tried();
    this.#trying = tried;
    const [{ plan, holds }, spans] = await this.#orStopped(Promise.all([tried, cut, loaded]));
    if (spans.length < 2) return 'there is no keyframe to cut it at';
    if (!holds) return `segments cannot hold what ${plan.encoder.name} writes`;
    this.#spans = spans;
    this.#plan = plan;
    this.#settle(plan);
    return undefined;
  }

  /** Makes what is not yet made, joins all, and gives the output its name. */
  async go(): Promise<Summary> {
    const { prepared } = this;
    this.#emitStart();
    const file = await this.#begin();
    const progress = new JobProgress(prepared, file.journal.pieces);
    const waits = this.#maker.waits;
    const parts: RunningParts = {
      ...{ engine: this.#maker.engine, decoder: { waits: waits.decode }, encoder: { waits: waits.encode }, flow: progress.flow },
      ...{ eventLoop: watchEventLoop(), firstFrameAt: performance.now() },
    };
    const endTelling = tellProgress(this.#listeners, prepared.options.progressIntervalMs, parts, () => progress.event(parts));
    try {
      await this.#make(file, progress);
      const made = performance.now() - parts.firstFrameAt;
      await this.#join(file);
      if (progress.flow.framesOut > 0 && !this.hooks.scheduler) await reviewChoice(prepared, this.#maker.engine.stageTimes(), made);
    } catch (error) {
      const { pieces } = file.journal;
      if (!this.#stop.signal.aborted && Object.keys(pieces).length > 0) this.#warn(`${this.#kept()}`);
      throw error;
    } finally {
      endTelling();
    }
    const summary = { ...summaryOf(prepared, parts, prepared.options.output), ...progress.totals() };
    this.#listeners.emit({ v: 1, type: 'end', ...summary });
    return summary;
  }

  /** Stops what runs. What is done stays, until the output is published. */
  async close(): Promise<void> {
    this.hooks.signal?.removeEventListener('abort', this.#interrupt);
    if (!this.#stop.signal.aborted) this.#stop.abort(new Error('the run is over'));
    await Promise.all([this.#scheduler?.close(), this.#maker.close(), this.#trying?.catch(() => {})]);
    await Promise.all([this.#covers?.discard(), this.#output.discard()]);
    if (!this.#file || (!this.#published && Object.keys(this.#file.journal.pieces).length > 0)) return;
    await this.#file.remove();
    await forget(this.#folder);
  }

  /** Settles the plan, and writes a sample of a piece. `holds` is false where that cannot be read again. */
  async #tried(): Promise<{ readonly plan: EncodePlan; readonly holds: boolean }> {
    const plan = await settleOutput(this.#setting);
    try {
      // Written over by the output itself.
      await encodedSample(this.prepared.binary, piecePlan(plan, this.#output.partial), 'as before', this.#stop.signal);
      return { plan, holds: true };
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      if (error instanceof SrvidError) return { plan, holds: false };
      throw error;
    }
  }

  /** Begins the journal, or goes on with that of an earlier run. */
  async #begin(): Promise<JournalFile> {
    const { prepared } = this;
    const begun = this.#begun;
    const [source, makes] = await Promise.all([fingerprintOf(prepared.options.input), makesOf(prepared, this.#plan as EncodePlan)]);
    if (begun) assertSameJob(this.#folder, begun, { source, makes });
    const output = resolve(prepared.options.output);
    const frames = framesToDo(prepared.options, prepared.opened.source);
    const fresh = { whole: nameOfWhole(source, makes, output), output, source, makes: { ...makes }, spans: [...this.#spans], pieces: {}, frames };
    const file = await JournalFile.begin(this.#folder, begun ?? fresh);
    this.#file = file;
    await remember(this.#folder);
    const pieces = Object.entries(file.journal.pieces).map(([index, piece]) => [Number(index), piece] as const);
    const damaged = await damagedPieces(this.#folder, pieces);
    for (const index of damaged) this.#warn(`Segment ${index + 1}, which an earlier run has done, is not on disk as it was written, and is made again.`);
    await file.drop(damaged);
    this.#tellSegments();
    return file;
  }

  async #make(file: JournalFile, progress: JobProgress): Promise<void> {
    const { make } = this.#maker;
    this.#scheduler = (await this.hooks.scheduler?.({ folder: this.#folder, make })) ?? new LocalScheduler(make, { concurrency: AT_WORK });
    const onEvent = async (event: SegmentEvent) => {
      progress.take(event);
      if (event.type !== 'done') return;
      await file.add(event.job.index, event.result);
      for (const warning of event.result.warnings) this.#warn(warning);
      this.#tellSegments();
    };
    await this.#scheduler.run(this.#jobs(file), { signal: this.#stop.signal, onEvent });
    await this.#orStopped(this.hooks.scheduler ? Promise.resolve() : this.#maker.flush());
  }

  #jobs({ journal }: JournalFile): SegmentJob[] {
    const { spans, pieces, whole, source, frames = 0 } = journal;
    const options = portableOptions(this.prepared, source.path);
    const count = spans.length;
    const jobs = spans.map((span, index) => ({
      v: 1 as const,
      whole,
      index,
      count,
      source,
      options,
      span,
      piece: `${String(index).padStart(4, '0')}.nut`,
      frames: frames / count,
    }));
    return jobs.filter(({ index }) => pieces[index] === undefined);
  }

  async #join({ journal }: JournalFile): Promise<void> {
    const { binary, opened, options } = this.prepared;
    const pieces = journal.spans.map((_, index) => journal.pieces[index] as PieceResult);
    const total = pieces.reduce((sum, { frames }) => sum + frames, 0);
    const said = pieces.flatMap(({ warnings }) => warnings).filter((warning) => warning.startsWith('While decoding'));
    assertWhole(opened.source, options, total, said);
    const { carry, ...plan } = this.#plan as EncodePlan;
    const { covers } = this.#setting.planned;
    if (carry.from === 'file' && covers.length > 0) this.#covers = await CoverArt.extract(binary, carry.input, covers);
    const complete = { ...plan, carry: carry.from === 'file' ? { ...carry, covers: this.#covers?.files ?? [] } : carry };
    const damage = await this.#orStopped(joinPieces({ binary, plan: complete, folder: this.#folder, pieces, signal: this.#stop.signal }));
    if (damage.length > 0) this.#warn(`Part of a track beside the video is damaged, and left out. ffmpeg said: ${damage.slice(-2).join(' | ')}`);
    await writeMarks(this.#setting, this.#output);
    await this.#output.publish();
    this.#published = true;
  }

  #emitStart(): void {
    const { encoder, container, format } = this.#plan as EncodePlan;
    const target = { ...encodedSize(format), output: this.prepared.options.output, encoder: encoder.name, container: container.muxer };
    this.#listeners.emit(startEvent(this.prepared, target));
    this.#started = true;
    const { notes, opened } = this.prepared;
    for (const message of [...notes, ...opened.source.losses, ...this.#setting.planned.warnings, ...this.#early]) this.#warn(message);
  }

  #tellSegments(): void {
    const { spans, pieces } = (this.#file as JournalFile).journal;
    this.#listeners.emit({ v: 1, type: 'segments', count: spans.length, done: Object.keys(pieces).length, folder: this.#folder });
  }

  /** The words about what is done and kept. */
  #kept(): string {
    const { spans = [], pieces = {} } = this.#file?.journal ?? {};
    const done = Object.keys(pieces).length;
    if (done === 0) return 'No segment was done yet, so nothing is kept.';
    return `${done} of ${spans.length} segments are done and kept: the same command goes on from there, "srvid jobs clean" removes them.`;
  }

  readonly #interrupt = () => this.#stop.abort(new SrvidError('SRVID_INTERRUPTED', `The run was interrupted. ${this.#kept()}`, {}, this.hooks.signal?.reason));

  #orStopped<T>(work: Promise<T>): Promise<T> {
    return orStopped(work, this.#stop.signal);
  }

  readonly #warn = (message: string): void => {
    if (this.#started) this.#listeners.warn(message);
    else this.#early.push(message);
  };
}
