import { SrvidError } from '../../errors.js';
import { type CommandInput, fileUrl } from './command.js';
import { LONE_FILE_DEMUXERS } from './demuxers.js';

/** Limits on what ffmpeg does for an input. */
export interface InputLimits {
  /** The input may name other files to open: playlists, scripts, numbered pictures. */
  readonly references: boolean;
  /** The most pixels that a frame may have. */
  readonly maxPixels: number;
}

/** The strictest limits on references, with frames of any size that can be processed at all. */
export const NO_REFERENCES: InputLimits = { references: false, maxPixels: 16384 * 16384 };

/**
 * ffmpeg takes the name of a picture with one of these characters for a pattern of many names, and does not open the
 * file itself.
 */
const PATTERN = /[%*?{}[\]]/;
const NOT_LISTED = /(?:\[(\w[\w,]*) @ [^\]]*\] )?Format not on whitelist/;
const TOO_LARGE = /Picture size (\d+)x(\d+) exceeds specified max pixel count/;

/**
 * The input of an ffmpeg command that opens a local file. Nothing else decides how files are opened.
 * @param demuxer the demuxer, where the file's name would mislead ffmpeg
 */
export function fileInput(path: string, { references, maxPixels }: InputLimits, demuxer?: string): CommandInput {
  const allowed = references
    ? ['-protocol_whitelist', 'file,pipe,crypto,data']
    : // A single picture is read by image2, too, which reads just that file unless its name is a pattern.
      ['-protocol_whitelist', 'file', '-format_whitelist', PATTERN.test(path) ? LONE_FILE_DEMUXERS : `${LONE_FILE_DEMUXERS},image2`];
  return { url: fileUrl(path), options: [...allowed, '-max_pixels', String(maxPixels), ...(demuxer ? ['-f', demuxer] : [])] };
}

/**
 * The input of an ffmpeg command that reads bytes from srvid. Nothing that the bytes name is opened, even if a stranger
 * sends them.
 */
export function pipeInput(maxPixels: number, url = 'pipe:0'): CommandInput {
  return { url, options: ['-protocol_whitelist', 'pipe', '-format_whitelist', LONE_FILE_DEMUXERS, '-max_pixels', String(maxPixels)] };
}

/** True where ffmpeg may take a file's name for a pattern of many. */
export function looksLikePattern(path: string): boolean {
  return PATTERN.test(path);
}

/** The error for a refusal by these limits, found in ffmpeg's messages; undefined for any other failure. */
export function refusalOf(name: string, said: string, maxPixels: number): SrvidError | undefined {
  const [, width, height] = TOO_LARGE.exec(said) ?? [];
  if (width !== undefined && height !== undefined) return tooLarge(name, Number(width), Number(height), maxPixels);
  const unlisted = NOT_LISTED.exec(said);
  if (!unlisted) return undefined;
  return new SrvidError(
    'SRVID_INPUT_REFERENCES',
    `${name} is of a kind that opens other files${unlisted[1] ? ` (ffmpeg's "${unlisted[1]}")` : ''}: a playlist, a script or a session says itself which, wherever they lie. Give the video file itself, or --allow-references where you trust what is in it.`,
    { path: name },
  );
}

/** Checks the size of frames against `maxPixels`. @throws SRVID_INPUT_TOO_LARGE */
export function assertPixels(name: string, width: number, height: number, maxPixels: number): void {
  if (width * height > maxPixels) throw tooLarge(name, width, height, maxPixels);
}

/**
 * Memory for each pixel of a frame, for the rings and the tensors of a network: with cheap and with expensive chains.
 */
const BYTES_PER_PIXEL = [20, 100] as const;

function tooLarge(name: string, width: number, height: number, maxPixels: number): SrvidError {
  const pixels = width * height;
  const [least, most] = BYTES_PER_PIXEL.map((bytes) => ((pixels * bytes) / 1e9).toFixed(1));
  return new SrvidError(
    'SRVID_INPUT_TOO_LARGE',
    `${name} has frames of ${width}x${height}, ${pixels} pixels, and no more than ${maxPixels} are taken unasked: to enlarge them by 2 takes about ${least} to ${most} GB of memory for each thread. Give --max-pixels ${pixels} if there is so much.`,
    { width, height, pixels, maxPixels },
  );
}
