import type { Plane } from '../pipeline/frame.js';

/**
 * Separable cubic convolution in fixed point, any real scale (Keys 1981, a = -0.5, which is also Pillow's BICUBIC).
 * When shrinking, the kernel is widened by the ratio, so that it filters before it drops samples.
 */
export interface ResamplePlan {
  readonly horizontal: Taps;
  readonly vertical: Taps;
}

/** For each output sample: the first input sample it reads and `count` weights, 1.0 being 1 << 14. Edges repeat. */
interface Taps {
  readonly count: number;
  readonly first: Int32Array;
  readonly weights: Int16Array;
}

const WEIGHT_BITS = 14;
/** Fraction bits kept between the two passes. */
const MIDDLE_BITS = 6;

/**
 * Plans a plane's change of size. `shift` moves the sampling positions, in input samples: 0 keeps the outer edges of
 * both pictures together; co-sited chroma needs 0.25 × (1 - in / out) (its first sample sits on the first luma sample).
 */
export function planResample(
  input: { width: number; height: number },
  output: { width: number; height: number },
  shift: { x: number; y: number } = { x: 0, y: 0 },
): ResamplePlan {
  return { horizontal: planTaps(input.width, output.width, shift.x), vertical: planTaps(input.height, output.height, shift.y) };
}

/** Scratch for `resample`: one for each thread and plan. */
export function resampleScratch(plan: ResamplePlan, inputHeight: number): Int16Array {
  return new Int16Array(plan.horizontal.first.length * inputHeight);
}

/** Resamples one 8-bit plane. `output.width` × `output.height` samples are written; both strides are in bytes. */
export function resample(plan: ResamplePlan, input: Plane, output: Plane, scratch: Int16Array): void {
  for (let y = 0; y < input.height; y++) {
    horizontalRow(plan.horizontal, input.data, y * input.stride, input.width, scratch, y * output.width);
  }
  for (let y = 0; y < output.height; y++) {
    verticalRow(plan.vertical, y, scratch, output.width, input.height, output.data, y * output.stride);
  }
}

function horizontalRow(taps: Taps, source: Uint8Array, from: number, width: number, target: Int16Array, to: number): void {
  const { count, first, weights } = taps;
  const shift = WEIGHT_BITS - MIDDLE_BITS;
  const round = 1 << (shift - 1);
  const last = width - 1;
  for (let x = 0; x < first.length; x++) {
    const start = first[x] as number;
    const base = x * count;
    let sum = round;
    if (count === 4 && start >= 0 && start + 3 <= last) {
      const at = from + start;
      sum +=
        (source[at] as number) * (weights[base] as number) +
        (source[at + 1] as number) * (weights[base + 1] as number) +
        (source[at + 2] as number) * (weights[base + 2] as number) +
        (source[at + 3] as number) * (weights[base + 3] as number);
    } else {
      for (let tap = 0; tap < count; tap++) {
        const index = Math.min(Math.max(start + tap, 0), last);
        sum += (source[from + index] as number) * (weights[base + tap] as number);
      }
    }
    target[to + x] = sum >> shift;
  }
}

function verticalRow(taps: Taps, y: number, source: Int16Array, width: number, height: number, target: Uint8Array, to: number): void {
  const { count, first, weights } = taps;
  const shift = WEIGHT_BITS + MIDDLE_BITS;
  const round = 1 << (shift - 1);
  const start = first[y] as number;
  const row = (tap: number) => Math.min(Math.max(start + tap, 0), height - 1) * width;
  const weight = (tap: number) => weights[y * count + tap] as number;
  if (count === 4) {
    const [r0, r1, r2, r3] = [row(0), row(1), row(2), row(3)];
    const [w0, w1, w2, w3] = [weight(0), weight(1), weight(2), weight(3)];
    for (let x = 0; x < width; x++) {
      const sum = (source[r0 + x] as number) * w0 + (source[r1 + x] as number) * w1 + (source[r2 + x] as number) * w2 + (source[r3 + x] as number) * w3 + round;
      const value = sum >> shift;
      target[to + x] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
    return;
  }
  for (let x = 0; x < width; x++) {
    let sum = round;
    for (let tap = 0; tap < count; tap++) sum += (source[row(tap) + x] as number) * weight(tap);
    const value = sum >> shift;
    target[to + x] = value < 0 ? 0 : value > 255 ? 255 : value;
  }
}

function planTaps(input: number, output: number, offset: number): Taps {
  const ratio = input / output;
  const widening = Math.max(ratio, 1);
  const count = Math.max(4, 2 * Math.ceil(2 * widening));
  const first = new Int32Array(output);
  const weights = new Int16Array(output * count);
  for (let index = 0; index < output; index++) {
    const centre = (index + 0.5) * ratio - 0.5 + offset;
    const start = Math.floor(centre) - count / 2 + 1;
    first[index] = start;
    const exact = Array.from({ length: count }, (_, tap) => cubic((start + tap - centre) / widening));
    const sum = exact.reduce((total, value) => total + value, 0);
    const fixed = exact.map((value) => Math.round((value / sum) * (1 << WEIGHT_BITS)));
    // Rounding must not change the brightness of a flat area: what is missing goes to the heaviest tap.
    const heaviest = fixed.indexOf(Math.max(...fixed));
    fixed[heaviest] = (fixed[heaviest] as number) + (1 << WEIGHT_BITS) - fixed.reduce((total, value) => total + value, 0);
    weights.set(fixed, index * count);
  }
  return { count, first, weights };
}

function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}
