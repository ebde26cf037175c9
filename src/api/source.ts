import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { SrvidError } from '../errors.js';
import { makeTemporaryFolder } from '../pipeline/output/temporary-folder.js';
import type { SessionEnds } from '../prepare.js';
import type { InputFrame } from './frame.js';
import { FrameFeed } from './frame-feed.js';

/**
 * A source of video: a path, numbered pictures ("shots/%05d.png") or an http address; a URL; the bytes of a whole file; a
 * stream of bytes; or anything that can be iterated and gives bytes or frames.
 */
export type UpscaleSource =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | NodeJS.ReadableStream
  | AsyncIterable<Uint8Array>
  | AsyncIterable<InputFrame>
  | Iterable<InputFrame>;

/** A source in the words of a session. */
export interface ResolvedSource {
  /** A path, an address, or "-". */
  readonly input: string;
  readonly ends: SessionEnds;
  /** Removes what was made for it. */
  dispose(): Promise<void>;
}

const nothing = async () => {};

/** Makes a session's input of a source. Streams and iterables are asked for their first piece only. @throws SRVID_OPTION_INVALID */
export async function resolveSource(source: UpscaleSource, signal: AbortSignal | undefined): Promise<ResolvedSource> {
  if (typeof source === 'string') {
    if (source === '-') throw unknownSource('"-"; give process.stdin instead');
    return { input: source.startsWith('file:') ? fileURLToPath(source) : source, ends: {}, dispose: nothing };
  }
  if (source instanceof URL) return { input: source.protocol === 'file:' ? fileURLToPath(source) : source.href, ends: {}, dispose: nothing };
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) return wholeFile(source instanceof ArrayBuffer ? new Uint8Array(source) : source);
  if (source instanceof Readable && !source.readableObjectMode) return streamOf(source);
  const iterator = iteratorOf(source);
  if (!iterator) throw unknownSource(source === null ? 'null' : `a value of type ${typeof source}`);
  return firstOf(iterator, signal);
}

/** A stream is closed when its run ends, as the loop over a stream closes it. */
function streamOf(bytes: Readable): ResolvedSource {
  return { input: '-', ends: { bytes, name: 'the stream' }, dispose: async () => void bytes.destroy() };
}

/** Many formats can only be read by going to and fro in them, so bytes become a file for the time of the run. */
async function wholeFile(bytes: Uint8Array): Promise<ResolvedSource> {
  const folder = await makeTemporaryFolder('input');
  const dispose = () => rm(folder, { recursive: true, force: true });
  const input = join(folder, 'bytes');
  await writeFile(input, bytes, { mode: 0o600 }).catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  return { input, ends: { name: 'the given bytes' }, dispose };
}

/** The first piece tells whether an iterable gives bytes or frames. */
async function firstOf(iterator: AsyncIterator<unknown> | Iterator<unknown>, signal: AbortSignal | undefined): Promise<ResolvedSource> {
  const first = await orAbort(Promise.resolve(iterator.next()), signal);
  if (first.done) throw new SrvidError('SRVID_INPUT_EMPTY', 'The source that the program gave ended before its first frame.');
  if (!(first.value instanceof Uint8Array)) {
    const openFrames: SessionEnds['openFrames'] = (options) => FrameFeed.open(iterator, first.value, options);
    // A run that fails before it begins has not told the program that no more is asked for.
    const dispose = async () => void Promise.resolve(iterator.return?.()).catch(() => {});
    return { input: '-', ends: { name: "the program's frames", openFrames }, dispose };
  }
  async function* all() {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return streamOf(Readable.from(all(), { objectMode: false }));
}

function iteratorOf(source: unknown): AsyncIterator<unknown> | Iterator<unknown> | undefined {
  const iterable = source as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null;
  return iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.();
}

function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(new SrvidError('SRVID_INTERRUPTED', 'The run was interrupted; no output was written.', {}, signal.reason));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function unknownSource(found: string): SrvidError {
  return new SrvidError('SRVID_OPTION_INVALID', `The source is ${found}. Give a path, a URL, the bytes of a file, a stream, or an iterable of frames.`);
}
