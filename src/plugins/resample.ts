import type { Plane } from '../pipeline/frame.js';

/**
 * Separable convolution in fixed point, any real scale. When shrinking, the kernel is widened by the ratio, so that it
 * filters before it drops samples.
 */
export interface ResamplePlan {
  readonly horizontal: Taps;
  readonly vertical: Taps;
  /** Fraction bits kept between the two passes; with none, what overshoots is clipped there, too. */
  readonly middleBits: number;
}

/** For each output sample: the first input sample it reads and `count` weights, 1.0 being 1 << 14. */
interface Taps {
  readonly count: number;
  readonly first: Int32Array;
  readonly weights: Int16Array;
}

/** What a sample weighs by its distance from the place asked for; 0 from `support` on. In input samples, when enlarging. */
export interface Kernel {
  readonly support: number;
  weight(distance: number): number;
}

/** Cubic convolution, Keys 1981 with a = -0.5, which is also Pillow's BICUBIC. */
export const CUBIC: Kernel = { support: 2, weight: cubic };

/** Sinc windowed by the middle lobe of a wider sinc, three lobes on each side (Duchon 1979); Pillow's LANCZOS. */
export const LANCZOS3: Kernel = { support: 3, weight: (distance) => (Math.abs(distance) < 3 ? sinc(distance) * sinc(distance / 3) : 0) };

export interface ResampleOptions {
  /**
   * Moves the sampling positions, in input samples: 0 keeps the outer edges of both pictures together; co-sited chroma
   * needs 0.25 × (1 - in / out) (its first sample sits on the first luma sample).
   */
  readonly shift?: { readonly x: number; readonly y: number };
  readonly kernel?: Kernel;
  /**
   * 'video': beyond the edges the outermost samples repeat, and fractions live on between the two passes. 'pillow': beyond
   * the edges there is nothing, and the first pass gives 8-bit samples, overshoot clipped; then the result is Pillow's, to
   * one level. Measurements that others made with Pillow need it.
   */
  readonly manner?: 'video' | 'pillow';
}

const WEIGHT_BITS = 14;
const MIDDLE_BITS = 6;

/** Plans a plane's change of size: cubic where no other kernel is given. */
export function planResample(
  input: { width: number; height: number },
  output: { width: number; height: number },
  { shift = { x: 0, y: 0 }, kernel = CUBIC, manner = 'video' }: ResampleOptions = {},
): ResamplePlan {
  return {
    horizontal: planTaps(input.width, output.width, shift.x, kernel, manner === 'video'),
    vertical: planTaps(input.height, output.height, shift.y, kernel, manner === 'video'),
    middleBits: manner === 'video' ? MIDDLE_BITS : 0,
  };
}

/** Scratch for `resample`: one for each thread and plan. */
export function resampleScratch(plan: ResamplePlan, inputHeight: number): Int16Array {
  return new Int16Array(plan.horizontal.first.length * inputHeight);
}

/** Resamples one 8-bit plane. `output.width` × `output.height` samples are written; both strides are in bytes. */
export function resample(plan: ResamplePlan, input: Plane, output: Plane, scratch: Int16Array): void {
  for (let y = 0; y < input.height; y++) {
    horizontalRow(plan.horizontal, input.data, y * input.stride, input.width, scratch, y * output.width, plan.middleBits);
  }
  if (plan.middleBits === 0) clip(scratch, output.width * input.height);
  for (let y = 0; y < output.height; y++) {
    verticalRow(plan.vertical, y, scratch, output.width, input.height, output.data, y * output.stride, plan.middleBits);
  }
}

function horizontalRow(taps: Taps, source: Uint8Array, from: number, width: number, target: Int16Array, to: number, middleBits: number): void {
  const { count, first, weights } = taps;
  const shift = WEIGHT_BITS - middleBits;
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

function clip(samples: Int16Array, count: number): void {
  for (let index = 0; index < count; index++) {
    const value = samples[index] as number;
    samples[index] = value < 0 ? 0 : value > 255 ? 255 : value;
  }
}

function verticalRow(taps: Taps, y: number, source: Int16Array, width: number, height: number, target: Uint8Array, to: number, middleBits: number): void {
  const { count, first, weights } = taps;
  const shift = WEIGHT_BITS + middleBits;
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
  const rows = Int32Array.from({ length: count }, (_, tap) => row(tap));
  const factors = weights.subarray(y * count, (y + 1) * count);
  for (let x = 0; x < width; x++) {
    let sum = round;
    for (let tap = 0; tap < count; tap++) sum += (source[(rows[tap] as number) + x] as number) * (factors[tap] as number);
    const value = sum >> shift;
    target[to + x] = value < 0 ? 0 : value > 255 ? 255 : value;
  }
}

function planTaps(input: number, output: number, offset: number, { support, weight }: Kernel, repeats: boolean): Taps {
  const ratio = input / output;
  const widening = Math.max(ratio, 1);
  const count = 2 * Math.ceil(support * widening);
  const first = new Int32Array(output);
  const weights = new Int16Array(output * count);
  for (let index = 0; index < output; index++) {
    const centre = (index + 0.5) * ratio - 0.5 + offset;
    const start = Math.floor(centre) - count / 2 + 1;
    first[index] = start;
    const counts = (at: number) => repeats || (at >= 0 && at < input);
    const exact = Array.from({ length: count }, (_, tap) => (counts(start + tap) ? weight((start + tap - centre) / widening) : 0));
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

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
