import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ffprobe } from './media.js';
import { FFMPEG } from './programs.js';

const run = promisify(execFile);

/** A video as a player gets it: frames with their times, all other packets, and what the container says of its streams. */
export interface SeenVideo {
  /** Time in seconds and md5 of each decoded picture. */
  readonly frames: readonly string[];
  /** Time and md5 of each packet beside the pictures. */
  readonly beside: readonly string[];
  readonly streams: readonly Record<string, unknown>[];
  readonly chapters: readonly unknown[];
  readonly tags: unknown;
}

/** Looks at a video as a player does. The encoder's own words about itself are left out. */
export async function seen(path: string): Promise<SeenVideo> {
  const entries = 'stream=codec_name,codec_type,width,height,pix_fmt,color_range,color_space,field_order,time_base,start_time,channels:stream_tags';
  const { streams, chapters, format } = await ffprobe<{ streams: Record<string, unknown>[]; chapters: unknown[]; format: { tags?: Record<string, string> } }>(
    path,
    ...['-show_entries', `${entries}:format_tags:chapter`],
  );
  const ownWords = ({ ENCODER: _, encoder: __, ...tags }: Record<string, string> = {}) => tags;
  return {
    frames: await sums(path, ['-map', '0:v', '-c:v', 'rawvideo', '-fps_mode', 'passthrough', '-enc_time_base', '1:1000000']),
    beside: await sums(path, ['-map', '0', '-map', '-0:v', '-c', 'copy']).catch(() => []),
    streams: streams.map((stream) => ({ ...stream, tags: ownWords(stream['tags'] as Record<string, string>) })),
    chapters,
    tags: ownWords(format.tags),
  };
}

/** Lines "seconds md5" of ffmpeg's framemd5. */
async function sums(path: string, options: readonly string[]): Promise<string[]> {
  const { stdout } = await run(FFMPEG, ['-nostdin', '-v', 'error', '-copyts', '-i', path, ...options, '-f', 'framemd5', '-'], { maxBuffer: 1 << 26 });
  const bases = new Map([...stdout.matchAll(/^#tb (\d+): (\d+)\/(\d+)$/gm)].map(([, index, num, den]) => [index, Number(num) / Number(den)]));
  return stdout
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const [stream = '', , pts, , , md5] = line.split(',').map((field) => field.trim());
      return `${stream} ${(Number(pts) * (bases.get(stream) ?? 0)).toFixed(4)} ${md5}`;
    });
}
