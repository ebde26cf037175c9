import type { Rational } from '../frames/time.js';

/** Settings that give a last frame its duration. */
export interface LastFrame {
  /** The encoder's time base: the muxer's own. ffmpeg before 6 hands a bitstream filter times of the one and the time base of the other. */
  readonly timeBase: Rational;
  readonly options: readonly string[];
}

/** ffmpeg's muxer doubles a small time scale until it is at least this. */
const LEAST_TIME_SCALE = 10_000;
const LARGEST_TIME_SCALE = 2 ** 31 - 1;
/** A packet's place among the others, as the filter knows it: there is no next one. */
const IS_LAST = 'eq(NEXT_PTS\\,NOPTS)';

/**
 * Lets the last frame last until `endSeconds`. Raw frames reach the encoder without durations, and a muxer takes one
 * frame of the average rate for the last, so the packets are told theirs by ffmpeg's filter setts. Undefined for
 * containers that keep no duration.
 * @param isCoded the packets come from a file, and their durations are a demuxer's guess
 */
export function lastFrame(muxer: string, timeBase: Rational, endSeconds: number, toPipe: boolean, isCoded = false): LastFrame | undefined {
  const known = isCoded ? '0' : 'DURATION';
  const untilEnd = `max(${known}\\,${endSeconds}/TB-PTS)`;
  if (muxer === 'matroska' || muxer === 'webm') {
    const filter = `setts=pts=PTS:dts=DTS:duration=if(${IS_LAST}\\,${untilEnd}\\,DURATION)`;
    return { timeBase: { num: 1, den: 1000 }, options: ['-bsf:v:0', filter] };
  }
  if (muxer !== 'mp4' && muxer !== 'mov') return undefined;
  let scale = timeBase.den;
  while (scale < LEAST_TIME_SCALE) scale *= 2;
  if (scale > LARGEST_TIME_SCALE) return undefined;
  // In these a track lasts from the first dts to the end of the packet that was decoded last, which lies behind by the
  // encoder's delay and need not be the last one shown. The other packets' durations count for the end of the edit list
  // alone, unless the file is fragmented: then each fragment's last one counts.
  const delay = '(STARTPTS-STARTDTS)';
  const dts = `max(DTS\\,PTS-${delay})`;
  const rest = `max(${known}\\,${endSeconds}/TB-${delay}-${dts})`;
  const filter = `setts=pts=PTS:dts=if(${IS_LAST}\\,${dts}\\,DTS):duration=if(${IS_LAST}\\,${rest}\\,${toPipe ? 'DURATION' : untilEnd})`;
  return { timeBase: { num: 1, den: scale }, options: ['-bsf:v:0', filter, '-video_track_timescale', String(scale)] };
}
