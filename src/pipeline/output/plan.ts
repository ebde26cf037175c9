import { finite, type Probe, type ProbedStream } from '../ffmpeg/probe.js';
import { assertFrameSize, type FrameFormat } from '../frames/frame.js';
import { inverse, parseRational, type Rational } from '../frames/time.js';
import { isCut, planCut, type TimeRange, zeroOf } from '../input/cut.js';
import { clockMayRestart } from '../input/joined-clock.js';
import { refuseLosses } from '../input/losses.js';
import { isReadOnce, type OpenedSource } from '../input/open.js';
import { hasOneRate, type Source } from '../input/source.js';
import type { CarriedStream } from './carried-stream.js';
import type { CarryPlan } from './carry.js';
import { type Container, tooManyPictures } from './container.js';
import { encodedSize, scaledAspect } from './encode-graph.js';
import type { EncodePlan, EncoderSettings } from './encode-plan.js';
import { assertOnClock, type EncoderClock, encoderTimeBase, secondsOffClock, toleranceOf } from './encoder-clock.js';
import type { ViewMarks } from './spherical.js';
import { planStaticHdr } from './static-hdr.js';
import { planTags } from './tags.js';
import { planViewMarks } from './view-marks.js';

/** The facts from which an output is planned. */
export interface OutputRequest {
  readonly container: Container;
  /** The fates of the streams beside the processed video. */
  readonly carried: CarryPlan;
  /** A path, or "pipe:1". */
  readonly output: string;
  /** Number of the first picture, of numbered pictures. */
  readonly startNumber?: number | undefined;
  readonly source: OpenedSource;
  /** The part of the source that was asked for. */
  readonly range: TimeRange;
  /** The frames that the encoder is given. */
  readonly format: FrameFormat;
  /** The encoder and its settings for a container, by its muxer. */
  readonly encoderFor: (muxer: string) => EncoderSettings;
  /** Goes on where nearly all of the sound cannot be decoded. */
  readonly salvage: boolean;
  /** Refuses to lose anything. */
  readonly strict: boolean;
  /** Milliseconds after which ffmpeg counts as hung where it takes no data. */
  readonly stallTimeoutMs: number;
}

/** An output as it will be written. */
export interface PlannedOutput {
  readonly plan: EncodePlan;
  /** Cover art to take out of the source, and then to name in the plan's `carry.covers`. */
  readonly covers: readonly ProbedStream[];
  /** Marks to write into the finished file. */
  readonly marks: ViewMarks | undefined;
  readonly warnings: readonly string[];
}

/** Plans how to encode. @throws SRVID_OUTPUT_FORMAT where `strict` is set and something would be lost */
export function planOutput(request: OutputRequest): PlannedOutput {
  const { source: opened, container, carried, range, format, output, strict, stallTimeoutMs } = request;
  const { source } = opened;
  const fromPipe = isReadOnce(opened);
  const tags = planTags({
    ...{ source, streams: carried.streams, muxer: container.muxer, fromPipe },
    ...{ startSeconds: range.start ?? 0, isCut: range.start !== undefined || range.duration !== undefined },
  });
  const view = planViewMarks(source.video, container.muxer, output !== 'pipe:1', format.width / source.info.format.width);
  const chosen = request.encoderFor(container.picture ?? container.muxer);
  const { encoder, warnings: unwritten } = planStaticHdr(source.video, chosen);
  const losses = [...carried.warnings, ...(container.isBare ? [] : tags.warnings), ...view.warnings, ...unwritten];
  if (container.isSingle && !isCut(range) && (source.expectedFrames ?? 1) > 1) throw tooManyPictures(`${source.expectedFrames} frames`);
  if (strict) refuseLosses(losses, 'SRVID_OUTPUT_FORMAT');
  assertFrameSize('A result', format.width, format.height);
  const size = encodedSize(format);
  const cropped = size.width !== format.width || size.height !== format.height;
  const { info } = source;
  const { streams } = carried;
  const fromFile = (): EncodePlan['carry'] => ({
    from: 'file',
    input: source.probe.input,
    video: source.video,
    streams,
    covers: [],
    cut: planCut(source, range),
    fromZero: beginsAtZero(container, source, streams),
    // A raw stream is cut by its frames and brings nothing else along.
    lastsSeconds: source.hasTimestamps ? range.duration : undefined,
    watched: clockMayRestart(source.probe) && streams.length > 0 ? [source.video.index] : [],
  });
  const fromHere: EncodePlan['carry'] = fromPipe ? { from: 'pipe', streams, forwarded: [] } : fromFile();
  const carry: EncodePlan['carry'] = container.isBare ? { from: 'nothing' } : fromHere;
  const clock = clockOf(encoder.name, container.muxer, source, range);
  return {
    plan: {
      format,
      timeBase: info.timeBase,
      clock,
      endSeconds: clock || !source.hasTimestamps ? undefined : endSeconds(source, range),
      frameRate: info.frameRate,
      stallTimeoutMs,
      color: info.color,
      sampleAspect: scaledAspect({ ...info.format, sampleAspect: info.sampleAspect }, format),
      encoder,
      container: numberedFrom(request.startNumber, container, output),
      output,
      shiftSeconds: source.shiftSeconds,
      countedRate: container.muxer === 'yuv4mpegpipe' ? info.frameRate : undefined,
      tags: container.isBare ? [] : [...tags.options, ...view.options],
      salvage: request.salvage,
      carry,
    },
    covers: carried.covers,
    marks: view.marks,
    warnings: [
      ...losses,
      ...(cropped
        ? [`${format.width}x${format.height} is odd, and encoders need even sizes: the last row or column is left out, giving ${size.width}x${size.height}.`]
        : []),
    ],
  };
}

/**
 * True where what lies before 0 is cut off. It is sound that is not played: an encoder's delay, or what an edit list cuts off. Pictures before 0 move
 * everything instead. A delay that the output tells stays: players leave out as much as is told, whether it is there or not.
 */
function beginsAtZero(container: Container, { probe, shiftSeconds }: Source, streams: readonly CarriedStream[]): boolean {
  const sounds = streams.filter(({ kind }) => kind === 'audio');
  const keepsDelay = container.tellsDelay && sounds.length > 0 && sounds.every((sound) => tellsDelay(probe, sound));
  return container.beginsAtZero && shiftSeconds === 0 && !keepsDelay;
}

/** True where a sound's delay is known, and moves no picture. In Matroska only a delay that is told lies before 0. ffprobe 5.1 tells none: its muxer moves all. */
function tellsDelay({ streams, formatName }: Probe, { index, codec }: CarriedStream): boolean {
  const stream = streams.find((one) => one.index === index);
  return /matroska/.test(formatName) || (codec === 'copy' && (stream?.initial_padding ?? 0) > 0);
}

function numberedFrom(startNumber = 1, container: Container, output: string): Container {
  if (container.muxer !== 'image2' || container.isSingle || output === 'pipe:1') return container;
  return { ...container, options: () => ['-start_number', String(startNumber)] };
}

/** The clock of an encoder or a container that needs one of its own. @throws SRVID_ENCODER_UNAVAILABLE where the source begins between an encoder's ticks */
function clockOf(encoder: string, muxer: string, source: Source, range: TimeRange): EncoderClock | undefined {
  const { info, video, hasTimestamps, shiftSeconds: startsAtSeconds } = source;
  const nominal = parseRational(video.r_frame_rate) ?? info.frameRate;
  const first = (hasTimestamps && !isCut(range) ? (finite(video.start_time) ?? 0) - zeroOf(source, range) : 0) + startsAtSeconds;
  // AVI has no times but a rate, and an empty frame for each of its ticks that has no other.
  const counted = { timeBase: inverse(nominal), startsAtSeconds, container: muxer };
  if (muxer === 'avi' && isSame(nominal, info.frameRate) && secondsOffClock(counted, first) <= toleranceOf(info.timeBase)) return counted;
  const timeBase = encoderTimeBase(encoder, info.timeBase, nominal);
  if (!timeBase) return undefined;
  const clock = { timeBase, startsAtSeconds };
  assertOnClock(encoder, clock, first, info.timeBase);
  return clock;
}

function isSame(a: Rational, b: Rational): boolean {
  return a.num === b.num && a.den === b.den;
}

/** End of the output's last frame, in seconds: where the source ends or the cut does. Undefined where it lasts as long as the others. */
function endSeconds(source: Source, range: TimeRange): number | undefined {
  const { video, endsAtSeconds } = source;
  if (endsAtSeconds === undefined || hasOneRate(video)) return undefined;
  const end = Math.min(endsAtSeconds - zeroOf(source, range), range.duration ?? Number.POSITIVE_INFINITY);
  return end > 0 ? Number(end.toFixed(6)) : undefined;
}
