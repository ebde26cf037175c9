import { SrvidError } from '../errors.js';
import { assertFrameSize, type Color, type PixelFormat } from './frame.js';
import { finite, type Probe, type ProbedStream } from './probe.js';
import type { StreamInfo } from './stream-info.js';
import { inverse, parseRational, type Rational, rational } from './time.js';

/** The video to process and what else its container holds. */
export interface Source {
  /** A path, or "-" for standard input. */
  readonly url: string;
  readonly probe: Probe;
  readonly video: ProbedStream;
  readonly info: StreamInfo;
  /** Pixel format that ffmpeg is asked for, by ffmpeg's name; `info.format.kind` is how srvid holds it. */
  readonly decodeFormat: string;
  /** False for raw streams (.264): their pts are counted, n / frame rate. */
  readonly hasTimestamps: boolean;
  /** Added to every pts on the way in and taken off on the way out, in seconds: NUT cannot carry a time before 0. */
  readonly shiftSeconds: number;
  /** What the command promised beforehand; for progress only. */
  readonly expectedFrames: number | undefined;
  readonly warnings: readonly string[];
}

/** Formats carried as they are, and how srvid holds them. The `j` forms are the same samples in full range. */
const CARRIED: Readonly<Record<string, PixelFormat>> = {
  yuv420p: 'yuv420p',
  yuvj420p: 'yuv420p',
  yuv422p: 'yuv422p',
  yuvj422p: 'yuv422p',
  yuv444p: 'yuv444p',
  yuvj444p: 'yuv444p',
  gray: 'gray',
};

/** Picks the video stream and describes it. @throws SRVID_INPUT_NO_VIDEO, SRVID_INPUT_UNSUPPORTED */
export function describeSource(url: string, probe: Probe): Source {
  const video = pickVideo(url, probe);
  const sideways = Math.abs(rotationOf(video)) % 180 === 90;
  const [width, height] = sideways ? [video.height ?? 0, video.width ?? 0] : [video.width ?? 0, video.height ?? 0];
  assertFrameSize(width, height);
  const { kind, decodeFormat, warning } = decodedAs(url, video);
  const rate = parseRational(video.avg_frame_rate) ?? parseRational(video.r_frame_rate) ?? rational(25, 1);
  const hasTimestamps = finite(video.start_time) !== undefined || probe.startSeconds !== undefined;
  const aspect = parseRational(video.sample_aspect_ratio);
  const start = Math.min(finite(video.start_time) ?? 0, probe.startSeconds ?? 0);
  return {
    url,
    probe,
    video,
    info: {
      format: { kind, width, height },
      color: colorOf(video),
      timeBase: hasTimestamps ? (parseRational(video.time_base) ?? rational(1, 90_000)) : inverse(rate),
      frameRate: rate,
      sampleAspect: aspect && sideways ? inverse(aspect) : aspect,
    },
    decodeFormat,
    hasTimestamps,
    shiftSeconds: start < 0 ? Math.ceil(-start) : 0,
    expectedFrames: expectedFrames(video, probe, rate),
    warnings: warning ? [warning] : [],
  };
}

/** Degrees clockwise by which players turn the picture; ffmpeg does so while decoding. */
export function rotationOf(stream: ProbedStream): number {
  return stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0;
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

function decodedAs(url: string, video: ProbedStream): { kind: PixelFormat; decodeFormat: string; warning?: string } {
  const format = video.pix_fmt;
  if (!format || format === 'unknown') {
    const codec = video.codec_name ?? 'unknown';
    throw new SrvidError('SRVID_INPUT_UNSUPPORTED', `${url} is coded as ${codec}, which this ffmpeg cannot decode. Try an ffmpeg build that can.`, {
      url,
      codec,
    });
  }
  const kind = CARRIED[format];
  if (kind) return { kind, decodeFormat: format };
  const nearest = nearestFormat(format);
  return { kind: nearest, decodeFormat: nearest, warning: `The source is ${format}; srvid works on 8-bit YUV, so it is converted to ${nearest}.` };
}

function nearestFormat(format: string): PixelFormat {
  if (/^gray|^ya|^mono/.test(format)) return 'gray';
  if (/444|rgb|bgr|gbr|pal8|xyz/.test(format)) return 'yuv444p';
  return /422|uyvy|yuyv/.test(format) ? 'yuv422p' : 'yuv420p';
}

function colorOf(video: ProbedStream): Color {
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
