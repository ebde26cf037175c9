import type { Plane } from '../pipeline/frames/frame.js';

/** PSNR of equal pictures. An infinite value would make every mean infinite. */
export const MAX_PSNR = 100;

const PEAK = 255;
const RADIUS = 5;
/** A Gaussian with 11 taps and sigma 1.5. The taps add up to 1. */
const WINDOW = gaussian();
const TAPS = WINDOW.length;
/** SSIM's constants C1 = (0.01 × 255)² and C2 = (0.03 × 255)². */
const [C1, C2] = [(0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2];

/**
 * Peak signal-to-noise ratio in dB of two planes of equal size, without the outermost `border` pixels. At most MAX_PSNR.
 * For rgb24 planes the error is taken over all three channels.
 */
export function psnr(a: Plane, b: Plane, border: number, samplesPerPixel = 1): number {
  const [from, to] = [border * samplesPerPixel, (a.width - border) * samplesPerPixel];
  let squares = 0;
  for (let y = border; y < a.height - border; y++) {
    for (let x = from; x < to; x++) squares += ((a.data[y * a.stride + x] as number) - (b.data[y * b.stride + x] as number)) ** 2;
  }
  const mean = squares / ((to - from) * (a.height - 2 * border));
  return Math.min(MAX_PSNR, 10 * Math.log10(PEAK ** 2 / mean));
}

/**
 * Structural similarity (Wang et al. 2004, doi 10.1109/TIP.2003.819861): 11x11 Gaussian window, sigma 1.5, K1 0.01, K2
 * 0.03. The mean over all positions at which the window lies inside the border.
 */
export function ssim(a: Plane, b: Plane, border: number): number {
  const width = a.width - 2 * border;
  const height = a.height - 2 * border;
  const columns = width - 2 * RADIUS;
  // A ring buffer of horizontally blurred rows, as long as the window is high. It needs little memory and stays in the
  // cache.
  const rows = Array.from({ length: TAPS }, () => new BlurredRow(columns));
  const window = new BlurredRow(columns);
  let sum = 0;
  for (let y = 0; y < height; y++) {
    (rows[y % TAPS] as BlurredRow).fill(a.data, (y + border) * a.stride + border, b.data, (y + border) * b.stride + border);
    if (y >= TAPS - 1) sum += similarityOfRow(rows, y + 1, window);
  }
  return sum / (columns * (height - 2 * RADIUS));
}

/** True if SSIM's window fits inside the border. */
export function isMeasurable(width: number, height: number, border: number): boolean {
  return Math.min(width, height) - 2 * border >= TAPS;
}

/** One row of the means that SSIM needs, over the window's columns. */
class BlurredRow {
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** Mean of a² + b². SSIM needs only the sum of the two variances. */
  readonly squares: Float64Array;
  readonly products: Float64Array;

  constructor(readonly columns: number) {
    this.a = new Float64Array(columns);
    this.b = new Float64Array(columns);
    this.squares = new Float64Array(columns);
    this.products = new Float64Array(columns);
  }

  /** Blurs one row of both planes horizontally. */
  fill(a: Uint8Array, fromA: number, b: Uint8Array, fromB: number): void {
    for (let x = 0; x < this.columns; x++) {
      let [meanA, meanB, squares, products] = [0, 0, 0, 0];
      for (let tap = 0; tap < TAPS; tap++) {
        const weight = WINDOW[tap] as number;
        const [p, q] = [a[fromA + x + tap] as number, b[fromB + x + tap] as number];
        meanA += weight * p;
        meanB += weight * q;
        squares += weight * (p * p + q * q);
        products += weight * p * q;
      }
      this.a[x] = meanA;
      this.b[x] = meanB;
      this.squares[x] = squares;
      this.products[x] = products;
    }
  }

  clear(): void {
    for (const values of [this.a, this.b, this.squares, this.products]) values.fill(0);
  }

  add(row: BlurredRow, weight: number): void {
    addScaled(this.a, row.a, weight);
    addScaled(this.b, row.b, weight);
    addScaled(this.squares, row.squares, weight);
    addScaled(this.products, row.products, weight);
  }
}

function addScaled(sums: Float64Array, values: Float64Array, weight: number): void {
  for (let x = 0; x < sums.length; x++) sums[x] = (sums[x] as number) + weight * (values[x] as number);
}

/** Sum of the similarity over a row. `oldest` is the ring's row for the window's first tap. */
function similarityOfRow(rows: readonly BlurredRow[], oldest: number, window: BlurredRow): number {
  window.clear();
  for (let tap = 0; tap < TAPS; tap++) window.add(rows[(oldest + tap) % TAPS] as BlurredRow, WINDOW[tap] as number);
  let sum = 0;
  for (let x = 0; x < window.columns; x++) {
    const [meanA, meanB] = [window.a[x] as number, window.b[x] as number];
    const means = meanA * meanA + meanB * meanB;
    const product = meanA * meanB;
    sum += ((2 * product + C1) * (2 * ((window.products[x] as number) - product) + C2)) / ((means + C1) * ((window.squares[x] as number) - means + C2));
  }
  return sum;
}

/** Mean of a plane's samples, from 0 to 255. */
export function meanOf({ data, stride, width, height }: Plane): number {
  let sum = 0;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) sum += data[y * stride + x] as number;
  return sum / (width * height);
}

/** The difference between result and original, sample by sample, without the border. */
export function errorOf(result: Plane, truth: Plane, border: number): Int16Array {
  const width = result.width - 2 * border;
  const error = new Int16Array(width * (result.height - 2 * border));
  for (let y = border, at = 0; y < result.height - border; y++) {
    for (let x = border; x < border + width; x++, at++) {
      error[at] = (result.data[y * result.stride + x] as number) - (truth.data[y * truth.stride + x] as number);
    }
  }
  return error;
}

/**
 * Flicker between two frames: the mean absolute change of the error, in levels of 0 to 255. A constant error is a loss of
 * detail; one that comes and goes is visible as flicker.
 */
export function flickerOf(before: Int16Array, now: Int16Array): number {
  let sum = 0;
  for (let index = 0; index < now.length; index++) sum += Math.abs((now[index] as number) - (before[index] as number));
  return sum / now.length;
}

function gaussian(): Float64Array {
  const weights = Array.from({ length: 2 * RADIUS + 1 }, (_, index) => Math.exp(-0.5 * ((index - RADIUS) / 1.5) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float64Array.from(weights, (weight) => weight / sum);
}
