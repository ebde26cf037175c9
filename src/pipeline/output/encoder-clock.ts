import { SrvidError } from '../../errors.js';
import { formatRational, inverse, ptsToSeconds, type Rational, rescale, toNumber } from '../frames/time.js';

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
  /** The container that counts, where it is not the encoder: frames are put on its ticks, see `FrameCount`. */
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
export function assertOnClock(encoder: string, clock: EncoderClock, seconds: number, source: Rational): void {
  const off = secondsOffClock(clock, seconds);
  if (off <= toleranceOf(source)) return;
  const since = seconds - clock.startsAtSeconds;
  const rate = formatRational(inverse(clock.timeBase));
  throw new SrvidError(
    'SRVID_ENCODER_UNAVAILABLE',
    `The encoder ${encoder} counts frames, ${rate} a second for this source, but one is at ${since.toFixed(4)} s, ${(off * 1000).toFixed(1)} ms beside the count, and would be moved. Choose an encoder that keeps any time, such as libx264.`,
    { encoder, seconds: since },
  );
}

/**
 * Puts frames on the ticks of a container that knows one rate alone: each on the tick after the last frame's, unless it is shown a whole
 * tick later still, where a gap is left. So a frame that is late takes no other frame's place.
 */
export class FrameCount {
  #lastTick = Number.NEGATIVE_INFINITY;
  #moved = 0;
  #farthestSeconds = 0;

  constructor(
    private readonly clock: EncoderClock,
    private readonly timeBase: Rational,
  ) {}

  /** The pts of the next frame once it is on a tick; `pts` itself where it is on one, to within rounding. Both are ticks of the source. */
  place(pts: number): number {
    const { timeBase, startsAtSeconds } = this.clock;
    const tick = toNumber(timeBase);
    const since = ptsToSeconds(pts, this.timeBase) - startsAtSeconds;
    const tolerance = toleranceOf(this.timeBase);
    const [next, nearest] = [this.#lastTick + 1, Math.round(since / tick)];
    const place = since < (next + 1) * tick - tolerance ? next : Math.max(next, nearest);
    this.#lastTick = place;
    const off = Math.abs(since - place * tick);
    if (place === nearest && off <= tolerance) return pts;
    this.#moved++;
    this.#farthestSeconds = Math.max(this.#farthestSeconds, off);
    return rescale(place, timeBase, this.timeBase) + Math.round(startsAtSeconds / toNumber(this.timeBase));
  }

  /** A sentence about the frames that were moved; undefined where none was. */
  get loss(): string | undefined {
    if (this.#moved === 0) return undefined;
    const rate = formatRational(inverse(this.clock.timeBase));
    return `The container ${this.clock.container} knows one frame rate, here ${rate}, and ${this.#moved === 1 ? '1 frame' : `${this.#moved} frames`} lay beside it: each is at a time of that rate, at most ${(this.#farthestSeconds * 1000).toFixed(1)} ms away. Write .mkv to keep the time of every frame.`;
  }
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
