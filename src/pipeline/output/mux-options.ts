import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { type FfmpegCommand, fileUrl } from '../ffmpeg/command.js';
import type { Color } from '../frames/frame.js';
import { formatRational, inverse, type Rational, toNumber } from '../frames/time.js';
import { watching } from '../input/joined-clock.js';
import { type CarriedFile, codecOptions } from './carried-stream.js';
import { colorTags } from './color-tags.js';
import { filterGraph } from './encode-graph.js';
import type { EncodePlan } from './encode-plan.js';
import { type Ending, type LastFrame, lastFrame } from './last-frame.js';

/** Frames and packets end because reading ends; the limit must not cut one of them off by rounding. */
const END_MARGIN_SECONDS = 0.001;
/** Descriptor on which ffmpeg reports its progress. */
export const PROGRESS = 3;

/** Parts of a second that are whole ticks in the time bases of containers. */
const LATE_STEPS = 8;
const FILTERS = '-bsf:v:0';
/** Packets that ffmpeg by itself reads ahead of an input, the most that it is told to, and the memory that they may take. */
const AHEAD = { least: 8, most: 1024, bytes: 1 << 26 } as const;

/** The ffmpeg command of a plan. */
export function encodeCommand(plan: EncodePlan, binary: Pick<FfmpegBinary, 'setsChromaLocation'>): FfmpegCommand {
  const { container, carry, output, shiftSeconds } = plan;
  const skips = carry.from === 'file' ? carry.cut.skipsSeconds : 0;
  const late = carry.from === 'file' && cutsBeginning(carry) ? lateSeconds(plan) : 0;
  const offset = skips - shiftSeconds + late;
  // With -seek_timestamp ffmpeg does not take the first frame's time for time 0.
  // Of coded frames ffmpeg finds out the first times of decoding, which NUT does not tell, by looking at some.
  const look = plan.coded ? [] : ['-probesize', '32', '-analyzeduration', '0'];
  const queue = plan.ahead === undefined ? [] : ['-thread_queue_size', String(plan.ahead)];
  const frames = { url: 'pipe:0', options: ['-seek_timestamp', '1', ...(offset === 0 ? [] : ['-itsoffset', String(offset)]), ...queue, ...look, '-f', 'nut'] };
  const carried = carry.from === 'file' ? [{ url: carry.input.url, options: [...queue, ...carry.input.options, ...carry.cut.inputOptions] }] : [];
  const chapters = carry.from === 'file' && carry.chapters ? [carry.chapters] : [];
  const inputs = [frames, ...carried, ...(plan.sideData ? [plan.sideData.input] : []), ...chapters];
  const outputOptions = [
    ...(plan.coded ? ['-map', '0:v'] : ['-filter_complex', graphOf(plan, binary), '-map', '[v]']),
    ...carriedStreams(plan, inputs.length - 1),
    ...(plan.tags ?? []),
    ...(plan.coded ? [] : ['-fps_mode', 'passthrough', '-enc_time_base:v', formatRational(codedTimeBase(plan), ':')]),
    ...onTime(lastOf(plan)?.options ?? [], late),
    // Before the encoder's own options, which may say otherwise.
    ...container.options(output === 'pipe:1'),
    // Only the first video stream is encoded; a cover that is carried along is copied.
    ...(plan.coded ? copyOptions(plan) : encoderOptions(plan)),
    ...colorTags(plan.coded ? copiedColor(plan) : colorOf(plan)),
    ...(plan.salvage ? ['-max_error_rate', '1'] : []),
    ...(carry.from === 'file' ? cutOnTheWayOut(carry, late) : []),
    ...['-max_muxing_queue_size', '4096', '-progress', `pipe:${PROGRESS}`, '-nostats'],
    ...['-f', output === 'pipe:1' ? (container.pipeMuxer ?? container.muxer) : container.muxer],
  ];
  const furtherOutput = carry.from === 'file' ? watching(1, carry.watched) : [];
  return { inputs, outputOptions, output: output === 'pipe:1' ? output : fileUrl(output), furtherOutput };
}

/**
 * Options that cut what is carried, and chapters. Seeking cuts sound at a packet before the time; this second cut is exact. Without it muxers that know no
 * time before 0 would shift all streams.
 */
export function cutOnTheWayOut(carry: Pick<CarriedFile, 'cut' | 'fromZero' | 'lastsSeconds'>, late: number): readonly string[] {
  const { cut, lastsSeconds } = carry;
  return [
    ...(cutsBeginning(carry) ? ['-ss', String(cut.skipsSeconds)] : []),
    ...(lastsSeconds === undefined ? [] : ['-t', String(lastsSeconds + late + END_MARGIN_SECONDS)]),
  ];
}

function cutsBeginning({ cut, fromZero }: Pick<CarriedFile, 'cut' | 'fromZero'>): boolean {
  return cut.cutsBeginning || fromZero;
}

/**
 * Seconds by which coded frames come later into ffmpeg than they are meant. Those that are decoded before the first is shown have times of decoding
 * before 0, and a cut on the way out goes by these: it would drop the first frame, and all up to the next keyframe with it.
 */
function lateSeconds({ coded, frameRate }: EncodePlan): number {
  if (!coded?.decodeDelay) return 0;
  return Math.ceil(((coded.decodeDelay + 1) / toNumber(frameRate)) * LATE_STEPS) / LATE_STEPS;
}

/** Options that put late frames back into their time, before other filters of their packets. */
function onTime(options: readonly string[], late: number): readonly string[] {
  if (late === 0) return options;
  const filter = `setts=pts=PTS-${late}/TB:dts=DTS-${late}/TB`;
  const [name, others, ...rest] = options;
  return name === FILTERS ? [name, `${filter},${others}`, ...rest] : [FILTERS, filter, ...options];
}

/** The time base in which the encoder of a plan counts, and its packets with it. */
export function codedTimeBase(plan: EncodePlan): Rational {
  const { codedTimeBase: given, clock, countedRate, timeBase } = plan;
  return given ?? lastOf(plan)?.timeBase ?? clock?.timeBase ?? (countedRate ? inverse(countedRate) : timeBase);
}

/**
 * Packets to read ahead of each input where all are copied, by the mean size of a picture's. ffmpeg up to 6 sleeps 10 ms each time that a queue runs
 * empty, which with its own 8 packets happens at every eighth frame.
 */
export function packetsAhead(meanBytes: number): number {
  return Math.max(AHEAD.least, Math.min(AHEAD.most, Math.floor(AHEAD.bytes / Math.max(1, meanBytes))));
}

/** The time base in which coded frames are copied: the muxer's own, where it has one, since filters of packets may be told no other (see `LastFrame`). */
export function copiedTimeBase(plan: EncodePlan): Rational {
  return lastFrame({ ...endingOf(plan, 0), isCoded: true })?.timeBase ?? codedTimeBase(plan);
}

function lastOf(plan: EncodePlan): LastFrame | undefined {
  return plan.endSeconds === undefined ? undefined : lastFrame(endingOf(plan, plan.endSeconds));
}

function endingOf({ container, timeBase, frameRate, output, coded }: EncodePlan, endSeconds: number): Ending {
  return { muxer: container.muxer, timeBase, frameRate, endSeconds, toPipe: output === 'pipe:1', isCoded: coded !== undefined };
}

function graphOf(plan: EncodePlan, { setsChromaLocation }: Pick<FfmpegBinary, 'setsChromaLocation'>): string {
  const { format, color, stored, encoder, container, carry, countedRate } = plan;
  const sideData = plan.sideData && { index: carry.from === 'file' ? 2 : 1, plan: plan.sideData };
  const hasPalette = container.muxer === 'gif' && !encoder.options.some(([name]) => name === 'pix_fmt');
  return filterGraph(format, color, plan.sampleAspect, { grayAsYuv: !plan.keepsGray, setsChromaLocation, stored, sideData, hasPalette, countedRate });
}

function encoderOptions({ encoder, sideData }: EncodePlan): string[] {
  return ['-c:v:0', encoder.name, ...(sideData?.encoderOptions ?? []), ...encoder.options.flatMap(([name, value]) => [`-${name}:v:0`, value])];
}

function colorOf({ stored, color }: EncodePlan): Color {
  return stored?.color ?? color;
}

/** From 7.1 on ffmpeg gives frames a range or a matrix that nobody has named, and the encoder tells the muxer. A piece has no word of it. */
function copiedColor(plan: EncodePlan): Color {
  const { told } = plan;
  const { range = told?.range, matrix = told?.matrix, ...others } = colorOf(plan);
  return { ...others, range, matrix };
}

/** A copy tells the muxer by itself what a coded stream says, which is less than its encoder has told. */
function copyOptions({ encoder }: EncodePlan): string[] {
  const tag = encoder.options.filter(([name]) => name === 'tag').flatMap(([name, value]) => [`-${name}:v:0`, value]);
  return ['-c:v:0', 'copy', ...tag, '-field_order:v:0', 'progressive'];
}

function carriedStreams({ carry }: EncodePlan, lastInput: number): string[] {
  if (carry.from === 'nothing') return [];
  // The processed video is the output's stream 0, so the others count from 1.
  const codecs = carry.streams.flatMap((stream, order) => codecOptions(stream, order + 1));
  if (carry.from === 'pipe') return ['-map', '0:a?', ...codecs];
  const { video, streams, covers } = carry;
  const dispositions = Object.entries(video.disposition ?? {}).filter(([, set]) => set === 1);
  return [
    ...streams.flatMap(({ index }) => ['-map', `1:${index}`]),
    ...codecs,
    ...['-map_metadata', '1', '-map_chapters', String(carry.chapters ? lastInput : 1), '-map_metadata:s:0', `1:s:${video.index}`],
    // Once the tags of one stream are mapped, ffmpeg no longer copies those of the others by itself.
    ...streams.flatMap(({ index }, order) => [`-map_metadata:s:${order + 1}`, `1:s:${index}`]),
    ...covers.flatMap(({ path, filename, mimeType }, order) => {
      const stream = streams.length + 1 + order;
      return ['-attach', path, `-metadata:s:${stream}`, `filename=${filename}`, `-metadata:s:${stream}`, `mimetype=${mimeType}`];
    }),
    ...['-disposition:0', dispositions.map(([name]) => name).join('+') || '0'],
  ];
}
