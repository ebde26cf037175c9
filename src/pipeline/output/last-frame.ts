import { inverse, type Rational, toNumber } from '../frames/time.js';

/** Settings that give a last frame its duration. */
export interface LastFrame {
  /** The encoder's time base: the muxer's own. ffmpeg before 6 hands a bitstream filter times of the one and the time base of the other. */
  readonly timeBase: Rational;
  readonly options: readonly string[];
}

/** Facts about an output's end. */
export interface Ending {
  readonly muxer: string;
  readonly timeBase: Rational;
  /** The average, by which durations are guessed. */
  readonly frameRate: Rational;
  readonly endSeconds: number;
  readonly toPipe: boolean;
  /** The packets come from a file, and their durations are a demuxer's guess. */
  readonly isCoded: boolean;
}

/** ffmpeg's muxer doubles a small time scale until it is at least this. */
const LEAST_TIME_SCALE = 10_000;
const LARGEST_TIME_SCALE = 2 ** 31 - 1;
/** A packet's place among the others, as the filter knows it: there is no next one. */
const IS_LAST = 'eq(NEXT_PTS\\,NOPTS)';

/**
 * Lets the last frame last until `endSeconds`. Raw frames reach the encoder without durations of their own, and a muxer
 * takes one frame of the average rate for the last, so the packets are told theirs by ffmpeg's filter setts. Undefined for
 * containers that keep no duration.
 */
export function lastFrame({ muxer, timeBase, frameRate, endSeconds, toPipe, isCoded }: Ending): LastFrame | undefined {
  // From 7.0 on ffmpeg gives raw frames the average duration, which may reach beyond the end.
  const until = (ticks: string) => `if(gt(${ticks}\\,0.5)\\,${ticks}\\,${isCoded ? '0' : 'DURATION'})`;
  const left = `${endSeconds}/TB-PTS`;
  const untilEnd = until(left);
  if (muxer === 'matroska' || muxer === 'webm') {
    // The packet that is shown last need not be the last one, and with the average duration it might reach beyond the end.
    const others = `if(gt(${left}\\,0.5)*lt(${left}\\,${toNumber(inverse(frameRate))}/TB)\\,${left}\\,DURATION)`;
    const filter = `setts=pts=PTS:dts=DTS:duration=if(${IS_LAST}\\,${untilEnd}\\,${others})`;
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
  const rest = until(`${endSeconds}/TB-${delay}-${dts}`);
  const filter = `setts=pts=PTS:dts=if(${IS_LAST}\\,${dts}\\,DTS):duration=if(${IS_LAST}\\,${rest}\\,${toPipe ? 'DURATION' : untilEnd})`;
  return { timeBase: { num: 1, den: scale }, options: ['-bsf:v:0', filter, '-video_track_timescale', String(scale)] };
}
