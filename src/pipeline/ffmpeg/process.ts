import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, SrvidError } from '../../errors.js';
import { withoutSecrets } from './remote-input.js';
import { tied } from './tied-process.js';

/** Static builds of ffmpeg load the system's character sets, for which they were not built, and crash on any MPEG-TS. */
const CRASHED =
  ' It crashed by itself. Take the ffmpeg of the system; a static build that crashes on MPEG-TS does not with GCONV_PATH=/nonexistent in the environment.';
/** Time in which ffmpeg may stop by itself before it is killed. */
const GRACE_MS = 700;
const KEPT_LOG_LINES = 40;
/** The descriptor that ffmpeg writes its log to. */
const LOG = 2;

/**
 * Messages of healthy runs: a NUT pipe has no index to look up; captions need no help from bwdif; an attachment (a font) has no codec, and ffmpeg says so
 * even where it is not used; sound of two channels that names no layout is stereo.
 */
const HARMLESS =
  /read_timestamp failed|no index at the end|Last message repeated|codec parameters for stream \d+ \((Attachment|Data|Unknown)|Consider increasing the value for|cc_fifo cannot transcode captions|Guessed Channel Layout/;
/** A part of ffmpeg is called by its name and its place in memory, "[hevc @ 0x55d0c8a0b6c0]", which tells nobody anything. */
const PLACE_IN_MEMORY = / @ 0x[0-9a-f]+(?=\])/gi;

/** Lines that ffmpeg 7.0 and newer add after an error: each of its threads says that it ends, which would hide the cause. */
const AFTERMATH =
  /Task finished with error code|Terminating thread with return code|Could not open encoder before EOF|Error sending frames to consumers|Nothing was written into output file/;

/** One ffmpeg process to start. */
export interface FfmpegOptions {
  readonly path: string;
  readonly args: readonly string[];
  /** The task in messages, "decode clip.mp4". */
  readonly purpose: string;
  /** The error code for an unexpected end. */
  readonly failure: ErrorCode;
  /** Connections by file descriptor, from 0; descriptor 2 is always the log. */
  readonly stdio: readonly ('ignore' | 'pipe' | 'inherit' | number)[];
  /** Reduces a line of the log to what may be shown; without it all but the secrets of addresses is. */
  readonly shown?: (line: string) => string;
}

/**
 * One ffmpeg process, from start to end. It leads its own process group, so that Ctrl-C in a terminal reaches srvid
 * alone, and srvid chooses the order of stopping. It is tied to srvid's process and never outlives it.
 */
export class FfmpegProcess {
  readonly #child: ChildProcess;
  readonly #log: string[] = [];
  /** The process has ended; its pipes may still hold what it wrote. */
  readonly #exited: Promise<void>;
  /** It has ended, and its pipes are read to their end. */
  readonly #closed: Promise<void>;
  #exit: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  #startError: Error | undefined;

  constructor(private readonly options: FfmpegOptions) {
    const stdio = [...options.stdio];
    stdio[LOG] = 'pipe';
    const command = tied(options.path, options.args);
    this.#child = spawn(command.file, command.args, { stdio, detached: true, windowsHide: true });
    this.#collectLog();
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', () => resolve());
      this.#child.once('exit', () => resolve());
    });
    this.#closed = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#startError = error;
        resolve();
      });
      this.#child.once('close', (code, signal) => {
        this.#exit = { code, signal };
        resolve();
      });
    });
  }

  /** The pipe at a descriptor that ffmpeg writes to. */
  readable(descriptor: number): Readable {
    return this.#child.stdio[descriptor] as Readable;
  }

  /** The pipe at a descriptor that ffmpeg reads from. */
  writable(descriptor: number): Writable {
    const pipe = this.#child.stdio[descriptor] as Writable;
    pipe.on('error', () => {}); // The exit of ffmpeg, or the failed write, says more than EPIPE does.
    return pipe;
  }

  /** The last lines that ffmpeg printed, newest last. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Forgets the lines that were printed so far. */
  forgetLog(): void {
    this.#log.length = 0;
  }

  get ended(): boolean {
    return this.#exit !== undefined || this.#startError !== undefined;
  }

  /** Waits for the end. @throws the `failure` code unless ffmpeg ended with exit code 0 */
  async done(): Promise<void> {
    await this.#closed;
    if (this.#exit?.code === 0) return;
    throw this.failure();
  }

  /** The error that describes this process's end. */
  failure(cause?: unknown): SrvidError {
    const { purpose, path } = this.options;
    const how = this.#startError
      ? `could not be started: ${this.#startError.message}`
      : this.#exit?.signal
        ? `was ended by ${this.#exit.signal}`
        : `ended with exit code ${this.#exit?.code ?? 'unknown'}`;
    const said = this.#log.length > 0 ? ` It said: ${this.#log.slice(-3).join(' | ')}` : ' It said nothing.';
    const advice = this.#exit?.signal === 'SIGSEGV' ? CRASHED : '';
    return new SrvidError(this.options.failure, `Tried to ${purpose}: ffmpeg ("${path}") ${how}.${said}${advice}`, { log: this.#log.slice(-10) }, cause);
  }

  /** Asks ffmpeg to stop, kills it after a grace period, and waits until it is gone. Safe to call at any time. */
  async stop(): Promise<void> {
    if (this.ended) return;
    this.#child.kill('SIGTERM');
    // While it waits for one of its pipes it does not heed the signal.
    for (const [descriptor, pipe] of this.#child.stdio.entries()) if (descriptor !== LOG) pipe?.destroy();
    const cancel = new AbortController();
    await Promise.race([this.#exited, delay(GRACE_MS, undefined, { signal: cancel.signal }).catch(() => {})]);
    cancel.abort();
    this.#child.kill('SIGKILL'); // Does nothing where it has ended.
    this.#child.stdio[LOG]?.destroy();
    await this.#closed;
  }

  #collectLog(): void {
    let partial = '';
    const keep = (line: string) => {
      if (line.trim() === '' || HARMLESS.test(line) || AFTERMATH.test(line)) return;
      const shown = (this.options.shown ?? withoutSecrets)(line).replaceAll(PLACE_IN_MEMORY, '');
      this.#log.push(shown.trim().slice(0, 500));
      if (this.#log.length > KEPT_LOG_LINES) this.#log.shift();
    };
    const stderr = this.#child.stderr?.setEncoding('utf8');
    stderr?.on('data', (text: string) => {
      const lines = (partial + text).split(/[\r\n]+/);
      partial = (lines.pop() ?? '').slice(0, 4096);
      for (const line of lines) keep(line);
    });
    stderr?.on('end', () => keep(partial));
  }
}
