import { toNumber } from '../frames/time.js';
import { clockMayRestart, clockWraps } from './joined-clock.js';
import type { Source } from './source.js';

/** The part of a source to process, in seconds from its beginning. */
export interface TimeRange {
  readonly start?: number | undefined;
  readonly duration?: number | undefined;
}

/**
 * A planned reading: ffmpeg's input options, which choose where it begins, and the filters that then cut exactly, on the
 * clock of that input.
 */
export interface Cut {
  readonly inputOptions: readonly string[];
  readonly filters: readonly string[];
  /** Seconds of the input's clock that precede time 0. A time before 0 on that clock would pass for a jump of it. */
  readonly skipsSeconds: number;
  /** Packets before time 0 are to be cut off: ffmpeg seeks to packets before the time that was asked for. */
  readonly cutsBeginning: boolean;
}

/**
 * MPEG-TS has no index: ffmpeg guesses where to seek to and may land after the wanted frame. So reading begins this
 * much earlier.
 */
const LOOSE_SEEK_SECONDS = 10;
/** Room for times that are rounded, far less than any frame lasts. */
const ROUNDING = 1e-6;

/** True where only a part of the source was asked for. */
export function isCut({ start, duration }: TimeRange): boolean {
  return (start ?? 0) > 0 || duration !== undefined;
}

/** The parts of a source on which its reading depends. */
type CutSource = Pick<Source, 'probe' | 'hasTimestamps' | 'info' | 'keepsClock' | 'clockJumps'>;

/**
 * Plans the reading. Time 0 is where the cut begins or, without one, where the source begins; a source that begins
 * before 0 keeps its times, and so does one with `keepsClock`. ffmpeg seeks in formats that have an index. MPEG-TS is
 * read from an earlier place, raw streams and joined files from their beginning, and all of these are trimmed.
 */
export function planCut(source: CutSource, range: TimeRange): Cut {
  const { start = 0, duration } = range;
  const whole = (...inputOptions: string[]): Cut => ({ inputOptions, filters: [], skipsSeconds: 0, cutsBeginning: false });
  if (!source.hasTimestamps) return { ...whole(), filters: countedTrim(toNumber(source.info.frameRate), range) };
  // With -copyts ffmpeg leaves all times alone. Otherwise it counts from the source's beginning and closes jumps of its clock.
  if (source.keepsClock) return whole('-copyts');
  if (!isCut(range)) {
    const begins = source.probe.startSeconds ?? 0;
    if (clockMayRestart(source.probe)) return begins < 0 && !clockWraps(source.probe) ? whole('-itsoffset', String(begins)) : whole();
    // Versions of ffmpeg differ in whether sound that precedes the picture by an encoder's delay is the beginning, so the time is said.
    return whole('-copyts', ...(begins > 0 ? ['-itsoffset', String(-begins)] : []));
  }
  const from = seekSeconds(source, start);
  const skipsSeconds = start - from;
  const seek = from > 0 ? ['-ss', String(from)] : [];
  // ffmpeg counts this length from the time that it seeks to, or from the first frame. The filter counts from time 0.
  const length = duration === undefined ? [] : ['-t', String(skipsSeconds + duration)];
  const end = duration === undefined ? [] : [`end=${skipsSeconds + duration}`];
  return { inputOptions: [...seek, ...length], filters: [`trim=${[`start=${skipsSeconds}`, ...end].join(':')}`], skipsSeconds, cutsBeginning: start > 0 };
}

/** The time of the container's clock that becomes time 0, in seconds. */
export function zeroOf({ probe, keepsClock }: Pick<CutSource, 'probe' | 'keepsClock'>, range: TimeRange): number {
  const begins = probe.startSeconds ?? 0;
  if (isCut(range)) return begins + (range.start ?? 0);
  if (keepsClock) return 0;
  return clockWraps(probe) ? begins : Math.max(0, begins);
}

/** Seconds from the source's beginning to where ffmpeg is to seek. A joined file has several places for one time. */
function seekSeconds({ probe, clockJumps }: CutSource, start: number): number {
  if (clockJumps) return 0;
  return /mpegts/.test(probe.formatName) ? Math.max(0, start - LOOSE_SEEK_SECONDS) : start;
}

/** Frame n of a raw stream is at n / rate, and belongs to the cut from `start` on, until its length is over. */
function countedTrim(rate: number, { start = 0, duration }: TimeRange): string[] {
  const first = Math.ceil(start * rate - ROUNDING);
  const begin = first > 0 ? [`start_frame=${first}`] : [];
  const end = duration === undefined ? [] : [`end_frame=${first + Math.ceil(duration * rate - ROUNDING)}`];
  return begin.length + end.length > 0 ? [`trim=${[...begin, ...end].join(':')}`] : [];
}
