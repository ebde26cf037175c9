import type { Blur } from '../options/blur.js';

/** A square of weights whose sum is 1, row by row; `side` is odd. */
export interface BlurKernel {
  readonly side: number;
  readonly weights: Float64Array;
}

/** Pixels from a kernel's middle to its edge, and the side of every kernel at full size. */
const REACH = 12;
const SIDE = 2 * REACH + 1;

/** The kernel of a blur, 25x25, as the trainer's `data/blur.py` has it. */
export function blurKernel({ kind, size, degrees }: Blur): BlurKernel {
  const angle = (degrees * Math.PI) / 180;
  if (kind === 'gaussian') return whole((x, y) => Math.exp(-0.5 * ((x * x + y * y) / (size * size))));
  if (kind === 'defocus') return whole((x, y) => Math.min(Math.max(size + 0.5 - Math.hypot(x, y), 0), 1));
  if (kind === 'motion') return motion(size, angle);
  const power = diffraction(size, angle);
  return whole((x, y) => power(x, y) ** 0.75);
}

/** The kernel for planes of half the width, height or both: smoothed by 1/4, 1/2, 1/4, and every second value taken. */
export function halvedKernel({ side, weights }: BlurKernel, [acrossShift, downShift]: readonly [x: number, y: number]): BlurKernel {
  const at = (x: number, y: number) => (x < 0 || y < 0 || x >= side || y >= side ? 0 : (weights[y * side + x] as number));
  const taps = (shift: number) => (shift === 0 ? [[0, 1]] : [-1, 0, 1].map((step) => [step, step === 0 ? 0.5 : 0.25]));
  const middle = (side - 1) / 2;
  return whole((x, y) => {
    let sum = 0;
    for (const [down = 0, share = 0] of taps(downShift))
      for (const [across = 0, part = 0] of taps(acrossShift)) sum += share * part * at(middle + (x << acrossShift) + across, middle + (y << downShift) + down);
    return sum;
  });
}

/** A kernel of values by their distance from the middle, divided by their sum. */
function whole(valueAt: (x: number, y: number) => number): BlurKernel {
  const weights = Float64Array.from({ length: SIDE * SIDE }, (_, index) => valueAt((index % SIDE) - REACH, Math.floor(index / SIDE) - REACH));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { side: SIDE, weights: weights.map((weight) => weight / sum) };
}

/** A straight movement, sampled finely; each sample is shared out among the pixels around it. */
function motion(length: number, angle: number): BlurKernel {
  const found = new Float64Array(SIDE * SIDE);
  const samples = 8 * SIDE;
  for (let sample = 0; sample < samples; sample++) {
    const along = length * (sample / (samples - 1) - 0.5);
    const [x, y] = [REACH + along * Math.cos(angle), REACH + along * Math.sin(angle)];
    const [left, top] = [Math.floor(x), Math.floor(y)];
    for (const [across, down] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const [column, row] = [left + across, top + down];
      if (column < 0 || row < 0 || column >= SIDE || row >= SIDE) continue;
      const at = row * SIDE + column;
      found[at] = (found[at] as number) + (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
    }
  }
  return whole((x, y) => found[(y + REACH) * SIDE + x + REACH] as number);
}

/** Samples of the aperture on each side. */
const APERTURE = 64;

/**
 * The power spectrum of an aperture that two bars cross, as behind a screen: a bright core with spikes along both. Frequencies are
 * those of the aperture padded to `spread` times its side.
 */
function diffraction(spread: number, angle: number): (x: number, y: number) => number {
  const open: (readonly [x: number, y: number])[] = [];
  const place = (index: number) => -1 + (2 * index) / (APERTURE - 1);
  const isBar = (turned: number) => Math.abs(((((turned * 2) % 1) + 1) % 1) - 0.5) < 0.12;
  for (let row = 0; row < APERTURE; row++) {
    for (let column = 0; column < APERTURE; column++) {
      const [x, y] = [place(column), place(row)];
      const [across, down] = [x * Math.cos(angle) + y * Math.sin(angle), y * Math.cos(angle) - x * Math.sin(angle)];
      if (Math.hypot(x, y) < 0.9 && !isBar(across) && !isBar(down)) open.push([column, row]);
    }
  }
  const side = Math.round(APERTURE * spread);
  return (x, y) => {
    let [real, imaginary] = [0, 0];
    for (const [column, row] of open) {
      const phase = (-2 * Math.PI * (x * column + y * row)) / side;
      real += Math.cos(phase);
      imaginary += Math.sin(phase);
    }
    return real * real + imaginary * imaginary;
  };
}
