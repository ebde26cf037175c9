import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { SrvidError } from '../../errors.js';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { assertFileName } from '../ffmpeg/file-name.js';
import { assertPixels } from '../ffmpeg/input-file.js';
import { type Probe, probeBytes, probeFile, probeOpened } from '../ffmpeg/probe.js';
import { isRemote, remoteInput } from '../ffmpeg/remote-input.js';
import { hasFurtherLayers } from './hevc-layers.js';
import { clockWraps } from './joined-clock.js';
import { hasLateIndex } from './late-index.js';
import { shownUrl } from './live-input.js';
import { refuseLosses } from './losses.js';
import { openSequence, sequenceOf } from './pictures.js';
import type { SourceReader } from './reader.js';
import { describeSource, type Source } from './source.js';
import { peekStream } from './standard-input.js';
import { clockJumps } from './transport-clock.js';

/** A source to open, and what is accepted of it. */
export interface OpenOptions {
  /** A path, the pattern of numbered pictures, an http address, or "-" for standard input. */
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
  /** Frames a second of numbered pictures. */
  readonly frameRate?: number | undefined;
  /** Number of the first picture; the lowest there is where not given. */
  readonly startNumber?: number | undefined;
}

/** A source in a program's hands. */
export interface GivenSource {
  /** The bytes of input "-". */
  readonly bytes?: Readable | undefined;
  /** The source's name in messages, in place of the input's. */
  readonly name?: string | undefined;
}

/** A source that was looked at. */
export interface OpenedSource {
  readonly source: Source;
  /** For a source that can be read only once. */
  readonly bytes: Readable | undefined;
  /** The first of those bytes. */
  readonly head: Uint8Array | undefined;
  /** The error with which those bytes broke off; undefined as long as they did not. */
  readonly failure?: (() => unknown) | undefined;
  /** A program that gives frames itself, in place of an ffmpeg that decodes. */
  readonly reader?: SourceReader | undefined;
}

const FURTHER_LAYERS =
  'The source has further layers of HEVC, for transparency or another eye (MV-HEVC). The first layer is processed, and the others are lost.';

/** True for a source that cannot be opened a second time. */
export function isReadOnce({ bytes, reader }: OpenedSource): boolean {
  return bytes !== undefined || reader !== undefined;
}

/** Looks at the input. @throws SRVID_INPUT_NOT_FOUND and the errors of probing */
export async function openSource(binary: FfmpegBinary, options: OpenOptions, given: GivenSource = {}): Promise<OpenedSource> {
  const { input, start, deinterlace, allowReferences, maxPixels } = options;
  if (input === '-') {
    const name = given.name ?? 'standard input';
    if (start) throw new SrvidError('SRVID_OPTION_INVALID', `--start needs an input that can be sought in, and ${name} cannot. Give the input as a file.`);
    const { head, whole, bytes, failure } = await peekStream(given.bytes ?? process.stdin);
    const probe = await probeHead(binary, head, whole, name, options);
    const described = await withLayers(binary, describeSource(name, probe, deinterlace), { head, format: options.inputFormat });
    return { source: accepted(described, options), bytes, head, failure };
  }
  const reopened = async (name: string, probe: Probe) => {
    const described = await withLayers(binary, describeSource(name, probe, deinterlace));
    return { source: accepted(described, options), bytes: undefined, head: undefined };
  };
  if (isRemote(input)) {
    const name = given.name ?? shownUrl(input);
    return reopened(name, await probeOpened(binary, remoteInput(input, allowReferences, maxPixels), name, maxPixels));
  }
  assertFileName('The input', input, 'SRVID_INPUT_NOT_FOUND');
  const path = resolve(input);
  const found = await stat(path).catch(() => undefined);
  const sequence = found ? undefined : sequenceOf(path);
  if (sequence) return reopened(path, await openSequence(binary, sequence, options));
  if (!found?.isFile()) {
    const what = found ? 'is not a file' : 'does not exist';
    throw new SrvidError('SRVID_INPUT_NOT_FOUND', `The input ${path} ${what}. Give the path of a video file, or - for standard input.`, { path });
  }
  const name = given.name ?? path;
  const probe = await probeFile(binary, path, { references: allowReferences, maxPixels }, name);
  const opened = await reopened(name, probe);
  const isSought = (start ?? 0) > 0 && /^mpeg(ts)?$/.test(probe.formatName);
  return isSought && (await clockJumps(path)) ? { ...opened, source: { ...opened.source, clockJumps: true } } : opened;
}

/** Adds the layers that are not decoded to what is lost. */
async function withLayers(binary: FfmpegBinary, source: Source, pipe?: Parameters<typeof hasFurtherLayers>[3]): Promise<Source> {
  const isLost = await hasFurtherLayers(binary, source.probe, source.video, pipe);
  return isLost ? { ...source, losses: [...source.losses, FURTHER_LAYERS] } : source;
}

/** Probes the head of standard input. An MP4 whose index comes late is refused only where ffmpeg cannot read it from its buffers. */
async function probeHead(binary: FfmpegBinary, head: Buffer, whole: boolean, name: string, { inputFormat, maxPixels }: OpenOptions): Promise<Probe> {
  const isLate = hasLateIndex(head);
  const probe = await probeBytes(binary, head, name, inputFormat, maxPixels, whole).catch((error) => {
    throw isLate ? lateIndex(name, error) : error;
  });
  if (isLate && probe.streams.some((stream) => stream.codec_type === 'video' && stream.pix_fmt === undefined)) throw lateIndex(name);
  return probe;
}

function lateIndex(name: string, cause?: unknown): SrvidError {
  return new SrvidError(
    'SRVID_INPUT_UNREADABLE',
    `${name.charAt(0).toUpperCase()}${name.slice(1)} is an MP4 or MOV whose index (moov) comes after its pictures (mdat), so it cannot be read without going back in it. Give the path of the file as the input, or write the index first: ffmpeg -i in.mp4 -c copy -movflags +faststart out.mp4.`,
    {},
    cause,
  );
}

/** Applies the limits of what is taken. @throws SRVID_INPUT_TOO_LARGE, SRVID_INPUT_UNSUPPORTED */
export function accepted(source: Source, { strict, maxPixels, keepStart = false }: Pick<OpenOptions, 'strict' | 'maxPixels' | 'keepStart'>): Source {
  assertPixels(source.url, source.info.format.width, source.info.format.height, maxPixels);
  if (strict) refuseLosses(source.losses, 'SRVID_INPUT_UNSUPPORTED');
  // Where the clock is not kept, time 0 is the beginning, which only looks like a time before 0.
  const shiftSeconds = keepStart || !clockWraps(source.probe) ? source.shiftSeconds : 0;
  return { ...source, keepsClock: keepStart, shiftSeconds };
}
