import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { type ErrorCode, SrvidError } from './errors.js';
import { CONTAINER_ENCODERS, DEFAULT_ENCODER, type InputOptions, type Preset, type SessionOptions } from './options/options.js';
import type { FfmpegBinary } from './pipeline/ffmpeg/binary.js';
import { assertFileName } from './pipeline/ffmpeg/file-name.js';
import { assertPixels } from './pipeline/ffmpeg/input-file.js';
import { finite, type Probe, type ProbedStream, probeBytes, probeFile } from './pipeline/ffmpeg/probe.js';
import { assertFrameSize, type FrameFormat } from './pipeline/frames/frame.js';
import { parseRational } from './pipeline/frames/time.js';
import { planCut } from './pipeline/input/cut.js';
import { hasLateIndex } from './pipeline/input/late-index.js';
import { describeSource, type Source } from './pipeline/input/source.js';
import { peekStream } from './pipeline/input/standard-input.js';
import { planCarry } from './pipeline/output/carry.js';
import { type Container, containerFor } from './pipeline/output/container.js';
import type { EncodePlan, EncoderSettings } from './pipeline/output/encode.js';
import { encodedSize, scaledAspect } from './pipeline/output/encode-graph.js';
import { assertOnClock, type EncoderClock, encoderTimeBase } from './pipeline/output/encoder-clock.js';

export interface OpenedSource {
  readonly source: Source;
  /** For a source that can be read only once. */
  readonly bytes: Readable | undefined;
}

/** Finds out what the input is. @throws SRVID_INPUT_NOT_FOUND and the errors of probing */
export async function openSource(binary: FfmpegBinary, options: InputOptions, standardInput: Readable = process.stdin): Promise<OpenedSource> {
  if (options.input === '-') {
    if (options.start)
      throw new SrvidError('SRVID_OPTION_INVALID', '--start needs an input that can be sought in, and standard input cannot. Give the input as a file.');
    const { head, bytes } = await peekStream(standardInput);
    const probe = await probeHead(binary, head, options.inputFormat, options.maxPixels);
    return { source: accepted(describeSource('standard input', probe, options.deinterlace), options), bytes };
  }
  assertFileName('The input', options.input, 'SRVID_INPUT_NOT_FOUND');
  const path = resolve(options.input);
  const limits = { references: options.allowReferences, maxPixels: options.maxPixels };
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    const what = found ? 'is not a file' : 'does not exist';
    throw new SrvidError('SRVID_INPUT_NOT_FOUND', `The input ${path} ${what}. Give the path of a video file, or - for standard input.`, { path });
  }
  return { source: accepted(describeSource(path, await probeFile(binary, path, limits), options.deinterlace), options), bytes: undefined };
}

/** Of an MP4 whose index comes late, ffmpeg manages with what still lies in its buffers; only what it cannot read is refused. */
async function probeHead(binary: FfmpegBinary, head: Buffer, format: string | undefined, maxPixels: number): Promise<Probe> {
  const isLate = hasLateIndex(head);
  const probe = await probeBytes(binary, head, 'standard input', format, maxPixels).catch((error) => {
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

function accepted(source: Source, { strict, maxPixels }: Pick<InputOptions, 'strict' | 'maxPixels'>): Source {
  assertPixels(source.url, source.info.format.width, source.info.format.height, maxPixels);
  if (strict) refuseLosses(source.losses, 'SRVID_INPUT_UNSUPPORTED');
  return source;
}

function refuseLosses(losses: readonly string[], code: ErrorCode): void {
  if (losses.length === 0) return;
  throw new SrvidError(code, `Something would be lost, and --strict was given: ${losses.join(' ')} Leave --strict out to go on.`, { losses });
}

interface OutputRequest {
  readonly options: SessionOptions;
  readonly preset: Preset;
  readonly source: OpenedSource;
  /** What the last stage gives. */
  readonly format: FrameFormat;
  /** A path, or "pipe:1". */
  readonly output: string;
}

export interface PlannedOutput {
  readonly plan: EncodePlan;
  /** Cover art to take out of the source, and then to name in the plan's `carry.covers`. */
  readonly covers: readonly ProbedStream[];
  readonly warnings: readonly string[];
}

/** How to encode and what to carry along. @throws SRVID_OUTPUT_FORMAT */
export function planOutput({ options, preset, source: { source, bytes }, format, output }: OutputRequest): PlannedOutput {
  const container = containerFor(options.output, options.format);
  const carried = planCarry(container, source.probe, source.video, bytes !== undefined);
  if (options.strict) refuseLosses(carried.warnings, 'SRVID_OUTPUT_FORMAT');
  assertFrameSize('A result', format.width, format.height);
  const size = encodedSize(format);
  const cropped = size.width !== format.width || size.height !== format.height;
  const { info } = source;
  const { streams } = carried;
  const carry: EncodePlan['carry'] = bytes
    ? { from: 'pipe', streams, forwarded: [] }
    : {
        from: 'file',
        input: source.probe.input,
        video: source.video,
        streams,
        covers: [],
        cut: planCut(source, options),
        lastsSeconds: options.duration && options.duration + unstartedSeconds(options, source.probe),
        // Frames without times are counted from the cut, so there is nothing to move.
        startSeconds: options.start && source.hasTimestamps ? options.start + (source.probe.startSeconds ?? 0) : 0,
      };
  const encoder = encoderSettings(options, preset, container);
  return {
    plan: {
      format,
      timeBase: info.timeBase,
      clock: clockOf(encoder.name, source, carry.from === 'file' ? carry.startSeconds : 0),
      frameRate: info.frameRate,
      stallTimeoutMs: options.stallTimeoutMs,
      color: info.color,
      sampleAspect: scaledAspect({ ...info.format, sampleAspect: info.sampleAspect }, format),
      encoder,
      container,
      output,
      shiftSeconds: source.shiftSeconds,
      carry,
    },
    covers: carried.covers,
    warnings: [
      ...carried.warnings,
      ...(cropped
        ? [`${format.width}x${format.height} is odd, and encoders need even sizes: the last row or column is left out, giving ${size.width}x${size.height}.`]
        : []),
    ],
  };
}

/** ffmpeg counts an output's length from the time 0 of the source, unless told where it begins. Sound may begin before 0: its encoder's delay. */
function unstartedSeconds({ start }: SessionOptions, { startSeconds = 0 }: Probe): number {
  return start ? 0 : Math.max(0, startSeconds);
}

/** The encoder's clock where it needs one of its own. @throws SRVID_ENCODER_UNAVAILABLE where the source begins between its ticks */
function clockOf(encoder: string, { info, video, hasTimestamps, shiftSeconds }: Source, startSeconds: number): EncoderClock | undefined {
  const timeBase = encoderTimeBase(encoder, info.timeBase, parseRational(video.r_frame_rate) ?? info.frameRate);
  if (!timeBase) return undefined;
  const clock = { timeBase, startsAtSeconds: startSeconds + shiftSeconds };
  const first = hasTimestamps ? (finite(video.start_time) ?? 0) : 0;
  assertOnClock(encoder, clock, first + shiftSeconds, info.timeBase);
  return clock;
}

/** What the caller says goes before the preset, that before the default. A preset's options belong to its own encoder. */
function encoderSettings(options: SessionOptions, preset: Preset, container: Container): EncoderSettings {
  const own = CONTAINER_ENCODERS[container.muxer];
  const fits = preset.encoder && (!own || /vp8|vp9|vpx|av1/.test(preset.encoder.name));
  const base = (fits ? preset.encoder : own) ?? DEFAULT_ENCODER;
  const name = options.encoder ?? base.name;
  const inherited = name === base.name ? base : { crf: undefined, options: {} };
  const given = new Set(options.encoderOptions.map(([option]) => option));
  const crf = options.crf ?? inherited.crf;
  return {
    name,
    options: [
      ...(options.pixFmt === undefined ? [] : [['pix_fmt', options.pixFmt] as const]),
      ...(crf === undefined || given.has('crf') ? [] : [['crf', String(crf)] as const]),
      ...Object.entries(inherited.options).filter(([option]) => !given.has(option)),
      ...options.encoderOptions,
    ],
  };
}
