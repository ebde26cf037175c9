import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../errors.js';
import type { FfmpegBinary } from '../../pipeline/ffmpeg/binary.js';
import { toNumber } from '../../pipeline/frames/time.js';
import type { LiveInput } from '../../pipeline/input/live-input.js';
import type { About, Rendition, RenditionName } from '../delivery/rendition.js';
import { Backoff } from '../source/backoff.js';
import type { LiveSource } from '../source/live-source.js';
import { wallClockMs } from '../source/wall-clock.js';
import type { FragmentTarget } from './fragment-feed.js';
import { LevelRates } from './level-rates.js';
import { type LiveRequest, LiveRun } from './live-run.js';
import { RawFrames } from './raw-frames.js';
import { SourceCopy } from './source-copy.js';
import type { StreamStatus } from './stream.js';

/** Options of a program. */
export interface ProgramOptions {
  readonly binary: FfmpegBinary;
  readonly input: LiveInput;
  readonly request: LiveRequest;
  /** Highest bitrate of the `sr` rendition, in bits a second. */
  readonly bitrate: number;
  /** Milliseconds after which an encoder that takes no data counts as hung. */
  readonly stallTimeoutMs: number;
  /** Called with messages for the operator, one sentence each. */
  readonly tell: (message: string) => void;
}

/** The stream that a program belongs to. */
export interface ProgramOutlet {
  readonly name: string;
  /** Number of the epoch. Within an epoch all renditions have the same timestamps. */
  readonly epoch: number;
  readonly presets: readonly string[];
  readonly renditions: Readonly<Record<RenditionName, Rendition>>;
}

const STATS_MS = 1000;
/** Number of failures in a row, other than the source's, after which the source is reopened as well. */
const MOST_FAILURES = 3;

/** All renditions of one opened source. The preset may change while it runs. */
export class Program {
  #run: LiveRun | undefined;
  #copy: SourceCopy | undefined;
  /** The previous run, while it finishes its last frames. */
  #leaving: Promise<void> = Promise.resolve();
  #switching: Promise<unknown> = Promise.resolve();
  /** The preset that was asked for last. */
  #wanted: string | undefined;
  #request: LiveRequest;
  readonly #closing = new AbortController();
  /** Aborted when the program is to end: by its stream, or by `close`. */
  readonly #signal: AbortSignal;
  #rates: { readonly run: LiveRun; readonly rates: LevelRates } | undefined;

  constructor(
    private readonly options: ProgramOptions,
    private readonly live: LiveSource,
    private readonly outlet: ProgramOutlet,
    signal: AbortSignal,
  ) {
    this.#signal = AbortSignal.any([signal, this.#closing.signal]);
    this.#request = options.request;
    this.#wanted = options.request.preset;
  }

  /** Prepares the encoders and loads the networks. @throws the errors of planning, of the networks and of the encoder's self-test */
  async open(): Promise<void> {
    const opening = await Promise.allSettled([this.#prepare(this.#request), this.#prepareCopy()]);
    const [run, copy] = opening;
    if (run.status === 'fulfilled') this.#run = run.value;
    if (copy.status === 'fulfilled') this.#copy = copy.value;
    for (const result of opening) if (result.status === 'rejected') throw result.reason;
  }

  /**
   * Runs until the source ends or fails, or the program is to end. Other failures are retried.
   * @throws the source's error, or another error that keeps recurring
   */
  async run(): Promise<void> {
    const signal = this.#signal;
    const stop = () => this.live.release();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop(); // A signal tells of its abortion only once.
    const ticker = setInterval(() => this.#tellStats(), STATS_MS);
    const backoff = new Backoff();
    const copying = this.#follow(signal);
    try {
      for (let failures = 0; ; ) {
        const run = this.#run as LiveRun;
        const since = performance.now();
        const failure = await run.run(this.#target(run)).then(
          () => undefined,
          (error: unknown) => ({ error }),
        );
        if (signal.aborted) return;
        if (this.live.ended) {
          if (this.live.failure) throw this.live.failure;
          return;
        }
        await run.stop();
        if (this.#run !== run) continue; // Another run took over.
        failures = performance.now() - since > 10_000 ? 1 : failures + 1;
        if (failures > MOST_FAILURES) throw failure?.error ?? new Error('the run ended before its source');
        const retryInMs = backoff.next(performance.now() - since);
        this.options.tell(`${this.outlet.name}: the stream stopped and begins again. ${failure ? messageOf(failure.error) : ''}`);
        this.#tellState('waiting', 'The stream stopped and begins again.', retryInMs);
        await delay(retryInMs, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
        this.#run = await this.#prepare(this.#request);
        this.#tellState('live', 'The stream goes on.');
      }
    } finally {
      signal.removeEventListener('abort', stop);
      clearInterval(ticker);
      await this.#copy?.stop();
      await copying;
    }
  }

  /**
   * Prepares another preset beside the current one, which it replaces at the next frame. Of several that are asked for
   * meanwhile only the newest is prepared; nothing is done for the one that is used, or prepared, already.
   * @throws the errors of planning, of the networks and of the encoder's self-test. The current preset then stays.
   */
  async usePreset(preset: string): Promise<void> {
    if (preset === this.#wanted) return;
    this.#wanted = preset;
    const switching = this.#switching.then(() => this.#switch(preset));
    this.#switching = switching.catch(() => {
      if (this.#wanted === preset) this.#wanted = this.#request.preset;
    });
    await switching;
  }

  /** Fixes the quality level. "auto" lets the engine choose. @throws SRVID_OPTION_INVALID */
  pin(level: string): void {
    this.#run?.pin(level);
  }

  status(): Pick<StreamStatus, 'preset' | 'live' | 'run'> {
    const run = this.#run;
    const { width, height } = this.live.source.info.format;
    if (!run) return { preset: this.#request.preset ?? '' };
    return {
      preset: run.preset,
      live: {
        ...{ width, height },
        fps: Number(this.live.arrivals.rate.toFixed(2)),
        pinned: run.pinned ?? null,
        relayMs: run.delays,
        sourceFramesLeft: this.#copy?.left ?? 0,
      },
      run: run.metrics(),
    };
  }

  /** Stops all runs and encoders. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the program was closed'));
    await this.#switching;
    await Promise.all([this.#run?.stop(), this.#copy?.stop(), this.#leaving]);
  }

  async #switch(preset: string): Promise<void> {
    if (this.#signal.aborted || preset !== this.#wanted || preset === this.#request.preset) return;
    const request = { ...this.#request, preset };
    const next = await this.#prepare(request);
    if (this.#signal.aborted) return next.stop();
    const before = this.#run;
    this.#run = next;
    this.#request = request;
    // Its first frame ends the run before. `run` notices that and continues with this one.
    next.run(this.#target(next, before?.drain())).catch(() => {});
  }

  async #prepare(request: LiveRequest): Promise<LiveRun> {
    const { binary, bitrate, stallTimeoutMs } = this.options;
    return LiveRun.prepare({ binary, request, bitrate, stallTimeoutMs }, this.live, this.#signal);
  }

  async #prepareCopy(): Promise<SourceCopy> {
    const { binary, bitrate, stallTimeoutMs } = this.options;
    return SourceCopy.prepare(binary, this.live, bitrate, stallTimeoutMs);
  }

  #target(run: LiveRun, after?: Promise<void>): FragmentTarget {
    const rendition = this.outlet.renditions.sr;
    return {
      after,
      begin: (init) => rendition.begin(init, this.#about('sr', run)),
      push: (fragment) => rendition.push(fragment),
      frame: this.#rawTarget(run),
    };
  }

  /** Copies frames for the `raw` rendition, only while it has a viewer. */
  #rawTarget(run: LiveRun): NonNullable<FragmentTarget['frame']> {
    const rendition = this.outlet.renditions.raw;
    const raw = new RawFrames(run.format, this.live.source.info.color);
    let isFirst = true;
    return (seconds, bytes) => {
      if (isFirst) rendition.begin(raw.init, { ...this.#about('raw', run), raw: raw.about });
      isFirst = false;
      if (rendition.viewers > 0) rendition.push(raw.message(seconds, bytes));
    };
  }

  /** Runs the `source` rendition. If its encoder fails it is replaced, as long as the source is there. */
  async #follow(signal: AbortSignal): Promise<void> {
    const rendition = this.outlet.renditions.source;
    const backoff = new Backoff();
    while (this.#copy && !signal.aborted && !this.live.ended) {
      const since = performance.now();
      await this.#copy.run({ begin: (init) => rendition.begin(init, this.#about('source')), push: (fragment) => rendition.push(fragment) }).catch(() => {}); // The `sr` rendition matters more, so this one's failure must not end it.
      await this.#copy.stop();
      if (signal.aborted || this.live.ended) return;
      await delay(backoff.next(performance.now() - since), undefined, { signal }).catch(() => {});
      this.#copy = await this.#prepareCopy().catch(() => undefined);
    }
  }

  #about(rendition: RenditionName, run = this.#run as LiveRun): About {
    const { info } = this.live.source;
    const { width, height } = info.format;
    const { name, epoch, presets } = this.outlet;
    const { preset, levels, networks, budgetMs } = run;
    return {
      ...{ preset, levels: [...levels], networks: [...networks], budgetMs },
      stream: name,
      rendition,
      epoch,
      fps: toNumber(info.frameRate),
      renditions: ['sr', 'source'] as RenditionName[],
      source: { width, height },
      presets: [...presets],
    };
  }

  #tellStats(): void {
    const run = this.#run;
    const metrics = run?.metrics();
    if (!run || !metrics?.realtime) return;
    const { realtime, outcomes } = metrics;
    if (this.#rates?.run !== run) this.#rates = { run, rates: new LevelRates(run.networks) };
    const last = this.live.arrivals.last;
    const message = {
      type: 'stats' as const,
      at: wallClockMs(),
      ...this.#rates.rates.since(realtime.levels, outcomes.dropped, performance.now()),
      sourceFps: Number(this.live.arrivals.rate.toFixed(2)),
      level: realtime.level,
      pinned: run.pinned ?? null,
      levels: Object.fromEntries(realtime.levels.map(({ name, frames }) => [name, frames])),
      outcomes: { ...outcomes },
      latencyMs: realtime.latencyMs,
      relayMs: run.delays,
      viewers: Object.values(this.outlet.renditions).reduce((sum, { viewers }) => sum + viewers, 0),
      ...(last ? { clock: { pts: last.seconds, at: last.wallAt } } : {}),
    };
    for (const rendition of Object.values(this.outlet.renditions)) rendition.say(message);
  }

  #tellState(state: 'live' | 'waiting', message: string, retryInMs?: number): void {
    for (const rendition of Object.values(this.outlet.renditions))
      rendition.say({ type: 'state', state, message, ...(retryInMs === undefined ? {} : { retryInMs }) });
  }
}
