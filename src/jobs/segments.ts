import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { isRemote } from '../pipeline/ffmpeg/remote-input.js';
import { ptsToSeconds, rescale, toNumber } from '../pipeline/frames/time.js';
import { isCut, type TimeRange, zeroOf } from '../pipeline/input/cut.js';
import { hasIndex, keyframesBefore } from '../pipeline/input/keyframes.js';
import { isReadOnce, type OpenedSource } from '../pipeline/input/open.js';
import { sideDataKinds } from '../pipeline/input/side-data.js';
import { hasOneRate, type Source } from '../pipeline/input/source.js';
import type { Container } from '../pipeline/output/container.js';
import type { Group } from '../plugins/plan/groups.js';
import type { Span } from './scheduler.js';

/** Length of a segment where nothing else is asked for: the work that is lost at most, against the cost of another beginning. */
export const SEGMENT_SECONDS = 30;

const MICROSECOND = { num: 1, den: 1_000_000 };
/** Side data that the encoder takes from a second reading of all frames. */
const BESIDE_PIXELS = /^(atsc a53|stereo 3d)/i;

/** A run to be cut into segments. */
export interface SegmentRequest {
  readonly opened: OpenedSource;
  readonly range: TimeRange;
  readonly groups: readonly Group[];
  /** Frames have deadlines. */
  readonly isRealtime: boolean;
  readonly container: Container;
  /** The output as it was given. */
  readonly output: string;
}

/** The reason for which a run must be one piece, in words that end a sentence; undefined where it can be cut. */
export function whyOnePiece({ opened, groups, isRealtime, container, output }: SegmentRequest): string | undefined {
  const { source } = opened;
  const ordered = groups.find((group) => group.ordered);
  if (isRealtime) return 'in real time frames have deadlines, and what is late is not made up for';
  if (isReadOnce(opened)) return 'the input can be read only once';
  if (isRemote(source.probe.input.url)) return 'the input is not a file';
  if (output === '-') return 'the output is a stream';
  if (container.picture || container.isBare || container.muxer === 'gif') return `${container.muxer} holds pictures, and is not cut`;
  if (container.muxer === 'avi' && !hasOneRate(source.video)) return 'AVI knows one frame rate, and which frames lie beside it is known only once all are read';
  if (ordered) return `the plugin ${ordered.steps[0]?.loaded.plugin.name} keeps something from frame to frame, so all frames are one segment`;
  if (!hasIndex(source)) return `the format ${source.probe.formatName} has no index of keyframes`;
  if (sideDataKinds(source.video).some((kind) => BESIDE_PIXELS.test(kind))) return 'the source has captions, or words about stereo, within its frames';
  return undefined;
}

/**
 * Cuts a source at keyframes of its index, so that each segment but the last lasts `seconds` or longer. Each frame belongs to
 * exactly one span.
 * @returns the spans in order, one where the source is short or has no keyframe to cut at
 */
export async function cutAtKeyframes(
  binary: FfmpegBinary,
  { opened: { source }, range }: Pick<SegmentRequest, 'opened' | 'range'>,
  seconds: number,
  signal?: AbortSignal,
): Promise<readonly Span[]> {
  const { probe, info } = source;
  const zero = zeroOf(source, range);
  const begins = Math.max(probe.startSeconds ?? 0, isCut(range) ? zero : Number.NEGATIVE_INFINITY);
  const ends = Math.min((probe.startSeconds ?? 0) + (probe.durationSeconds ?? 0), zero + (range.duration ?? Number.POSITIVE_INFINITY));
  const count = Math.max(0, Math.ceil((ends - begins) / seconds) - 1);
  const times = Array.from({ length: count }, (_, index) => begins + (index + 1) * seconds);
  const found = (await keyframesBefore(binary, source, times, signal)).map((pts) => onOutputClock(pts, source, range));
  const end = range.duration === undefined ? null : onOutputClock(0, source, {}, Math.round(range.duration * 1e6));
  const borders = apart(found, source, end, (begins - zero + source.shiftSeconds) / toNumber(info.timeBase), seconds);
  return [null, ...borders].map((from, index) => ({ from, to: borders[index] ?? end, timeBase: info.timeBase }));
}

/** Borders that leave every segment half the length at least: the index gives what keyframes there are. */
function apart(found: readonly number[], { info }: Source, end: number | null, begin: number, seconds: number): number[] {
  const borders: number[] = [];
  for (const pts of found) {
    const since = ptsToSeconds(pts - (borders.at(-1) ?? begin), info.timeBase);
    if (since >= seconds / 2 && (end === null || pts < end)) borders.push(pts);
  }
  return borders;
}

/** A pts of the container on the decoder's clock, by the same roundings that ffmpeg makes of it. With `sinceZero`, so many microseconds after time 0. */
function onOutputClock(pts: number, source: Source, range: TimeRange, sinceZero?: number): number {
  const { info, shiftSeconds } = source;
  const zero = sinceZero === undefined ? -Math.round(zeroOf(source, range) * 1e6) : sinceZero;
  return pts + rescale(zero, MICROSECOND, info.timeBase) + rescale(shiftSeconds * 1_000_000, MICROSECOND, info.timeBase);
}
