/** One part of a line of pixels: what a network reads, and what of its result is kept. */
export interface Span {
  /** First pixel that is read. */
  readonly at: number;
  /** Pixels of the whole line from `from` up to, not including, `to` are kept. */
  readonly from: number;
  readonly to: number;
}

/**
 * Divides a line into windows of one length that overlap. A kept pixel has `overlap` read pixels on each side, or the
 * end of the line.
 * @param length a multiple of `unit`
 * @param window pixels that are read at once, a multiple of `unit`
 * @param unit windows begin, and kept parts end, at multiples of this
 */
export function spansOf(length: number, window: number, overlap: number, unit: number): readonly Span[] {
  if (length <= window) return [{ at: 0, from: 0, to: length }];
  // Fixed windows smaller than two overlaps keep what they can.
  const margin = Math.min(Math.ceil(overlap / unit), Math.floor((window / unit - 1) / 2)) * unit;
  const spans: Span[] = [];
  for (let from = 0; from < length; from = (spans.at(-1) as Span).to) {
    const at = Math.min(Math.max(0, from - margin), length - window);
    spans.push({ at, from, to: at + window >= length ? length : at + window - margin });
  }
  return spans;
}

/**
 * The side of square windows that keep within a bound of memory, as a multiple of `unit`; the smallest that has
 * something to keep beside its overlap where the bound is too tight.
 */
export function windowSide(bytesPerPixel: number, maxBytes: number, overlap: number, unit: number): number {
  const side = Math.floor(Math.sqrt(maxBytes / bytesPerPixel) / unit) * unit;
  const least = 2 * Math.ceil(overlap / unit) * unit + Math.max(unit, Math.ceil(16 / unit) * unit);
  return Math.max(side, least);
}

/** The smallest number of pixels whose multiples are whole pixels at this scale, too; undefined for scales without one up to 16. */
export function wholeStep(scale: number): number | undefined {
  for (let step = 1; step <= 16; step++) if (Math.abs(step * scale - Math.round(step * scale)) < 1e-6) return step;
  return undefined;
}
