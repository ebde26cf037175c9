/** Weight of a whole sample in the bilinear taps. */
export const WHOLE_WEIGHT = 1 << 14;

/** One axis of an enlargement by any real factor. Samples sit in the middle of their pixels, and both pictures share their outer edges. */
export interface Axis {
  readonly outputs: number;
  /** For each output sample, the input sample whose pixel its middle lies in; on an edge between two, the second. */
  readonly nearest: Int32Array;
  /** For each output sample, the number of its place in that pixel. At whole and simple factors there are few. */
  readonly phase: Int32Array;
  /** The places: distance from the input pixel's middle to the output sample, -1 and 1 being the pixel's edges. */
  readonly places: Float32Array;
  /** For each output sample, the first of the two input samples of bilinear interpolation. Where there are two, the second exists. */
  readonly first: Int32Array;
  /** Weight of the second one, of `WHOLE_WEIGHT`. Samples beyond the ends repeat the outermost. */
  readonly second: Int32Array;
}

/** Plans one axis, exactly: in whole numbers, of which a place is a fraction. */
export function planAxis(inputs: number, outputs: number): Axis {
  const pixel = 2 * outputs;
  const [nearest, phase, first, second] = Array.from({ length: 4 }, () => new Int32Array(outputs)) as [Int32Array, Int32Array, Int32Array, Int32Array];
  const phases = new Map<number, number>();
  for (let at = 0; at < outputs; at++) {
    const middle = (2 * at + 1) * inputs;
    nearest[at] = Math.floor(middle / pixel);
    const within = middle % pixel;
    if (!phases.has(within)) phases.set(within, phases.size);
    phase[at] = phases.get(within) as number;
    const before = Math.floor((middle - outputs) / pixel);
    first[at] = Math.min(Math.max(before, 0), Math.max(inputs - 2, 0));
    const share = before < 0 || inputs === 1 ? 0 : before > inputs - 2 ? 1 : (middle - outputs - before * pixel) / pixel;
    second[at] = Math.round(share * WHOLE_WEIGHT);
  }
  return { outputs, nearest, phase, places: Float32Array.from(phases.keys(), (within) => within / outputs - 1), first, second };
}
