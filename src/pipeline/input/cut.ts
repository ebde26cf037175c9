import { toNumber } from '../frames/time.js';
import { clockMayRestart } from './joined-clock.js';
import type { Source } from './source.js';

/** The part of a source to process, in seconds from its beginning. */
export interface TimeRange {
  readonly start?: number | undefined;
  readonly duration?: number | undefined;
}

/**
 * A planned reading: ffmpeg's input options, which choose where it begins and what becomes time 0, and the filters that
 * then cut exactly.
 */
export interface Cut {
  readonly inputOptions: readonly string[];
  readonly filters: readonly string[];
  /** Packets before time 0 are to be cut off: ffmpeg seeks to packets before the time that was asked for. */
  readonly cutsBeginning: boolean;
  /** Time 0 in the packets that ffmpeg reads, in seconds. The filters make it 0 for pictures; other streams are to be cut there. */
  readonly zeroSeconds: number;
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

/**
 * Plans the reading. Time 0 is where the cut begins or, without one, where the source begins; a source that begins
 * before 0 keeps its times, and so does one with `keepsClock`. ffmpeg seeks in formats that have an index. MPEG-TS is
 * read from an earlier place, raw streams and files whose clock jumps from their beginning, and all three are trimmed.
 */
export function planCut(source: Pick<Source, 'probe' | 'hasTimestamps' | 'info' | 'keepsClock' | 'clockJumps'>, range: TimeRange): Cut {
  const { start = 0, duration } = range;
  if (!source.hasTimestamps) return { inputOptions: [], filters: countedTrim(toNumber(source.info.frameRate), range), cutsBeginning: false, zeroSeconds: 0 };
  // With -copyts ffmpeg leaves all times alone. Otherwise it counts from the source's beginning and closes jumps of its clock.
  if (source.keepsClock) return { inputOptions: ['-copyts'], filters: [], cutsBeginning: false, zeroSeconds: 0 };
  if (!isCut(range)) {
    const begins = source.probe.startSeconds ?? 0;
    if (clockMayRestart(source.probe))
      return { inputOptions: begins < 0 ? ['-itsoffset', String(begins)] : [], filters: [], cutsBeginning: false, zeroSeconds: 0 };
    // Versions of ffmpeg differ in whether sound that precedes the picture by an encoder's delay is the beginning, so the time is said.
    return { inputOptions: ['-copyts', ...(begins > 0 ? ['-itsoffset', String(-begins)] : [])], filters: [], cutsBeginning: false, zeroSeconds: 0 };
  }
  if (source.clockJumps) return afterJumps(start, duration);
  const from = /mpegts/.test(source.probe.formatName) ? Math.max(0, start - LOOSE_SEEK_SECONDS) : start;
  const seek = from > 0 ? ['-ss', String(from)] : [];
  const offset = from < start ? ['-itsoffset', String(from - start)] : [];
  // ffmpeg counts this length from the time that it seeks to, or from the first frame. The filter counts from time 0.
  const length = duration === undefined ? [] : ['-t', String(from > 0 ? duration : start + duration)];
  const end = duration === undefined ? [] : [`end=${duration}`];
  return { inputOptions: [...seek, ...offset, ...length], filters: [`trim=${['start=0', ...end].join(':')}`], cutsBeginning: start > 0, zeroSeconds: 0 };
}

/** ffmpeg takes an offset back by more than 10 s for one more jump of the clock and closes it, so packets keep their times. */
function afterJumps(start: number, duration: number | undefined): Cut {
  const [length, end] = duration === undefined ? [[], ''] : [['-t', String(start + duration)], `:end=${start + duration}`];
  return { inputOptions: length, filters: [`trim=start=${start}${end}`, `setpts=PTS-${start}/TB`], cutsBeginning: true, zeroSeconds: start };
}

/** The time of the container's clock that becomes time 0, in seconds: see `planCut`. */
export function zeroOf({ probe, keepsClock }: Pick<Source, 'probe' | 'keepsClock'>, range: TimeRange): number {
  const begins = probe.startSeconds ?? 0;
  if (isCut(range)) return begins + (range.start ?? 0);
  return keepsClock ? 0 : Math.max(0, begins);
}

/** Frame n of a raw stream is at n / rate, and belongs to the cut from `start` on, until its length is over. */
function countedTrim(rate: number, { start = 0, duration }: TimeRange): string[] {
  const first = Math.ceil(start * rate - ROUNDING);
  const begin = first > 0 ? [`start_frame=${first}`] : [];
  const end = duration === undefined ? [] : [`end_frame=${first + Math.ceil(duration * rate - ROUNDING)}`];
  return begin.length + end.length > 0 ? [`trim=${[...begin, ...end].join(':')}`] : [];
}
