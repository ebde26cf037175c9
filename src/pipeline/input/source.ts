import { SrvidError } from '../../errors.js';
import { finite, type Probe, type ProbedStream } from '../ffmpeg/probe.js';
import { assertFrameSize, type Color, type PixelFormat } from '../frames/frame.js';
import { isRgbFormat } from '../frames/matrix.js';
import type { StreamInfo } from '../frames/stream-info.js';
import { inverse, parseRational, type Rational, rational } from '../frames/time.js';
import { sideDataLosses } from './side-data.js';
import { steadyFilter } from './steady.js';
import { tagOf } from './tags.js';
import { endOf } from './video-end.js';

/** The video stream to process, and the container that it comes from. */
export interface Source {
  /** The source's name in messages: a path, "standard input", or a live source's name without secrets. */
  readonly url: string;
  readonly probe: Probe;
  readonly video: ProbedStream;
  readonly info: StreamInfo;
  /** Pixel format that ffmpeg decodes to, by ffmpeg's name; `info.format.kind` is srvid's name for it. */
  readonly decodeFormat: string;
  /** False for raw streams (.264): their pts are counted, n / frame rate. */
  readonly hasTimestamps: boolean;
  /** A raw stream whose frames say how many fields each is shown for: they are counted in fields, half a frame each. */
  readonly countsFields: boolean;
  /** The source's own clock is kept, whatever time it begins at. Otherwise time 0 is where the source begins. */
  readonly keepsClock: boolean;
  /** The clock of the file jumps, so that nobody can seek in it by time: a cut is read from the file's beginning. */
  readonly clockJumps: boolean;
  /** End of the last frame, in seconds of the container's clock; undefined where the container does not tell. */
  readonly endsAtSeconds: number | undefined;
  /** Seconds added to every pts on the way in and taken off on the way out, since NUT cannot carry a time before 0. */
  readonly shiftSeconds: number;
  /** Number of frames that the container announces; for progress only. */
  readonly expectedFrames: number | undefined;
  /** Filters that ffmpeg applies while decoding. */
  readonly filters: readonly string[];
  /** Properties that frames lose on their way in, a sentence each. */
  readonly losses: readonly string[];
}

/**
 * Formats that are decoded unchanged, with srvid's name for each. The `j` forms have the same samples in full range.
 */
const CARRIED = new Map<string, PixelFormat>([
  ['yuv420p', 'yuv420p'],
  ['yuvj420p', 'yuv420p'],
  ['yuv422p', 'yuv422p'],
  ['yuvj422p', 'yuv422p'],
  ['yuv444p', 'yuv444p'],
  ['yuvj444p', 'yuv444p'],
  ['gray', 'gray'],
]);

/** Containers with times of which ffprobe tells no first one, where there are too few frames of H.264 to know their order. */
const CLOCKED = /^(matroska|nut|asf)\b/;

/**
 * Picks the video stream and describes it. `url` is the source's name in messages.
 * @throws SRVID_INPUT_NO_VIDEO, SRVID_INPUT_UNSUPPORTED
 */
export function describeSource(url: string, probe: Probe, deinterlace: 'auto' | 'off' = 'auto'): Source {
  const video = pickVideo(url, probe);
  const sideways = Math.abs(rotationOf(video)) % 180 === 90;
  const [width, height] = sideways ? [video.height ?? 0, video.width ?? 0] : [video.width ?? 0, video.height ?? 0];
  if (width === 0 || height === 0) throw undecodable(url, video);
  assertFrameSize('A frame', width, height);
  const { kind, decodeFormat } = decodedAs(url, video);
  const interlaced = INTERLACED.has(video.field_order ?? '');
  const treatment = deinterlace === 'auto' && leastSide(video) < LEAST_INTERLACED ? 'too small' : deinterlace;
  const rate = parseRational(video.avg_frame_rate) ?? parseRational(video.r_frame_rate) ?? rational(25, 1);
  const hasTimestamps = finite(video.start_time) !== undefined || probe.startSeconds !== undefined || CLOCKED.test(probe.formatName);
  const countsFields = !hasTimestamps && probe.formatName === 'mpegvideo';
  const aspect = parseRational(video.sample_aspect_ratio);
  const sampleAspect = aspect && sideways ? inverse(aspect) : aspect;
  const color = colorOf(video);
  const start = Math.min(finite(video.start_time) ?? 0, probe.startSeconds ?? 0);
  return {
    url,
    probe,
    video,
    info: {
      format: { kind, width, height },
      color,
      timeBase: hasTimestamps ? (parseRational(video.time_base) ?? rational(1, 90_000)) : rational(rate.den, countsFields ? 2 * rate.num : rate.num),
      frameRate: rate,
      sampleAspect,
    },
    decodeFormat,
    hasTimestamps,
    countsFields,
    keepsClock: true,
    clockJumps: false,
    endsAtSeconds: hasTimestamps ? endOf(probe, video) : undefined,
    shiftSeconds: start < 0 ? Math.ceil(-start) : 0,
    expectedFrames: expectedFrames(video, probe, rate),
    // One frame out for each frame in: bwdif can also double the rate, which would not be the source's any more.
    filters: [...(interlaced && treatment === 'auto' ? ['bwdif=mode=send_frame:deint=interlaced'] : []), steadyFilter(kind, color, sampleAspect)],
    losses: lossesOf(video, decodeFormat, interlaced ? treatment : undefined),
  };
}

/** Rotation that the stream's side data asks for, in degrees. ffmpeg applies it while decoding. */
export function rotationOf(stream: ProbedStream): number {
  return stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0;
}

/** True where all frames of a stream surely follow one rate: the average one is the nominal one. Matroska tells only the nominal one. */
export function hasOneRate({ nb_frames, r_frame_rate, avg_frame_rate }: ProbedStream): boolean {
  return nb_frames !== undefined && r_frame_rate === avg_frame_rate;
}

function pickVideo(url: string, probe: Probe): ProbedStream {
  const videos = probe.streams.filter((stream) => stream.codec_type === 'video');
  const moving = videos.filter((stream) => !stream.disposition?.['attached_pic']);
  const video = moving.find((stream) => stream.disposition?.['default']) ?? moving[0];
  if (video) return video;
  const found = probe.streams.map((stream) => stream.codec_type ?? 'unknown').join(', ') || 'nothing';
  const cover = videos.length > 0 ? ' The only picture in it is cover art.' : '';
  throw new SrvidError('SRVID_INPUT_NO_VIDEO', `${url} has no video stream to process: it holds ${found}.${cover}`, { url, found });
}

function decodedAs(url: string, video: ProbedStream): { kind: PixelFormat; decodeFormat: string } {
  const format = video.pix_fmt;
  if (!format || format === 'unknown') {
    throw undecodable(url, video);
  }
  const kind = CARRIED.get(format);
  if (kind) return { kind, decodeFormat: format };
  const nearest = nearestFormat(format);
  return { kind: nearest, decodeFormat: nearest };
}

/** ffprobe tells no size or no pixel format of a stream that its ffmpeg cannot decode. An animated WebP is the one kind of WebP without a size. */
function undecodable(url: string, { codec_name: codec = 'unknown' }: ProbedStream): SrvidError {
  const what = codec === 'webp' ? 'an animated WebP' : `coded as ${codec}`;
  const remedy = codec === 'webp' ? 'Convert it first, for example to APNG or GIF, or try a newer ffmpeg' : 'Try an ffmpeg build that can';
  return new SrvidError('SRVID_INPUT_UNSUPPORTED', `${url} is ${what}, which this ffmpeg cannot decode. ${remedy}.`, { url, codec });
}

/** A sentence for each property that 8-bit planar frames cannot hold. */
function lossesOf(video: ProbedStream, decodeFormat: string, deinterlace: 'auto' | 'off' | 'too small' | undefined): string[] {
  const format = video.pix_fmt ?? '';
  const losses: string[] = [];
  const depth =
    /(?:p|gray|rgb|gbrp|yuva?4\d\dp)(9|10|12|14|16)(?:le|be)?$/.exec(format)?.[1] ?? (/^(p010|p210|p410|x2rgb10|y210)/.test(format) ? '10' : undefined);
  const transfer = video.color_transfer;
  if (depth) losses.push(`The source has ${depth} bits a sample (${format}); srvid works on 8, so smooth gradients may show steps.`);
  if (transfer === 'smpte2084' || transfer === 'arib-std-b67') {
    const name = transfer === 'smpte2084' ? 'PQ' : 'HLG';
    losses.push(`The source is HDR (${name}). Its colour tags are kept, but at 8 bits bands are likely.`);
  }
  if (TRANSPARENT.test(format)) losses.push(`The source has transparency (${format}), which is lost.`);
  else if (tagOf(video, 'alpha_mode') === '1') losses.push('The source has transparency (a second picture with each, alpha_mode=1), which is lost.');
  if (isRgb(video)) losses.push(`The source is RGB (${format}); it is converted to ${decodeFormat} by BT.709, which rounds colours.`);
  else if (!depth && !CARRIED.get(format) && !TRANSPARENT.test(format)) losses.push(`The source is ${format}; it is converted to ${decodeFormat}.`);
  if (deinterlace === 'auto')
    losses.push(`The source is interlaced (${video.field_order}); each frame's fields are joined to one picture by bwdif. --deinterlace off leaves them.`);
  if (deinterlace === 'too small')
    losses.push(
      `The source is interlaced (${video.field_order}) and left so, since it is too small to be deinterlaced; the output is not marked as interlaced.`,
    );
  if (deinterlace === 'off')
    losses.push(`The source is interlaced (${video.field_order}) and left so; the output is not marked as interlaced, and edges that move will comb.`);
  return [...losses, ...sideDataLosses(video)];
}

/** Pixel formats with an alpha channel, or with a palette that may have one. */
const TRANSPARENT = /^(yuva|rgba|bgra|argb|abgr|gbrap|ya\d|pal8|ayuv|vuya|uyva)/;

function isRgb(video: ProbedStream): boolean {
  return isRgbFormat(video.pix_fmt ?? '');
}

const INTERLACED = new Set(['tt', 'bb', 'tb', 'bt']);
/** The least side in pixels that bwdif takes, of every plane. */
const LEAST_INTERLACED = 4;

/** The least side of the smallest plane. */
function leastSide({ pix_fmt: format = '', width = 0, height = 0 }: ProbedStream): number {
  const divisor = /41[01]/.test(format) ? 4 : /42\d|440|^nv|^p0|yuyv|uyvy/.test(format) ? 2 : 1;
  return Math.ceil(Math.min(width, height) / divisor);
}

function nearestFormat(format: string): PixelFormat {
  if (/^gray|^ya|^mono/.test(format)) return 'gray';
  if (/444|rgb|bgr|gbr|pal8|xyz/.test(format)) return 'yuv444p';
  return /422|uyvy|yuyv/.test(format) ? 'yuv422p' : 'yuv420p';
}

function colorOf(video: ProbedStream): Color {
  // RGB has no luma of its own, so one matrix is chosen, and the output is tagged with it.
  if (isRgb(video)) return { matrix: 'bt709', primaries: known(video.color_primaries), transfer: known(video.color_transfer), range: 'tv' };
  const full = video.pix_fmt?.startsWith('yuvj') || video.color_range === 'pc';
  return {
    matrix: known(video.color_space),
    primaries: known(video.color_primaries),
    transfer: known(video.color_transfer),
    range: full ? 'pc' : video.color_range === 'tv' ? 'tv' : undefined,
    chromaLocation: known(video.chroma_location),
  };
}

function known(value: string | undefined): string | undefined {
  return value === undefined || value === 'unknown' || value === 'unspecified' || value === 'reserved' ? undefined : value;
}

function expectedFrames(video: ProbedStream, probe: Probe, rate: Rational): number | undefined {
  const counted = finite(video.nb_frames);
  if (counted) return counted;
  const seconds = finite(video.duration) ?? probe.durationSeconds;
  return seconds === undefined ? undefined : Math.round((seconds * rate.num) / rate.den);
}
