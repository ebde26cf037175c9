import type { Color } from '../../pipeline/frames/frame.js';
import { assumedMatrix } from '../../pipeline/frames/matrix.js';

/** Luma weights of red and blue. ITU-R BT.601-7 §2.5.1, BT.709-6 §3.2, BT.2020-2 table 4; SMPTE 240M; FCC. */
const LUMA_WEIGHTS = new Map<string, readonly [red: number, blue: number]>([
  ['bt709', [0.2126, 0.0722]],
  ['smpte170m', [0.299, 0.114]],
  ['bt470bg', [0.299, 0.114]],
  ['fcc', [0.3, 0.11]],
  ['smpte240m', [0.212, 0.087]],
  ['bt2020nc', [0.2627, 0.0593]],
]);

/** Fixed-point tables between Y'CbCr and R'G'B' (full range), 16 fraction bits. */
export interface ColorMatrix {
  readonly lumaOffset: number;
  /** Y' to 0..255. */
  readonly lumaGain: number;
  readonly redFromV: number;
  readonly greenFromU: number;
  readonly greenFromV: number;
  readonly blueFromU: number;
  /** Rows Y', Cb, Cr by columns R', G', B'. */
  readonly forward: readonly (readonly [number, number, number])[];
}

/**
 * A stream's colour with the matrix that its own height implies where it is untagged. A plugin that enlarges untagged
 * frames thus converts back by the same matrix.
 */
export function assumedColor(color: Color, height: number): Color {
  return { ...color, matrix: color.matrix ?? assumedMatrix(height) };
}

/**
 * The matrix for a stream's colour tags. Untagged streams get the matrix that players assume: BT.709 from 720 lines up,
 * BT.601 below; limited range.
 */
export function colorMatrix(color: Color, height: number): ColorMatrix {
  const fallback = assumedMatrix(height);
  const [red, blue] = LUMA_WEIGHTS.get(color.matrix ?? fallback) ?? (LUMA_WEIGHTS.get(fallback) as readonly [number, number]);
  const green = 1 - red - blue;
  const full = color.range === 'pc';
  const lumaSpan = full ? 255 : 219;
  const chromaSpan = full ? 255 : 224;
  const one = (value: number) => Math.round(value * 65536);
  const chromaGain = 255 / chromaSpan;
  return {
    lumaOffset: full ? 0 : 16,
    lumaGain: one(255 / lumaSpan),
    redFromV: one(2 * (1 - red) * chromaGain),
    greenFromU: one((-2 * (1 - blue) * blue * chromaGain) / green),
    greenFromV: one((-2 * (1 - red) * red * chromaGain) / green),
    blueFromU: one(2 * (1 - blue) * chromaGain),
    forward: [
      [one((red * lumaSpan) / 255), one((green * lumaSpan) / 255), one((blue * lumaSpan) / 255)],
      [one(-red / (2 * (1 - blue)) / chromaGain), one(-green / (2 * (1 - blue)) / chromaGain), one(0.5 / chromaGain)],
      [one(0.5 / chromaGain), one(-green / (2 * (1 - red)) / chromaGain), one(-blue / (2 * (1 - red)) / chromaGain)],
    ],
  };
}

/** Converts tight planes of yuv444 to packed RGB, full range. */
export function yuvToRgb(matrix: ColorMatrix, y: Uint8Array, u: Uint8Array, v: Uint8Array, rgb: Uint8Array): void {
  const count = y.length;
  for (let index = 0, out = 0; index < count; index++, out += 3) {
    const luma = ((y[index] as number) - matrix.lumaOffset) * matrix.lumaGain + 32768;
    const blueDifference = (u[index] as number) - 128;
    const redDifference = (v[index] as number) - 128;
    rgb[out] = clamp((luma + matrix.redFromV * redDifference) >> 16);
    rgb[out + 1] = clamp((luma + matrix.greenFromU * blueDifference + matrix.greenFromV * redDifference) >> 16);
    rgb[out + 2] = clamp((luma + matrix.blueFromU * blueDifference) >> 16);
  }
}

/** Converts packed RGB, full range, to tight planes of yuv444. */
export function rgbToYuv(matrix: ColorMatrix, rgb: Uint8Array, y: Uint8Array, u: Uint8Array, v: Uint8Array): void {
  const count = y.length;
  const [luma, blueDifference, redDifference] = matrix.forward as [Row, Row, Row];
  const lumaOffset = matrix.lumaOffset * 65536 + 32768;
  const chromaOffset = 128 * 65536 + 32768;
  for (let index = 0, from = 0; index < count; index++, from += 3) {
    const r = rgb[from] as number;
    const g = rgb[from + 1] as number;
    const b = rgb[from + 2] as number;
    y[index] = clamp((lumaOffset + luma[0] * r + luma[1] * g + luma[2] * b) >> 16);
    u[index] = clamp((chromaOffset + blueDifference[0] * r + blueDifference[1] * g + blueDifference[2] * b) >> 16);
    v[index] = clamp((chromaOffset + redDifference[0] * r + redDifference[1] * g + redDifference[2] * b) >> 16);
  }
}

type Row = readonly [number, number, number];

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
