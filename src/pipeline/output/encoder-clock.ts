import { SrvidError } from '../../errors.js';
import { formatRational, inverse, type Rational, toNumber } from '../frames/time.js';

/** MPEG-4 part 2 counts in at most this many ticks a second (ISO/IEC 14496-2, vop_time_increment_resolution, 16 bits). */
const MPEG4_TICKS = 65_535;
/**
 * Half of the 90 kHz that MPEG's containers count in. Each tick is a tick of theirs, and no time is more than one of
 * theirs away.
 */
const MPEG4_CLOCK = { num: 1, den: 45_000 };
const CONTAINER_TICK_SECONDS = 1 / 90_000;

/** A clock for an encoder that cannot use the source's. */
export interface EncoderClock {
  readonly timeBase: Rational;
  /** Seconds taken off every pts before it is counted in these ticks. */
  readonly startsAtSeconds: number;
  /** The container that counts, where it is not the encoder. */
  readonly container?: string | undefined;
}

/**
 * The time base of an encoder that cannot count in the source's: MPEG-1 and MPEG-2 count frames, MPEG-4 has 16 bits.
 * `frameRate` is the lowest rate at which every frame falls on a tick (ffprobe's r_frame_rate). Undefined where the
 * source's time base will do.
 */
export function encoderTimeBase(encoder: string, timeBase: Rational, frameRate: Rational): Rational | undefined {
  if (/^mpeg[12]video$/.test(encoder)) return inverse(frameRate);
  return encoder === 'mpeg4' && timeBase.den > MPEG4_TICKS ? MPEG4_CLOCK : undefined;
}

/** Seconds from a time to the clock's nearest tick. */
export function secondsOffClock({ timeBase, startsAtSeconds }: EncoderClock, seconds: number): number {
  const tick = toNumber(timeBase);
  const since = seconds - startsAtSeconds;
  return Math.abs(since - Math.round(since / tick) * tick);
}

/** Seconds that a time may be off a tick: one tick of the source's time base or of 90 kHz. */
export function toleranceOf(source: Rational): number {
  return Math.max(toNumber(source), CONTAINER_TICK_SECONDS) + 1e-9;
}

/**
 * Checks that a frame at `seconds` falls on a tick, to within one tick of the source's time base or of 90 kHz. The
 * encoder would move any other frame.
 * @throws SRVID_ENCODER_UNAVAILABLE
 */
export function assertOnClock(encoder: string, { timeBase, startsAtSeconds, container }: EncoderClock, seconds: number, source: Rational): void {
  const off = secondsOffClock({ timeBase, startsAtSeconds }, seconds);
  if (off <= toleranceOf(source)) return;
  const since = seconds - startsAtSeconds;
  const rate = formatRational(inverse(timeBase));
  throw new SrvidError(
    'SRVID_ENCODER_UNAVAILABLE',
    `The ${container ? `container ${container}` : `encoder ${encoder}`} counts frames, ${rate} a second for this source, but one is at ${since.toFixed(4)} s, ${(off * 1000).toFixed(1)} ms beside the count, and would be moved. Choose ${container ? 'a container that keeps any time, such as .mkv' : 'an encoder that keeps any time, such as libx264'}.`,
    { encoder, seconds: since },
  );
}

/** Watches whether the times of frames follow one rate, for a container that knows no other times. */
export class RateWatch {
  /** A frame was further from its place than times are rounded. */
  varies = false;
  #first: number | undefined;
  #frames = 0;

  constructor(
    readonly rate: Rational,
    private readonly timeBase: Rational,
  ) {}

  /** Takes the next frame's pts. */
  add(pts: number): void {
    this.#first ??= pts;
    const seconds = (pts - this.#first) * toNumber(this.timeBase);
    if (Math.abs(seconds - this.#frames++ / toNumber(this.rate)) > toleranceOf(this.timeBase)) this.varies = true;
  }
}
