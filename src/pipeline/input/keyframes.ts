import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { runTool } from '../ffmpeg/tied-process.js';
import type { Source } from './source.js';

/** Demuxers of containers with an index of keyframes, by which they seek exactly. */
const INDEXED = new Set(['mov', 'mp4', 'matroska', 'webm']);

/** True where a container tells at once which keyframe comes before a time, and gives every packet its own pts after seeking. */
export function hasIndex({ probe, hasTimestamps }: Pick<Source, 'probe' | 'hasTimestamps'>): boolean {
  return hasTimestamps && probe.formatName.split(',').some((name) => INDEXED.has(name));
}

/**
 * The last keyframe before each of these times, by the container's index. One packet is read for each, and nothing is decoded.
 * @param seconds on the container's clock, ascending
 * @returns pts in ticks of the source's time base on the container's clock, ascending, each once
 */
export async function keyframesBefore(
  binary: FfmpegBinary,
  { probe, video }: Pick<Source, 'probe' | 'video'>,
  seconds: readonly number[],
  signal?: AbortSignal,
): Promise<readonly number[]> {
  if (seconds.length === 0) return [];
  const intervals = seconds.map((time) => `${time.toFixed(6)}%+#1`).join(',');
  const asked = [
    '-v',
    'error',
    '-select_streams',
    String(video.index),
    '-show_entries',
    'packet=pts,flags',
    '-of',
    'compact=p=0',
    '-read_intervals',
    intervals,
  ];
  const { stdout } = await runTool(binary.ffprobe, [...asked, ...probe.input.options, '-i', probe.input.url], {
    maxBuffer: 1 << 26,
    ...(signal && { signal }),
  });
  const found = [...stdout.matchAll(/pts=(-?\d+)\|flags=K/g)].map(([, pts]) => Number(pts));
  return [...new Set(found)].sort((a, b) => a - b);
}
