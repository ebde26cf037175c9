import { inverse, parseRational, type Rational, rational, toNumber } from '../frames/time.js';

/** ffprobe's words about a stream's rates. */
interface Rates {
  readonly r_frame_rate?: string | undefined;
  readonly avg_frame_rate?: string | undefined;
  readonly time_base?: string | undefined;
}

/** ffprobe's words about a frame's duration, in ticks of its stream's time base. */
interface Lasting {
  readonly duration?: number | undefined;
  /** Its name before ffmpeg 6. */
  readonly pkt_duration?: number | undefined;
}

/** The time base of ffmpeg's demuxers of raw streams. */
const RAW_TIME_BASE = '1/1200000';

/**
 * The rate that a raw stream's own words give, as n/d. From 7.0 on ffmpeg names 25 as the average of any raw stream, and twice the rate as the
 * other one where the codec knows fields. The frames' durations are right: the shortest tells which it is, since fields may be shown again.
 * Undefined for other streams, and where nothing need be mended.
 */
export function rawRate({ r_frame_rate, avg_frame_rate, time_base }: Rates, firstFrames: readonly Lasting[]): string | undefined {
  const [told, average, tick] = [parseRational(r_frame_rate), parseRational(avg_frame_rate), parseRational(time_base)];
  const durations = firstFrames.map(({ duration, pkt_duration }) => duration ?? pkt_duration ?? 0);
  const shortest = Math.min(...durations.filter((ticks) => ticks > 0));
  if (time_base !== RAW_TIME_BASE || !told || !average || !tick || r_frame_rate === avg_frame_rate || shortest === Number.POSITIVE_INFINITY) return undefined;
  const seconds = shortest * toNumber(tick);
  const offBy = (rate: Rational) => Math.abs(Math.log(toNumber(inverse(rate)) / seconds));
  const half = rational(told.num, 2 * told.den);
  const { num, den } = offBy(half) < offBy(told) ? half : told;
  return `${num}/${den}`;
}
