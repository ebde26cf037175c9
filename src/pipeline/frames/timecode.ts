import { type Rational, toNumber } from './time.js';

/** "01:02:03:04", with ";" or "." before the frames where numbers are dropped. */
const TIMECODE = /^(\d{2}):([0-5]\d):([0-5]\d)([:;.])(\d{2})$/;
const MINUTES_A_DAY = 24 * 60;

/**
 * The timecode `frames` after another, by SMPTE ST 12-1. With drop-frame counting (a ";" or "." before the frames) the
 * first two numbers of each minute are left out, four at 60 frames a second, except in every tenth minute. Undefined
 * where the text is no timecode.
 */
export function advanceTimecode(timecode: string, frames: number, frameRate: Rational): string | undefined {
  const [, hours, minutes, seconds, mark, first] = TIMECODE.exec(timecode.trim()) ?? [];
  const rate = Math.round(toNumber(frameRate));
  if (mark === undefined || rate < 1) return undefined;
  const dropped = mark !== ':' && rate % 30 === 0 ? rate / 15 : 0;
  const minute = Number(hours) * 60 + Number(minutes);
  const before = (minute * 60 + Number(seconds)) * rate + Number(first) - dropped * (minute - Math.floor(minute / 10));
  const aTenth = 600 * rate - 9 * dropped;
  const count = (before + frames) % ((MINUTES_A_DAY / 10) * aTenth);
  const tenths = Math.floor(count / aTenth);
  // The first minute of ten is the only complete one.
  const within = Math.floor(Math.max(0, (count % aTenth) - dropped) / (60 * rate - dropped));
  const number = count + dropped * (9 * tenths + within);
  const second = Math.floor(number / rate);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}${mark}${two(number % rate)}`;
}
