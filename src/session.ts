import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { buildChain, type Chain } from './chain.js';
import { describeCause, SrvidError } from './errors.js';
import { type OpenedSource, openSource, type PlannedOutput, planOutput } from './io-plan.js';
import { parseSessionOptions, type SessionOptions, type SessionRequest } from './options.js';
import { Budget } from './pipeline/budget.js';
import { CoverArt } from './pipeline/cover-art.js';
import { Decoder } from './pipeline/decode.js';
import { type EncodePlan, Encoder } from './pipeline/encode.js';
import { encodedSize } from './pipeline/encode-graph.js';
import { checkEncoder } from './pipeline/encoder-options.js';
import { type FfmpegBinary, findFfmpeg } from './pipeline/ffmpeg-binary.js';
import { type FrameFlow, runFrames } from './pipeline/flow.js';
import { OutputFile } from './pipeline/output-file.js';
import { testEncoder } from './pipeline/self-test.js';
import { toNumber } from './pipeline/time.js';
import { PluginHost } from './plugins/host.js';
import { loadModelLibrary } from './plugins/model.js';
import { describePlan, planChain, type Segment } from './plugins/plan.js';
import { type LoadedPreset, loadPreset } from './presets.js';
import { bottleneckOf, stageReports } from './progress.js';
import type { SessionEvent, StageReport, StartEvent, Summary } from './report.js';

export interface SessionHooks {
  /** Stops the run; it then fails with SRVID_INTERRUPTED and leaves nothing behind. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SessionEvent) => void;
  /** For input "-". */
  readonly standardInput?: Readable;
}

/**
 * One run, from file to file: probe, plan, start everything, let the frames flow, finish.
 * @throws SrvidError with any code of errors.ts
 */
export async function runSession(request: SessionRequest, hooks: SessionHooks = {}): Promise<Summary> {
  const startedAt = performance.now();
  const options = parseSessionOptions(request);
  const binary = await findFfmpeg();
  const [preset, library] = await Promise.all([loadPreset(options.preset), loadModelLibrary()]);
  const opened = await openSource(binary, options, hooks.standardInput);
  const chain = await buildChain(options, preset, library, opened.source.info);
  const segments = planChain(opened.source.info.format, chain.plugins);
  const output = options.output === '-' ? undefined : await OutputFile.prepare(options.output, options.input, options.overwrite);
  const run = new Run(options, hooks, binary, opened, chain, segments, preset, output, startedAt);
  try {
    return await run.go();
  } finally {
    await run.close();
  }
}

/** What belongs to one run, and how it is taken down. */
class Run {
  readonly #host: PluginHost;
  readonly #budget: Budget;
  readonly #stop = new AbortController();
  readonly #planned: PlannedOutput;
  #covers: CoverArt | undefined;
  #decoder: Decoder | undefined;
  #encoder: Encoder | undefined;
  #flow: FrameFlow | undefined;
  #firstFrameAt = 0;

  constructor(
    private readonly options: SessionOptions,
    private readonly hooks: SessionHooks,
    private readonly binary: FfmpegBinary,
    private readonly opened: OpenedSource,
    private readonly chain: Chain,
    private readonly segments: readonly Segment[],
    private readonly preset: LoadedPreset,
    private readonly output: OutputFile | undefined,
    private readonly startedAt: number,
  ) {
    const format = (segments.at(-1) as Segment).output;
    this.#planned = planOutput({ options, preset: preset.preset, source: opened, format, output: output?.partial ?? 'pipe:1' });
    const lookahead = segments.reduce((frames, segment) => frames + segment.window.future, 0);
    this.#budget = new Budget(2 * options.workers + 2 + lookahead);
    const { color, timeBase } = opened.source.info;
    this.#host = new PluginHost({
      segments,
      models: chain.models,
      origin: { color, timeBase },
      precision: options.precision,
      workers: options.workers,
      credits: this.#budget.credits,
      taskTimeoutMs: options.taskTimeoutMs,
    });
  }

  async go(): Promise<Summary> {
    this.hooks.signal?.addEventListener('abort', this.#interrupt, { once: true });
    if (this.hooks.signal?.aborted) this.#interrupt();
    this.#emit(this.#startEvent());
    for (const message of [...this.opened.source.losses, ...this.#planned.warnings]) this.#emit({ v: 1, type: 'warning', message });
    const decoder = this.#startDecoder();
    await this.#orInterrupted(Promise.all([this.#host.open(), decoder.open(), this.#testEncoder()]));
    const encoder = new Encoder(this.binary, await this.#completePlan(decoder));
    this.#encoder = encoder;
    await encoder.open();
    this.#firstFrameAt = performance.now();
    const ticker = setInterval(() => this.#progress(), this.options.progressIntervalMs);
    try {
      this.#flow = { framesIn: 0, framesOut: 0, outcomes: { sr: 0, reused: 0 } };
      await runFrames({
        decoder,
        encoder,
        rings: this.#host.rings,
        stages: this.#host.stages,
        budget: this.#budget,
        signal: this.#stop.signal,
        flow: this.#flow,
      });
      await this.#orInterrupted(encoder.finish());
    } finally {
      clearInterval(ticker);
    }
    return this.#finish();
  }

  /** Stops whatever still runs and removes what is unfinished. Safe after success, too. */
  async close(): Promise<void> {
    this.hooks.signal?.removeEventListener('abort', this.#interrupt);
    this.#budget.close();
    await Promise.all([this.#decoder?.stop(), this.#encoder?.stop(), this.#host.close()]);
    await Promise.all([this.#covers?.discard(), this.output?.discard()]);
  }

  #startDecoder(): Decoder {
    const { source, bytes } = this.opened;
    const { start, duration, inputFormat } = this.options;
    this.#decoder = new Decoder(this.binary, source, { start, duration, bytes, format: inputFormat }, async (packet) => {
      await this.#encoder?.forward(packet);
    });
    return this.#decoder;
  }

  async #testEncoder(): Promise<void> {
    const { plan } = this.#planned;
    await checkEncoder(this.binary, plan.encoder);
    await testEncoder(this.binary, plan);
  }

  /** Adds to the plan what is known only now: the streams in the decoder's pipe, the covers as files. */
  async #completePlan(decoder: Decoder): Promise<EncodePlan> {
    const { plan, covers } = this.#planned;
    const { carry } = plan;
    if (carry.from === 'pipe') return { ...plan, carry: { ...carry, forwarded: decoder.forwarded } };
    if (carry.from === 'nothing' || covers.length === 0) return plan;
    this.#covers = await CoverArt.extract(this.binary, carry.path, covers);
    return { ...plan, carry: { ...carry, covers: this.#covers.files } };
  }

  async #finish(): Promise<Summary> {
    const summary = this.#summary();
    if (summary.framesIn !== summary.framesOut) {
      throw new SrvidError('SRVID_FRAMES_LOST', `${summary.framesIn} frames were read, but ${summary.framesOut} written.`, {
        framesIn: summary.framesIn,
        framesOut: summary.framesOut,
      });
    }
    for (const line of (this.#decoder as Decoder).log) this.#emit({ v: 1, type: 'warning', message: `While decoding, ffmpeg said: ${line}` });
    await this.output?.publish();
    this.#emit({ v: 1, type: 'end', ...summary });
    return summary;
  }

  readonly #interrupt = () => {
    const reason = this.hooks.signal?.reason;
    this.#stop.abort(
      new SrvidError('SRVID_INTERRUPTED', 'The run was interrupted; no output was written.', {}, reason === undefined ? undefined : describeCause(reason)),
    );
  };

  /** Start-up and the encoder's last work cannot be cancelled in themselves; they are abandoned, and `close` ends them. */
  #orInterrupted<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#stop;
    return new Promise((resolve, reject) => {
      const stop = () => reject(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  #reports(): StageReport[] {
    const stages = this.#host.stages.flatMap((stage, index) => {
      const timings = this.#host.timings[index];
      return (timings?.names ?? []).map((name, step) => ({ name, busyMs: timings?.totalMs[step] ?? 0, threads: stage.concurrency }));
    });
    const times = { decodeWaitedMs: this.#decoder?.waitedMs ?? 0, encodeWaitedMs: this.#encoder?.waitedMs ?? 0, stages };
    return stageReports(times, performance.now() - this.#firstFrameAt);
  }

  #progress(): void {
    const frames = this.#flow?.framesOut ?? 0;
    const { expectedFrames, info } = this.opened.source;
    const seconds = (performance.now() - this.#firstFrameAt) / 1000;
    const fps = frames / seconds;
    const total = this.options.duration === undefined && this.options.start === undefined ? expectedFrames : undefined;
    this.#emit({
      v: 1,
      type: 'progress',
      frames,
      total,
      fps: Number(fps.toFixed(2)),
      speed: Number((fps / toNumber(info.frameRate)).toFixed(3)),
      etaSeconds: total === undefined || frames === 0 ? undefined : Math.max(0, Math.round((total - frames) / fps)),
      bottleneck: bottleneckOf(this.#reports()),
    });
  }

  #startEvent(): StartEvent {
    const { info, expectedFrames, url } = this.opened.source;
    return {
      v: 1,
      type: 'start',
      input: url,
      output: this.options.output,
      source: { width: info.format.width, height: info.format.height, pixelFormat: info.format.kind, fps: toNumber(info.frameRate), frames: expectedFrames },
      target: { ...encodedSize(this.#planned.plan.format), encoder: this.#planned.plan.encoder.name, container: this.#planned.plan.container.muxer },
      preset: basename(this.preset.name, '.json'),
      plan: describePlan(this.segments),
      models: this.chain.models.map((model) => model.entry.id),
      precision: this.#precision(),
      workers: this.options.workers,
      ffmpeg: this.binary.version,
    };
  }

  #precision(): string {
    const used = [...new Set(this.chain.models.map((model) => model.entry.precision))];
    return used.length > 0 ? used.join('+') : 'none';
  }

  #summary(): Summary {
    const now = performance.now();
    const flow = this.#flow as FrameFlow;
    const stages = this.#reports();
    return {
      input: this.opened.source.url,
      output: this.options.output,
      ...flow,
      wallSeconds: Number(((now - this.startedAt) / 1000).toFixed(3)),
      startupSeconds: Number(((this.#firstFrameAt - this.startedAt) / 1000).toFixed(3)),
      fps: Number((flow.framesOut / ((now - this.#firstFrameAt) / 1000)).toFixed(2)),
      stages,
      bottleneck: bottleneckOf(stages),
      models: this.chain.models.map((model) => model.entry.id),
      precision: this.#precision(),
      workers: this.options.workers,
      peakRssMB: Math.round(process.resourceUsage().maxRSS / 1024),
    };
  }

  #emit(event: SessionEvent): void {
    this.hooks.onEvent?.(event);
  }
}
