import type { PlainFormat, Plane } from '../../dist/pipeline/frames/frame.js';
import { frameBytes, planesOf } from '../../dist/pipeline/frames/frame.js';

/** Cubic convolution with a = -0.5, straight from Keys 1981, eq. 15. */
export function keys(distance: number): number {
  const s = Math.abs(distance);
  if (s < 1) return 1.5 * s ** 3 - 2.5 * s ** 2 + 1;
  return s < 2 ? -0.5 * s ** 3 + 2.5 * s ** 2 - 4 * s + 2 : 0;
}

/** One row resampled in floating point: the kernel is widened when shrinking, edges repeat. */
export function resampleRow(row: readonly number[], output: number, shift = 0): number[] {
  const ratio = row.length / output;
  const widening = Math.max(1, ratio);
  return Array.from({ length: output }, (_, index) => {
    const centre = (index + 0.5) * ratio - 0.5 + shift;
    let [sum, weights] = [0, 0];
    for (let at = Math.ceil(centre - 2 * widening); at <= Math.floor(centre + 2 * widening); at++) {
      const weight = keys((at - centre) / widening);
      sum += weight * (row[Math.min(Math.max(at, 0), row.length - 1)] as number);
      weights += weight;
    }
    return sum / weights;
  });
}

/** A plane resampled in floating point, rows first, rounded at the end. */
export function resampleReference(input: Plane, output: { width: number; height: number }): Uint8Array {
  const rows = Array.from({ length: input.height }, (_, y) =>
    resampleRow([...input.data.subarray(y * input.stride, y * input.stride + input.width)], output.width),
  );
  const columns = Array.from({ length: output.width }, (_, x) =>
    resampleRow(
      rows.map((row) => row[x] as number),
      output.height,
    ),
  );
  const result = new Uint8ClampedArray(output.width * output.height);
  for (let y = 0; y < output.height; y++) for (let x = 0; x < output.width; x++) result[y * output.width + x] = columns[x]?.[y] as number;
  return new Uint8Array(result);
}

/** A tight plane around bytes. */
export function planeOf(data: Uint8Array, width: number, height: number): Plane {
  return { data, stride: width, width, height };
}

export function largestDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length}, ${b.length}`);
  let most = 0;
  for (let index = 0; index < a.length; index++) most = Math.max(most, Math.abs((a[index] as number) - (b[index] as number)));
  return most;
}

/** Peak signal to noise ratio in dB of 8-bit samples; infinite for equal ones. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length}, ${b.length}`);
  let squares = 0;
  for (let index = 0; index < a.length; index++) squares += ((a[index] as number) - (b[index] as number)) ** 2;
  return 10 * Math.log10(255 ** 2 / (squares / a.length));
}

/** A frame whose planes hold what `sample` says of plane, column and row. */
export function paint(format: PlainFormat, sample: (plane: number, x: number, y: number) => number): Uint8Array {
  const bytes = new Uint8Array(frameBytes(format));
  for (const [index, plane] of planesOf(format, bytes).entries()) {
    for (let y = 0; y < plane.height; y++) for (let x = 0; x < plane.stride; x++) plane.data[y * plane.stride + x] = Math.round(sample(index, x, y));
  }
  return bytes;
}
