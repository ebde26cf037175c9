import * as z from 'zod';
import { PATIENCE_MS } from '../frames/timeout.js';
import type { FfmpegBinary } from './binary.js';
import { fileUrl } from './command.js';
import { runTool } from './tied-process.js';

/** Width and height to which a picture is made smaller, to tell its halves apart. */
const HALVES = '2:2';
const [DARK_BELOW, LIGHT_ABOVE] = [100, 155];

const probedSchema = z.object({
  streams: z.array(z.object({ codec_name: z.string().optional(), codec_tag_string: z.string().optional() }).loose()),
  frames: z.array(z.object({ pix_fmt: z.string(), color_range: z.string().optional(), color_space: z.string().optional() }).loose()).default([]),
});

/** The form of a sample, as it is kept between runs. Names are ffmpeg's. */
export const sampleSchema = z.object({
  codec: z.string().optional(),
  /** The codec's tag in the container, such as "hev1". */
  tag: z.string().optional(),
  pixelFormat: z.string(),
  /** Undefined where neither the container nor the codec says it. */
  range: z.enum(['tv', 'pc']).optional(),
  matrix: z.string().optional(),
});

/** A coded video as a reader finds it: its codec, and its first picture once decoded. */
export type Sample = Readonly<z.infer<typeof sampleSchema>>;

/**
 * Reads the first picture of a video that was just encoded: a file, or its bytes. `demuxer` is for what is too short to
 * be recognised.
 * @returns undefined where this ffprobe cannot read the codec; 'nothing' where there is no video to read
 */
export async function probeSample(binary: FfmpegBinary, video: string | Uint8Array, demuxer?: string): Promise<Sample | 'nothing' | undefined> {
  const args = ['-v', 'quiet', '-of', 'json', '-select_streams', 'v:0', '-read_intervals', '%+#1', ...(demuxer ? ['-f', demuxer] : [])];
  const entries = ['-show_entries', 'stream=codec_name,codec_tag_string:frame=pix_fmt,color_range,color_space'];
  const isFile = typeof video === 'string';
  const options = { timeout: PATIENCE_MS, maxBuffer: 1 << 24, ...(isFile ? {} : { input: video }) };
  const { stdout } = await runTool(binary.ffprobe, [...args, ...entries, '-i', isFile ? fileUrl(video) : 'pipe:0'], options).catch(() => ({ stdout: '' }));
  const parsed = probedSchema.safeParse(json(stdout));
  if (!parsed.success) return undefined;
  const [stream, frame] = [parsed.data.streams[0], parsed.data.frames[0]];
  if (!stream) return 'nothing';
  if (!frame) return undefined;
  return {
    codec: stream.codec_name,
    tag: stream.codec_tag_string,
    pixelFormat: frame.pix_fmt,
    range: frame.color_range === 'tv' || frame.color_range === 'pc' ? frame.color_range : undefined,
    matrix: frame.color_space === 'unknown' || frame.color_space === 'reserved' ? undefined : frame.color_space,
  };
}

/**
 * True where a reader's first picture is dark above and light below, as the frames were that became the video. `demuxer` as for
 * `probeSample`.
 */
export async function showsHalves(binary: FfmpegBinary, video: string | Uint8Array, demuxer?: string): Promise<boolean> {
  const isFile = typeof video === 'string';
  const from = ['-v', 'quiet', ...(demuxer ? ['-f', demuxer] : []), '-i', isFile ? fileUrl(video) : 'pipe:0'];
  const args = [...from, '-map', '0:v:0', '-frames:v', '1', '-vf', `scale=${HALVES}:flags=area,format=gray`, '-f', 'rawvideo', 'pipe:1'];
  const how = { timeout: PATIENCE_MS, encoding: 'buffer', ...(isFile ? {} : { input: video }) } as const;
  const { stdout } = await runTool(binary.ffmpeg, args, how).catch(() => ({ stdout: Buffer.alloc(0) }));
  const [above = 255, , below = 0] = stdout;
  return above < DARK_BELOW && below > LIGHT_ABOVE;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
