import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import * as z from 'zod';
import { messageOf, SrvidError } from '../../errors.js';
import { PATIENCE_MS } from '../frames/timeout.js';
import type { FfmpegBinary } from './binary.js';
import type { CommandInput } from './command.js';
import { fileInput, looksLikePattern, NO_REFERENCES, pipeInput, refusalOf } from './input-file.js';
import { packetArguments, parsePacketTimes, untoldAnimation, withPacketTimes } from './packet-times.js';
import { outputOfPipe } from './piped-tool.js';
import { rawRate } from './raw-rate.js';
import { isRemote, withoutSecrets } from './remote-input.js';
import { runTool } from './tied-process.js';

/** Enough bytes to recognise a picture. */
const HEAD_BYTES = 1 << 20;

const sideDataSchema = z.object({ side_data_type: z.string().optional(), rotation: z.number().optional() }).loose();

const streamSchema = z
  .object({
    index: z.number().int(),
    codec_type: z.string().optional(),
    codec_name: z.string().optional(),
    width: z.number().int().optional(),
    height: z.number().int().optional(),
    pix_fmt: z.string().optional(),
    sample_aspect_ratio: z.string().optional(),
    field_order: z.string().optional(),
    color_range: z.string().optional(),
    color_space: z.string().optional(),
    color_primaries: z.string().optional(),
    color_transfer: z.string().optional(),
    chroma_location: z.string().optional(),
    r_frame_rate: z.string().optional(),
    avg_frame_rate: z.string().optional(),
    time_base: z.string().optional(),
    start_time: z.string().optional(),
    duration: z.string().optional(),
    nb_frames: z.string().optional(),
    codec_tag_string: z.string().optional(),
    channels: z.number().optional(),
    channel_layout: z.string().optional(),
    sample_fmt: z.string().optional(),
    sample_rate: z.string().optional(),
    bits_per_raw_sample: z.string().optional(),
    initial_padding: z.number().optional(),
    extradata_size: z.number().optional(),
    disposition: z.record(z.string(), z.number()).optional(),
    tags: z.record(z.string(), z.string()).optional(),
    side_data_list: z.array(sideDataSchema).optional(),
  })
  .loose();

const frameSchema = z.object({
  stream_index: z.number().int().optional(),
  pkt_duration: z.number().optional(),
  duration: z.number().optional(),
  side_data_list: z.array(sideDataSchema).default([]),
});

const probeSchema = z
  .object({
    streams: z.array(streamSchema).default([]),
    frames: z.array(frameSchema).default([]),
    chapters: z.array(z.unknown()).default([]),
    format: z
      .object({
        format_name: z.string().optional(),
        duration: z.string().optional(),
        start_time: z.string().optional(),
        tags: z.record(z.string(), z.string()).optional(),
      })
      .loose()
      .default({}),
  })
  .loose();

/** Data of a stream or a frame beside its pixels, with ffprobe's names. */
export type SideData = Readonly<z.infer<typeof sideDataSchema>>;

/** One stream as ffprobe describes it. */
export type ProbedStream = z.infer<typeof streamSchema> & {
  /** Side data of its first frames, a kind more than once where more of them have it; none where no frame was looked at. */
  readonly frame_side_data?: readonly SideData[];
};

/** An input as ffprobe describes it. */
export interface Probe {
  /** The input as it was opened; decoding opens it the same way. */
  readonly input: CommandInput;
  readonly streams: readonly ProbedStream[];
  /** Number of chapters. */
  readonly chapters: number;
  /** Tags of the file itself. */
  readonly tags: Readonly<Record<string, string>>;
  /** The demuxer's name, such as "mov,mp4,m4a,3gp,3g2,mj2". */
  readonly formatName: string;
  readonly durationSeconds: number | undefined;
  readonly startSeconds: number | undefined;
}

/** The time for which ffmpeg looks for each stream's first packets, since pictures may begin long after the sound. */
export const ANALYSE_MICROSECONDS = '60000000';
/** The bytes in which ffmpeg looks for each stream's first packets. */
export const ANALYSE_BYTES = '50000000';

const LOOK_FAR = ['-analyzeduration', ANALYSE_MICROSECONDS, '-probesize', ANALYSE_BYTES];
const PROBE_ARGUMENTS = ['-v', 'error', '-of', 'json', '-show_streams', '-show_chapters', '-show_format'];
/** The kind, and the values of static HDR metadata. */
const FRAME_SIDE_DATA =
  'side_data_type,red_x,red_y,green_x,green_y,blue_x,blue_y,white_point_x,white_point_y,min_luminance,max_luminance,max_content,max_average';
/**
 * Captions, Dolby Vision and the like are known only once frames are decoded. So the first packets are, without their
 * deblocking, since nobody looks at the pictures: 5 ms at 360p, 0.1 s at 1080p.
 */
const FIRST_FRAMES = [
  '-skip_loop_filter',
  'all',
  '-read_intervals',
  '%+#32',
  '-show_entries',
  `frame=stream_index,duration,pkt_duration:frame_side_data=${FRAME_SIDE_DATA}`,
];

/**
 * Probes a local file. `name` stands for it in messages.
 * @throws SRVID_INPUT_UNREADABLE with what ffprobe said, SRVID_INPUT_REFERENCES, SRVID_INPUT_TOO_LARGE
 */
export async function probeFile(binary: FfmpegBinary, path: string, limits = NO_REFERENCES, name = path): Promise<Probe> {
  return probeOpened(binary, fileInput(path, limits), name, limits.maxPixels).catch(async (error: SrvidError) => {
    // A pattern alone names other files, and is no file itself.
    if (error.code !== 'SRVID_INPUT_REFERENCES' || !looksLikePattern(path) || !existsSync(path)) throw error;
    return probeOpened(binary, fileInput(path, limits, await demuxerOf(binary, path, limits.maxPixels)), name, limits.maxPixels);
  });
}

/** Probes what a command opens by itself, and can open again. `name` stands for it in messages. @throws the same errors as `probeFile` */
export async function probeOpened(binary: FfmpegBinary, input: CommandInput, name: string, maxPixels: number): Promise<Probe> {
  const asked = async (args: readonly string[]) =>
    (await runTool(binary.ffprobe, [...args, ...input.options, '-i', input.url], { timeout: PATIENCE_MS, maxBuffer: 1 << 26 })).stdout;
  try {
    const probe = parseProbe(await asked([...PROBE_ARGUMENTS, ...FIRST_FRAMES, ...LOOK_FAR]), input);
    const animation = untoldAnimation(probe);
    return animation ? withPacketTimes(probe, animation, parsePacketTimes(await asked(packetArguments(animation))), true) : probe;
  } catch (error) {
    // The system's error would show the whole command.
    throw unreadable(name, isRemote(input.url) ? new Error(saidBy(error)) : error, maxPixels, input.url);
  }
}

/** The demuxer that fits a file's first bytes, regardless of its name. */
async function demuxerOf(binary: FfmpegBinary, path: string, maxPixels: number): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const { formatName } = await probeBytes(binary, buffer.subarray(0, bytesRead), path, undefined, maxPixels);
    return formatName.split(',')[0];
  } finally {
    await file.close();
  }
}

/**
 * Probes the first bytes of a stream that can be read only once. `format` names the demuxer, where known. `whole`: they
 * are all of its bytes.
 * @throws the same errors as `probeFile`
 */
export async function probeBytes(
  binary: FfmpegBinary,
  head: Uint8Array,
  name: string,
  format?: string,
  maxPixels = NO_REFERENCES.maxPixels,
  whole = false,
): Promise<Probe> {
  const how = format ? ['-f', format] : [];
  const feed = (stdin: Writable) => {
    stdin.end(head);
  };
  const probe = await probePipe(binary, name, [...FIRST_FRAMES, ...LOOK_FAR, ...how], maxPixels, feed);
  const animation = untoldAnimation(probe);
  if (!animation) return probe;
  const args = [...packetArguments(animation), ...probe.input.options, ...how, '-i', probe.input.url];
  const packets = await outputOfPipe(binary.ffprobe, args, feed, PATIENCE_MS).catch((error) => {
    throw unreadable(name, error, maxPixels);
  });
  return withPacketTimes(probe, animation, parsePacketTimes(packets), whole);
}

/**
 * Probes a stream that has only just begun: ffprobe is given the bytes that arrive until it knows enough. `bytes` of
 * the result is the complete stream, from its first byte on.
 * @throws the same errors as `probeFile`
 */
export async function probeLive(
  binary: FfmpegBinary,
  live: Readable,
  name: string,
  format: string,
  maxPixels = NO_REFERENCES.maxPixels,
): Promise<{ probe: Probe; bytes: Readable }> {
  const bytes = new PassThrough();
  let feed: Writable | undefined;
  live.on('data', take);
  live.once('end', stop);
  function take(piece: Buffer): void {
    bytes.write(piece);
    feed?.write(piece);
  }
  function stop(): void {
    feed?.end();
    bytes.end();
  }
  try {
    const probe = await probePipe(binary, name, ['-analyzeduration', '1000000', '-fpsprobesize', '8', '-f', format], maxPixels, (stdin) => {
      feed = stdin;
    });
    return { probe, bytes };
  } finally {
    live.off('data', take).off('end', stop);
    if (!live.readableEnded) live.pipe(bytes);
    live.once('error', (error) => bytes.destroy(error));
  }
}

async function probePipe(binary: FfmpegBinary, name: string, how: readonly string[], maxPixels: number, feed: (stdin: Writable) => void): Promise<Probe> {
  const input = pipeInput(maxPixels);
  try {
    return parseProbe(await outputOfPipe(binary.ffprobe, [...PROBE_ARGUMENTS, ...input.options, ...how, '-i', input.url], feed, PATIENCE_MS), input);
  } catch (error) {
    throw unreadable(name, error, maxPixels);
  }
}

/** Parses ffprobe's JSON. @throws a zod or JSON error for any other text */
export function parseProbe(json: string, input: CommandInput = { url: 'pipe:0', options: [] }): Probe {
  const { streams, frames, chapters, format } = probeSchema.parse(JSON.parse(json));
  return {
    input,
    streams: streams.map((stream) => {
      const own = frames.filter(({ stream_index }) => stream_index === stream.index);
      const rate = rawRate(stream, own);
      const rates = rate === undefined ? {} : { r_frame_rate: rate, avg_frame_rate: rate };
      return { ...stream, ...rates, frame_side_data: own.flatMap(({ side_data_list }) => side_data_list) };
    }),
    chapters: chapters.length,
    tags: format.tags ?? {},
    formatName: format.format_name ?? 'unknown',
    durationSeconds: finite(format.duration),
    startSeconds: finite(format.start_time),
  };
}

/** The number that a decimal string holds; undefined for "N/A" and the like. */
export function finite(text: string | undefined): number | undefined {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) ? value : undefined;
}

function saidBy(error: unknown): string {
  const stderr = (error as { stderr?: unknown }).stderr;
  return withoutSecrets(typeof stderr === 'string' && stderr.trim() !== '' ? stderr.trim() : messageOf(error));
}

function unreadable(path: string, error: unknown, maxPixels: number, url = path): SrvidError {
  if (error instanceof SrvidError) return error;
  const said = saidBy(error).replaceAll(url, path);
  const refusal = refusalOf(path, said, maxPixels);
  if (refusal) return refusal;
  const line = said.split('\n').at(-1) ?? '';
  return new SrvidError(
    'SRVID_INPUT_UNREADABLE',
    `Tried to read ${path} as video, but ffprobe cannot: ${line}. Check that the file is complete and is a video that ffmpeg can play.`,
    { path, said: said.slice(0, 2000) },
    error,
  );
}
