import { SrvidError } from '../../errors.js';

/** An exact fraction, `num / den`, `den` > 0. Time bases (seconds a tick), frame rates and aspect ratios are Rationals. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

/** `num / den` in lowest terms. */
export function rational(num: number, den: number): Rational {
  const divisor = greatestCommonDivisor(Math.abs(num), Math.abs(den)) || 1;
  const sign = den < 0 ? -1 : 1;
  return { num: (sign * num) / divisor, den: (sign * den) / divisor };
}

/** `1 / value`. */
export function inverse(value: Rational): Rational {
  return rational(value.den, value.num);
}

/** `num / den` as a floating-point number. */
export function toNumber(value: Rational): number {
  return value.num / value.den;
}

/** Parses "30000/1001" or "16:9". Undefined for "0/0", "N/A" and ffprobe's other texts for unknown. */
export function parseRational(text: string | undefined): Rational | undefined {
  const match = /^(\d+)[/:](\d+)$/.exec(text ?? '');
  if (!match) return undefined;
  const [num, den] = [Number(match[1]), Number(match[2])];
  return num === 0 || den === 0 || !Number.isSafeInteger(num) || !Number.isSafeInteger(den) ? undefined : rational(num, den);
}

/** The text that ffmpeg writes for a fraction, "30000/1001". */
export function formatRational(value: Rational, separator = '/'): string {
  return `${value.num}${separator}${value.den}`;
}

/** Converts a pts in ticks of `base` to seconds. */
export function ptsToSeconds(pts: number, base: Rational): number {
  return (pts * base.num) / base.den;
}

/**
 * Converts a pts from one time base to another, to the nearest tick, halves away from zero (ffmpeg's
 * AV_ROUND_NEAR_INF).
 */
export function rescale(pts: number, from: Rational, to: Rational): number {
  const numerator = BigInt(pts) * BigInt(from.num) * BigInt(to.den);
  const denominator = BigInt(from.den) * BigInt(to.num);
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (magnitude * 2n + denominator) / (denominator * 2n);
  return Number(numerator < 0n ? -rounded : rounded);
}

/**
 * Parses a time as people and ffmpeg write it, "90", "1:30", "00:01:30.5" or "1500ms", to seconds.
 * @throws SRVID_OPTION_INVALID naming `option`
 */
export function parseTime(text: string, option: string): number {
  const milliseconds = /^(\d+(?:\.\d+)?)ms$/.exec(text);
  if (milliseconds) return Number(milliseconds[1]) / 1000;
  const clock = /^(?:(\d+):)?(?:(\d{1,2}):)?(\d+(?:\.\d+)?)s?$/.exec(text);
  if (!clock) {
    throw new SrvidError('SRVID_OPTION_INVALID', `Expected ${option} to be a time such as 90, 1:30, 00:01:30.5 or 1500ms but received "${text}".`, {
      option,
      value: text,
    });
  }
  const [, first, second, seconds] = clock;
  const minutes = second ?? first ?? '0';
  const hours = second === undefined ? '0' : (first ?? '0');
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
