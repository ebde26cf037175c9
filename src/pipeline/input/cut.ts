import { toNumber } from '../frames/time.js';
import type { Source } from './source.js';

/** The part of a source to process, in seconds from its beginning. */
export interface TimeRange {
  readonly start?: number | undefined;
  readonly duration?: number | undefined;
}

/** A planned cut: ffmpeg's input options, which choose where reading begins, and the filters that then cut exactly. */
export interface Cut {
  readonly inputOptions: readonly string[];
  readonly filters: readonly string[];
}

/**
 * MPEG-TS has no index: ffmpeg guesses where to seek to and may land after the wanted frame. So reading begins this
 * much earlier.
 */
const LOOSE_SEEK_SECONDS = 10;

/**
 * Plans a cut. ffmpeg seeks in formats that have an index. MPEG-TS is read from an earlier place, raw streams from
 * their beginning, and both are trimmed.
 */
export function planCut(source: Pick<Source, 'probe' | 'hasTimestamps' | 'info'>, { start, duration }: TimeRange): Cut {
  const length = duration === undefined ? [] : ['-t', String(duration)];
  if (start === undefined || start === 0) return { inputOptions: length, filters: [] };
  if (!source.hasTimestamps) {
    const first = Math.round(start * toNumber(source.info.frameRate));
    const frames = duration === undefined ? [] : [`end_frame=${first + Math.round(duration * toNumber(source.info.frameRate))}`];
    return { inputOptions: [], filters: [`trim=${[`start_frame=${first}`, ...frames].join(':')}`] };
  }
  if (!/mpegts/.test(source.probe.formatName)) return { inputOptions: ['-ss', String(start), ...length], filters: [] };
  const from = Math.max(0, start - LOOSE_SEEK_SECONDS);
  const begin = start + (source.probe.startSeconds ?? 0);
  const end = duration === undefined ? [] : [`end=${begin + duration}`];
  return {
    inputOptions: [...(from > 0 ? ['-ss', String(from)] : []), ...(duration === undefined ? [] : ['-t', String(start - from + duration)])],
    filters: [`trim=${[`start=${begin}`, ...end].join(':')}`],
  };
}
