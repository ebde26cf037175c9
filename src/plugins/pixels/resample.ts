import type { Plane } from '../../pipeline/frames/frame.js';
import type { Size } from '../contract.js';
import { KernelLayout, type Kernels, openKernels, VECTOR_BYTES } from './kernels.js';
import { alignedUp } from './padding.js';

/**
 * A resampling kernel: the weight of a sample by its distance from the sampling position, 0 from `support` on.
 * Distances are in input samples, when enlarging.
 */
export interface Kernel {
  readonly support: number;
  weight(distance: number): number;
}

/** Cubic convolution, Keys 1981 with a = -0.5, which is also Pillow's BICUBIC. */
export const CUBIC: Kernel = { support: 2, weight: cubic };

/** Sinc windowed by the middle lobe of a wider sinc, three lobes on each side (Duchon 1979); Pillow's LANCZOS. */
export const LANCZOS3: Kernel = { support: 3, weight: (distance) => (Math.abs(distance) < 3 ? sinc(distance) * sinc(distance / 3) : 0) };

/** Options of a resampler. */
export interface ResampleOptions {
  /**
   * Shift of the sampling positions, in input samples. 0 keeps the outer edges of both pictures together. Co-sited
   * chroma, whose first sample sits on the first luma sample, needs 0.25 × (1 - in / out).
   */
  readonly shift?: { readonly x: number; readonly y: number };
  /** The kernel; cubic where not given. */
  readonly kernel?: Kernel;
  /**
   * 'video': the outermost samples repeat beyond the edges, and fractions are kept between the two passes. 'pillow':
   * samples beyond the edges do not count, and the first pass gives 8-bit samples, clipped; the result then equals
   * Pillow's to one level. Comparisons with measurements made with Pillow need it.
   */
  readonly manner?: 'video' | 'pillow';
}

const WEIGHT_BITS = 14;
const MIDDLE_BITS = 6;

/**
 * Separable convolution of 8-bit planes in fixed point, from one size to another by any real factor. When shrinking,
 * the kernel is widened by the ratio, so that it filters before it drops samples. The loops are WebAssembly
 * (`assembly/resample.ts`). The memory is this object's own: one object for each thread and pair of sizes.
 */
export class Resampler {
  readonly #kernel: ResamplingKernels;
  readonly #bytes: Uint8Array;
  readonly #layout: Layout;
  readonly #taps: readonly [horizontal: Taps, vertical: Taps];
  /** Fraction bits kept between the two passes; without any, overshoot is clipped there, too. */
  readonly #middleBits: number;

  /** Cubic where no other kernel is given. */
  constructor(
    private readonly input: Size,
    private readonly output: Size,
    { shift = { x: 0, y: 0 }, kernel = CUBIC, manner = 'video' }: ResampleOptions = {},
  ) {
    const repeats = manner === 'video';
    this.#middleBits = repeats ? MIDDLE_BITS : 0;
    this.#taps = [planTaps(input.width, output.width, shift.x, kernel, repeats), planTaps(input.height, output.height, shift.y, kernel, repeats)];
    this.#layout = layOut(input, output, this.#taps);
    this.#kernel = openKernels(KERNELS, this.#layout.end);
    this.#bytes = new Uint8Array(this.#kernel.memory.buffer);
    for (const [pass, { first, weights }] of this.#taps.entries()) {
      this.#bytes.set(new Uint8Array(first.buffer), this.#layout.first[pass]);
      this.#bytes.set(new Uint8Array(weights.buffer), this.#layout.weights[pass]);
    }
  }

  /** Resamples one plane of the given sizes into `output`. Strides are in bytes. */
  run(input: Plane, output: Plane): void {
    const { source, middle, middleStride, result, resultStride, first, weights } = this.#layout;
    const [{ count: across }, { count: down }] = this.#taps;
    const { width, height } = this.input;
    copyRows(input.data, input.stride, this.#bytes.subarray(source), width, this.input);
    const bits = this.#middleBits;
    const clipped = bits === 0 ? 1 : 0;
    this.#kernel.horizontal(source, width, height, first[0], weights[0], across, middle, middleStride, this.output.width, WEIGHT_BITS - bits, clipped);
    this.#kernel.vertical(middle, middleStride, height, first[1], weights[1], down, result, resultStride, this.output.height, WEIGHT_BITS + bits);
    copyRows(this.#bytes.subarray(result), resultStride, output.data, output.stride, this.output);
  }
}

/** Taps of each output sample: the first input sample that it reads, and `count` weights, 1.0 being 1 << 14. */
interface Taps {
  readonly count: number;
  readonly first: Int32Array<ArrayBuffer>;
  readonly weights: Int16Array<ArrayBuffer>;
}

/** Offsets in a kernel's memory, in bytes; pairs are horizontal, vertical. */
interface Layout {
  readonly first: readonly [number, number];
  readonly weights: readonly [number, number];
  readonly source: number;
  readonly middle: number;
  readonly middleStride: number;
  readonly result: number;
  readonly resultStride: number;
  readonly end: number;
}

/** The exports of `assembly/resample.ts`, with their parameters. */
interface ResamplingKernels extends Kernels {
  readonly horizontal: (...parameters: readonly number[]) => void;
  readonly vertical: (...parameters: readonly number[]) => void;
}

const KERNELS = new URL('./resample.wasm', import.meta.url);

function copyRows(from: Uint8Array, fromStride: number, to: Uint8Array, toStride: number, { width, height }: Size): void {
  if (fromStride === width && toStride === width) to.set(from.subarray(0, width * height));
  else for (let y = 0; y < height; y++) to.set(from.subarray(y * fromStride, y * fromStride + width), y * toStride);
}

function layOut(input: Size, output: Size, [horizontal, vertical]: readonly [Taps, Taps]): Layout {
  const memory = new KernelLayout();
  const resultStride = alignedUp(output.width, VECTOR_BYTES / 2);
  const middleStride = 2 * resultStride;
  return {
    first: [memory.take(horizontal.first.byteLength), memory.take(vertical.first.byteLength)],
    weights: [memory.take(horizontal.weights.byteLength), memory.take(vertical.weights.byteLength)],
    source: memory.take(input.width * input.height),
    middle: memory.take(middleStride * input.height),
    middleStride,
    result: memory.take(resultStride * output.height),
    resultStride,
    end: memory.end,
  };
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
    // Rounding must not change the brightness of a flat area, so the heaviest tap gets the difference.
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
