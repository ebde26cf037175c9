import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, SrvidError } from '../../errors.js';
import { withTimeout } from '../../pipeline/frames/timeout.js';
import { presetNames } from '../../plugins/plan/presets.js';
import type { StateMessage } from '../delivery/protocol.js';
import { Rendition, type RenditionName } from '../delivery/rendition.js';
import { Backoff } from '../source/backoff.js';
import { isHopeless } from '../source/hopeless.js';
import { LiveSource } from '../source/live-source.js';
import { Program, type ProgramOptions } from './program.js';
import type { RelayStream, StreamState, StreamStatus } from './stream.js';

/** Options of a named stream. */
export interface LiveStreamOptions extends ProgramOptions {
  readonly name: string;
  /** Run only while somebody watches. */
  readonly onDemand: boolean;
  readonly deinterlace: 'auto' | 'off';
  /** Milliseconds without data after which the source counts as gone. */
  readonly silenceMs: number;
}

/** Milliseconds that an on-demand stream goes on after the last viewer has left. */
const LINGER_MS = 10_000;
/** Milliseconds that a pushed stream may take until it is decoded. */
const PUSH_OPENS_MS = 30_000;

/** A named stream. It opens its source, processes and encodes it, and starts again when the source comes back. Viewers stay connected throughout. */
export class LiveStream implements RelayStream {
  readonly name: string;
  /** Resolves when its source has ended for good. */
  readonly ended: Promise<void>;
  #resolveEnded = () => {};
  readonly #renditions: Readonly<Record<RenditionName, Rendition>>;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #state: StreamState = 'idle';
  #program: Program | undefined;
  #idle: AbortController | undefined;
  #lingering: NodeJS.Timeout | undefined;
  #watchers = 0;
  #epoch = 0;
  #problem: string | undefined;
  #hasWorked = false;
  #failure: unknown;
  #pushed: { readonly bytes: Readable; readonly opened: (error?: unknown) => void } | undefined;
  #wake: (() => void) | undefined;

  constructor(private readonly options: LiveStreamOptions) {
    this.name = options.name;
    this.#renditions = { sr: new Rendition(), source: new Rendition(), raw: new Rendition() };
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** Starts the stream, unless it waits for a viewer or a pusher. */
  open(): void {
    if (!this.options.onDemand && this.options.input.from !== 'push') this.#start();
  }

  /** The error with which its source has ended for good. Undefined where it ended well, or goes on. */
  get failure(): unknown {
    return this.#failure;
  }

  get state(): StreamState {
    return this.#state;
  }

  rendition(name: RenditionName): Rendition {
    return this.#renditions[name];
  }

  watch(): () => void {
    this.#watchers++;
    clearTimeout(this.#lingering);
    if (this.options.input.from !== 'push') this.#start();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.#watchers === 0 && this.options.onDemand) this.#linger();
    };
  }

  async set(change: { readonly preset?: string | undefined; readonly level?: string | undefined }): Promise<void> {
    const program = this.#program;
    if (!program)
      throw new SrvidError('SRVID_STREAM_NOT_LIVE', `The stream ${this.name} is not live, so nothing of it can be switched. Try again when it is.`, {
        stream: this.name,
      });
    const { preset, level } = change;
    if (preset !== undefined) {
      // A preset's file path must not be accepted here, since the name comes from the network.
      const names = await presetNames();
      if (!names.includes(preset))
        throw new SrvidError('SRVID_PRESET_UNKNOWN', `There is no preset "${preset.slice(0, 64)}" here. There are ${names.join(', ')}.`, { preset });
      await program.usePreset(preset);
    }
    if (level !== undefined) program.pin(level);
  }

  async ingest(bytes: Readable): Promise<void> {
    if (this.options.input.from !== 'push')
      throw new SrvidError('SRVID_INGEST_REFUSED', `The stream ${this.name} has a source of its own and cannot be pushed to.`, { stream: this.name });
    if (this.#pushed)
      throw new SrvidError('SRVID_INGEST_REFUSED', `Somebody pushes to the stream ${this.name} already. Try again when that has ended.`, { stream: this.name });
    const opened = new Promise<void>((resolve, reject) => {
      this.#pushed = { bytes, opened: (error) => (error === undefined ? resolve() : reject(error)) };
    });
    this.#start();
    this.#wake?.();
    const late = () =>
      new SrvidError('SRVID_INPUT_UNREADABLE', `What was pushed to ${this.name} could not be told to be video within ${PUSH_OPENS_MS / 1000} s.`);
    await withTimeout(opened, PUSH_OPENS_MS, late).catch((error) => {
      bytes.destroy();
      throw error;
    });
  }

  status(): StreamStatus {
    const { input, request } = this.options;
    return { epoch: this.#epoch, source: input.shown, problem: this.#problem, preset: request.preset ?? '', ...this.#program?.status() };
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the relay stops'));
    this.#wake?.();
    await this.#running;
    for (const rendition of Object.values(this.#renditions)) rendition.end('The relay stops.');
  }

  #start(): void {
    if (this.#running || this.#isOver || this.#stop.signal.aborted) return;
    this.#idle = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, this.#idle.signal]);
    if (this.options.onDemand && this.#watchers === 0) this.#linger();
    this.#running = this.#keepGoing(signal).finally(() => {
      this.#running = undefined;
      if (!this.#isOver) this.#state = 'idle';
      // A viewer may have come while the stream was stopping.
      if (this.#watchers > 0 && signal.aborted) this.#start();
    });
  }

  /** Stops the run if nobody comes back for a while. */
  #linger(): void {
    clearTimeout(this.#lingering);
    const why = new SrvidError('SRVID_INGEST_REFUSED', `Nobody watches the stream ${this.name}, which runs on demand. Push it when somebody does.`);
    // The run that is stopped may have begun after the last viewer left: a sender came.
    this.#lingering = setTimeout(() => this.#watchers === 0 && this.#idle?.abort(why), LINGER_MS).unref();
  }

  async #keepGoing(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      if (this.options.input.from === 'push' && !(await this.#pusher(signal))) break;
      const since = performance.now();
      const failure = await this.#once(signal).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      if (signal.aborted) break;
      if (!failure && this.options.input.from !== 'push' && this.options.input.finite) return this.#end();
      if (failure && isHopeless(failure.error, this.options.input, this.#hasWorked)) return this.#fail(failure.error);
      if (this.options.input.from === 'push') {
        this.#wait('The stream is away.', failure);
        continue;
      }
      const retryInMs = backoff.next(performance.now() - since);
      this.#wait('The source is away.', failure, retryInMs);
      await delay(retryInMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Runs once, from opening the source to its end. @throws the source's error, or another error that keeps recurring */
  async #once(signal: AbortSignal): Promise<void> {
    const { binary, input, deinterlace, silenceMs } = this.options;
    if (this.#state !== 'waiting') this.#state = 'starting';
    const pushed = this.#pushed;
    let live: LiveSource | undefined;
    try {
      live = await LiveSource.open(binary, input, { deinterlace, silenceMs, pushed: input.from === 'standard input' ? process.stdin : pushed?.bytes }, signal);
      const names = await presetNames();
      const outlet = { name: this.name, epoch: ++this.#epoch, presets: names, renditions: this.#renditions };
      this.#program = new Program(this.options, live, outlet, signal);
      await this.#program.open();
      signal.throwIfAborted(); // It may have come while the networks were loaded.
      pushed?.opened();
      this.#hasWorked = true;
      this.#state = 'live';
      this.#problem = undefined;
      this.#say({ type: 'state', state: 'live', message: `${input.shown} is there.` });
      await this.#program.run();
      pushed?.bytes.destroy();
    } catch (error) {
      pushed?.opened(error);
      pushed?.bytes.destroy(error instanceof Error ? error : undefined);
      throw error;
    } finally {
      await this.#program?.close();
      this.#program = undefined;
      await live?.stop();
      for (const rendition of Object.values(this.#renditions)) rendition.forget();
      if (this.#pushed === pushed) this.#pushed = undefined;
    }
  }

  /** Waits until somebody pushes. */
  async #pusher(signal: AbortSignal): Promise<boolean> {
    while (!this.#pushed && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener('abort', wake);
      });
    }
    return !signal.aborted;
  }

  /** Tells viewers what is so; only the operator is told what ffmpeg says of it. */
  #wait(what: string, failure: { readonly error: unknown } | undefined, retryInMs?: number): void {
    this.#state = 'waiting';
    const message = retryInMs === undefined ? what : `${what} Trying again in ${retryInMs / 1000} s.`;
    this.#problem = failure ? messageOf(failure.error) : 'It ended.';
    this.options.tell(`${this.name}: ${message} ${this.#problem}`);
    this.#say({ type: 'state', state: 'waiting', message, ...codeOf(failure?.error), ...(retryInMs === undefined ? {} : { retryInMs }) });
  }

  #end(): void {
    this.#state = 'ended';
    this.options.tell(`${this.name}: the source has ended.`);
    for (const rendition of Object.values(this.#renditions)) rendition.end('The source has ended.');
    this.#resolveEnded();
  }

  /** Ends the stream for a failure that another try does not mend. */
  #fail(error: unknown): void {
    this.#state = 'failed';
    this.#failure = error;
    this.#problem = messageOf(error);
    this.options.tell(`${this.name}: the source cannot be relayed. ${this.#problem}`);
    for (const rendition of Object.values(this.#renditions)) rendition.end('The source cannot be relayed.', codeOf(error).code);
    this.#resolveEnded();
  }

  get #isOver(): boolean {
    return this.#state === 'ended' || this.#state === 'failed';
  }

  #say(message: StateMessage): void {
    for (const rendition of Object.values(this.#renditions)) rendition.say(message);
  }
}

function codeOf(error: unknown): { readonly code?: string } {
  return error instanceof SrvidError ? { code: error.code } : {};
}
