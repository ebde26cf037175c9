import type { Blur } from '../options/blur.js';
import { CHROMA_SHIFT, type PlainFormat, type Plane, planesOf } from '../pipeline/frames/frame.js';
import { type BlurKernel, blurKernel, halvedKernel } from './kernel.js';
import { addNoise, type Noise } from './noise.js';

/** Harm that is done to pictures before a chain gets them: first blur, then noise. */
export interface Degradation {
  readonly blur: Blur | undefined;
  readonly noise: Noise | undefined;
}

/** Harms a frame in place. Noise is that of the seed. */
export type Degrade = (frame: Uint8Array, seed: number) => void;

/**
 * Luma above HIGHLIGHT stands for light that the sensor cuts off at WHITE: under diffraction it is taken to be BRIGHTER times as far
 * above, blurred, and cut off again, which leaves the halo of an overexposed lamp.
 */
const [HIGHLIGHT, WHITE, BRIGHTER] = [200, 235, 4];

/** Plans the harm to frames of planar YUV or gray. Beyond the edge a blur sees the edge's pixels. */
export function planDegradation(format: PlainFormat, { blur, noise }: Degradation): Degrade {
  const luma = blur && blurKernel(blur);
  const shift = CHROMA_SHIFT[format.kind];
  const chroma = luma && shift && (shift[0] + shift[1] > 0 ? halvedKernel(luma, shift) : luma);
  const cutsOff = blur?.kind === 'diffraction';
  return (frame, seed) => {
    if (luma)
      for (const [index, plane] of planesOf(format, frame).entries()) blurPlane(plane, index === 0 ? luma : (chroma as BlurKernel), cutsOff && index === 0);
    if (noise !== undefined) addNoise(frame, noise, seed);
  };
}

/** Convolves a plane in place. */
function blurPlane({ data, stride, width, height }: Plane, { side, weights }: BlurKernel, cutsOff: boolean): void {
  const reach = (side - 1) / 2;
  const padded = withEdges({ data, stride, width, height }, reach, (level) => level + (cutsOff ? (BRIGHTER - 1) * Math.max(level - HIGHLIGHT, 0) : 0));
  const paddedWidth = width + 2 * reach;
  const taps = [...weights].flatMap((weight, index) => (weight === 0 ? [] : [{ weight, at: Math.floor(index / side) * paddedWidth + (index % side) }]));
  const most = cutsOff ? WHITE : 255;
  const row = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (const { weight, at } of taps) {
      const from = y * paddedWidth + at;
      for (let x = 0; x < width; x++) row[x] = (row[x] as number) + weight * (padded[from + x] as number);
    }
    for (let x = 0; x < width; x++) data[y * stride + x] = Math.min(Math.max(Math.round(row[x] as number), 0), most);
  }
}

/** A plane with its edge repeated outwards, mapped. */
function withEdges({ data, stride, width, height }: Plane, reach: number, light: (level: number) => number): Float32Array {
  const [wide, high] = [width + 2 * reach, height + 2 * reach];
  const inside = (at: number, size: number) => Math.min(Math.max(at - reach, 0), size - 1);
  const padded = new Float32Array(wide * high);
  for (let y = 0; y < high; y++) for (let x = 0; x < wide; x++) padded[y * wide + x] = light(data[inside(y, height) * stride + inside(x, width)] as number);
  return padded;
}
