import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { SrvidError } from '../errors.js';
import type { InputRequest, OutputRequest, ProcessingRequest } from '../options/requests.js';
import { outputFields, parseEvaluationOptions } from '../options/session.js';
import { inProgramWords, toldToPrograms } from '../program-session.js';
import type { PluginLogEntry, SessionEvent, Summary } from '../report/events.js';
import { runSession, type SessionHooks } from '../session.js';
import { OUTPUT_FORMS, type OutputForm, type OutputFrame } from './frame.js';
import { runToFrames } from './frame-run.js';
import { type ResolvedSource, resolveSource, type UpscaleSource } from './source.js';

/** Options of `upscale`: which part of the source is read, what is done to its frames, and who is told. */
export interface UpscaleOptions extends InputRequest, ProcessingRequest {
  /** Form of the frames that are handed out: 'native' (planar YUV or gray, as the source has them), 'rgb24' or 'rgba'. Default: 'native'. */
  readonly format?: OutputForm | undefined;
  /** Stops the run. It then fails with SRVID_INTERRUPTED, whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each event: start, progress, warning, plugin, end (docs/json.md). */
  readonly onEvent?: ((event: SessionEvent) => void) | undefined;
  /** Receives what plugins log and print; standard error where not given. */
  readonly onLog?: ((entry: PluginLogEntry) => void) | undefined;
}

/** Options of an output: which kind of file, and how it is encoded. */
export type FileOptions = OutputRequest;

/** Options of an output that is a stream, which has no name to tell its kind by. */
export interface StreamOptions extends OutputRequest {
  readonly format: string;
}

/**
 * Makes a video larger. Nothing happens until the result is used, once, in one of three ways:
 *
 * - `for await (const frame of upscale(source, options))` gives its frames, each the receiver's own, at the pace at which they
 *   are taken. Leaving the loop ends everything.
 * - `await upscale(source, options).toFile('out.mp4')` writes a file, with the sound and tags of the source.
 * - `await upscale(source, options).toStream(stream, { format: 'mp4' })` writes to a stream.
 *
 * Each run has worker threads of its own; `workers` and `threads` part the cores among several.
 */
export function upscale(source: UpscaleSource, options: UpscaleOptions = {}): Upscaling {
  return new Upscaling(source, options);
}

/** A run that has not begun: see `upscale`. */
export class Upscaling implements AsyncIterable<OutputFrame> {
  #isUsed = false;

  /** @internal */
  constructor(
    private readonly source: UpscaleSource,
    private readonly options: UpscaleOptions,
  ) {}

  /** The frames. @throws SrvidError with any code of input and processing, and the source's own errors */
  [Symbol.asyncIterator](): AsyncGenerator<OutputFrame, void> {
    return this.#frames();
  }

  /**
   * Writes a file, or numbered pictures. Nothing that exists is overwritten without `overwrite: true`.
   * @returns the figures of the run
   * @throws SrvidError with any code
   */
  toFile(path: string | URL, options: FileOptions = {}): Promise<Summary> {
    const output = path instanceof URL || path.startsWith('file:') ? fileURLToPath(path) : path;
    if (output === '-')
      return Promise.reject(new SrvidError('SRVID_OPTION_INVALID', 'The path of the output is "-". Give a path, or process.stdout to toStream.'));
    return this.#write(output, options, undefined);
  }

  /**
   * Writes to a stream, no faster than it takes the bytes, and ends it. A run that fails destroys it.
   * @returns the figures of the run
   * @throws SrvidError with any code; SRVID_OUTPUT_UNWRITABLE where the stream fails
   */
  async toStream(stream: Writable, options: StreamOptions): Promise<Summary> {
    try {
      return await this.#write('-', options, stream);
    } catch (error) {
      if (stream !== process.stdout && stream !== process.stderr) stream.once('error', () => {}).destroy(error instanceof Error ? error : undefined);
      throw error;
    }
  }

  async *#frames(): AsyncGenerator<OutputFrame, void> {
    const { format = 'native', ...rest } = this.#use();
    if (!OUTPUT_FORMS.includes(format))
      throw new SrvidError('SRVID_OPTION_INVALID', `The option format is ${JSON.stringify(format)}; expected one of ${OUTPUT_FORMS.join(', ')}.`);
    const { hooks, request } = partsOf(rest);
    const resolved = await this.#resolve();
    try {
      yield* runToFrames(parseEvaluationOptions({ ...request, input: resolved.input }), format, hooks, resolved.ends);
    } catch (error) {
      throw inProgramWords(error);
    } finally {
      await resolved.dispose();
    }
  }

  async #write(output: string, options: OutputRequest, writable: Writable | undefined): Promise<Summary> {
    const { format, ...rest } = this.#use();
    if (format !== undefined)
      throw new SrvidError(
        'SRVID_OPTION_INVALID',
        'The option format of upscale is for frames that are handed out. The kind of file is an option of toFile and toStream.',
      );
    const { hooks, request } = partsOf(rest);
    const resolved = await this.#resolve();
    try {
      return await runSession({ ...options, ...request, input: resolved.input, output }, hooks, { ...resolved.ends, writable });
    } catch (error) {
      throw inProgramWords(error);
    } finally {
      await resolved.dispose();
    }
  }

  #use(): UpscaleOptions {
    if (this.#isUsed) throw new SrvidError('SRVID_OPTION_INVALID', 'An upscaling can be used once: call upscale again for another run.');
    this.#isUsed = true;
    return this.options;
  }

  #resolve(): Promise<ResolvedSource> {
    return resolveSource(this.source, this.options.signal);
  }
}

function partsOf({ signal, onEvent, onLog, ...request }: UpscaleOptions): { readonly hooks: SessionHooks; readonly request: InputRequest & ProcessingRequest } {
  const misplaced = Object.keys(request).filter((name) => Object.hasOwn(outputFields.shape, name));
  if (misplaced.length > 0)
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `${misplaced.join(', ')}: of the output, and not of upscale. Give ${misplaced.length > 1 ? 'them' : 'it'} to toFile or toStream, as their second argument.`,
      { options: misplaced },
    );
  return { hooks: toldToPrograms({ signal, onEvent, onLog }), request };
}
