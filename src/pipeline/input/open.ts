import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { SrvidError } from '../../errors.js';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { assertFileName } from '../ffmpeg/file-name.js';
import { assertPixels } from '../ffmpeg/input-file.js';
import { type Probe, probeBytes, probeFile } from '../ffmpeg/probe.js';
import { hasLateIndex } from './late-index.js';
import { refuseLosses } from './losses.js';
import { describeSource, type Source } from './source.js';
import { peekStream } from './standard-input.js';

/** A source to open, and what is accepted of it. */
export interface OpenOptions {
  /** A path, or "-" for standard input. */
  readonly input: string;
  /** ffmpeg's name of a demuxer, for standard input whose bytes do not say it. */
  readonly inputFormat?: string | undefined;
  /** Seconds from the source's beginning. */
  readonly start?: number | undefined;
  readonly deinterlace: 'auto' | 'off';
  /** Refuses a source of which something would be lost. */
  readonly strict: boolean;
  /** Keeps the source's own clock, whatever time it begins at. */
  readonly keepStart?: boolean | undefined;
  /** Lets the source name other files to open. */
  readonly allowReferences: boolean;
  /** Pixels of a frame, at most. */
  readonly maxPixels: number;
}

/** A source that was looked at. */
export interface OpenedSource {
  readonly source: Source;
  /** For a source that can be read only once. */
  readonly bytes: Readable | undefined;
  /** The first of those bytes. */
  readonly head: Uint8Array | undefined;
}

/** Looks at the input. @throws SRVID_INPUT_NOT_FOUND and the errors of probing */
export async function openSource(binary: FfmpegBinary, options: OpenOptions, standardInput: Readable = process.stdin): Promise<OpenedSource> {
  if (options.input === '-') {
    if (options.start)
      throw new SrvidError('SRVID_OPTION_INVALID', '--start needs an input that can be sought in, and standard input cannot. Give the input as a file.');
    const { head, whole, bytes } = await peekStream(standardInput);
    const probe = await probeHead(binary, head, whole, options);
    return { source: accepted(describeSource('standard input', probe, options.deinterlace), options), bytes, head };
  }
  assertFileName('The input', options.input, 'SRVID_INPUT_NOT_FOUND');
  const path = resolve(options.input);
  const limits = { references: options.allowReferences, maxPixels: options.maxPixels };
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    const what = found ? 'is not a file' : 'does not exist';
    throw new SrvidError('SRVID_INPUT_NOT_FOUND', `The input ${path} ${what}. Give the path of a video file, or - for standard input.`, { path });
  }
  return { source: accepted(describeSource(path, await probeFile(binary, path, limits), options.deinterlace), options), bytes: undefined, head: undefined };
}

/** Probes the head of standard input. An MP4 whose index comes late is refused only where ffmpeg cannot read it from its buffers. */
async function probeHead(binary: FfmpegBinary, head: Buffer, whole: boolean, { inputFormat, maxPixels }: OpenOptions): Promise<Probe> {
  const isLate = hasLateIndex(head);
  const probe = await probeBytes(binary, head, 'standard input', inputFormat, maxPixels, whole).catch((error) => {
    throw isLate ? lateIndex(error) : error;
  });
  if (isLate && probe.streams.some((stream) => stream.codec_type === 'video' && stream.pix_fmt === undefined)) throw lateIndex();
  return probe;
}

function lateIndex(cause?: unknown): SrvidError {
  return new SrvidError(
    'SRVID_INPUT_UNREADABLE',
    'Standard input is an MP4 or MOV whose index (moov) comes after its pictures (mdat), so it cannot be read without going back in it. Give the path of the file as the input, or write the index first: ffmpeg -i in.mp4 -c copy -movflags +faststart out.mp4.',
    {},
    cause,
  );
}

function accepted(source: Source, { strict, maxPixels, keepStart = false }: OpenOptions): Source {
  assertPixels(source.url, source.info.format.width, source.info.format.height, maxPixels);
  if (strict) refuseLosses(source.losses, 'SRVID_INPUT_UNSUPPORTED');
  return { ...source, keepsClock: keepStart };
}
