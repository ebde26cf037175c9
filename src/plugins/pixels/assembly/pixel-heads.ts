// The loops of `pixel-heads.ts` around the networks of a pixel-adaptive enlargement, in AssemblyScript for WebAssembly with 128-bit
// SIMD. All memory belongs to the caller, who lays it out. Luma and results are 8 bits; a base is 16 bits, 1/64 of a level.

/**
 * Enlarges one row bilinearly between two rows of `width` samples, the second of which counts `below` of 1 << 14. Output x reads
 * two samples from `first[x]` on, weighted by a pair of 16-bit weights, 1.0 = 1 << 14. `middle` has room for 2 x (width + 8) bytes.
 */
export function base(above: usize, under: usize, below: i32, width: i32, middle: usize, first: usize, weights: usize, outputs: i32, target: usize): void {
  const pair = i32x4.splat(((1 << 14) - below) | (below << 16));
  const half = i32x4.splat(1 << 6);
  for (let x = 0; x < width; x += 8) {
    const a = v128.load64_zero(above + x);
    const b = v128.load64_zero(under + x);
    const both = v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const low = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(both), pair), half), 7);
    const high = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(both), pair), half), 7);
    v128.store(middle + 2 * x, i16x8.narrow_i32x4_s(low, high));
  }
  const round = i32x4.splat(1 << 14);
  for (let x = 0; x < outputs; x += 4) {
    let samples = v128.load32_zero(middle + 2 * load<i32>(first + 4 * x));
    samples = v128.load32_lane(middle + 2 * load<i32>(first + 4 * x, 4), samples, 1);
    samples = v128.load32_lane(middle + 2 * load<i32>(first + 4 * x, 8), samples, 2);
    samples = v128.load32_lane(middle + 2 * load<i32>(first + 4 * x, 12), samples, 3);
    const sums = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(samples, v128.load(weights + 4 * x)), round), 15);
    v128.store64_lane(target + 2 * x, i16x8.narrow_i32x4_s(sums, sums), 0);
  }
}

/**
 * Parts the pixels of one output row: those whose difficulty, by the input pixel nearest to them, plus `column[x]` is above
 * `limit` go to the list `heavy`, the others to `light`, 32 bits each. `map` gets a byte for each, 1 for a heavy one.
 * @returns the number of heavy ones
 */
export function part(difficulty: usize, nearest: usize, column: usize, limit: f32, outputs: i32, map: usize, heavy: usize, light: usize): i32 {
  let heavies = 0;
  for (let x = 0; x < outputs; x++) {
    const above = <i32>(load<f32>(difficulty + 4 * load<i32>(nearest + 4 * x)) + load<f32>(column + 4 * x) > limit);
    store<u8>(map + x, above);
    store<i32>(heavy + 4 * heavies, x);
    store<i32>(light + 4 * (x - heavies), x);
    heavies += above;
  }
  return heavies;
}

/**
 * Counts the difficulties of one output row, by `bins` steps of 1 / `perUnit` around 0; what lies beyond counts at the ends.
 */
export function count(difficulty: usize, nearest: usize, column: usize, row: f32, outputs: i32, histogram: usize, bins: i32, perUnit: f32): void {
  for (let x = 0; x < outputs; x++) {
    const value = load<f32>(difficulty + 4 * load<i32>(nearest + 4 * x)) + load<f32>(column + 4 * x) + row;
    const bin = min(max(<i32>Mathf.floor(value * perUnit) + (bins >> 1), 0), bins - 1);
    store<i32>(histogram + 4 * bin, load<i32>(histogram + 4 * bin) + 1);
  }
}

/**
 * First layer of a head on listed pixels of one output row, in bytes: the features of the nearest input pixel (`size` bytes each,
 * zero point 128) times `gain`, plus `row` and that of `columns` which belongs to the pixel's `phase` (16 bits for each feature; `row`
 * has 32 more for rounding), all in 1/64 of a step, cut off to 0..255. `size` is a multiple of 16.
 */
export function firstLayerOfBytes(
  features: usize,
  nearest: usize,
  phase: usize,
  listed: usize,
  listedCount: i32,
  row: usize,
  columns: usize,
  gain: i32,
  size: i32,
  target: usize,
): void {
  const factor = i16x8.splat(<i16>gain);
  const flip = i8x16.splat(-128);
  for (let index = 0; index < listedCount; index++) {
    const x = load<i32>(listed + 4 * index);
    const from = features + load<i32>(nearest + 4 * x) * size;
    const by = columns + 2 * load<i32>(phase + 4 * x) * size;
    for (let at = 0; at < size; at += 16) {
      const values = v128.xor(v128.load(from + at), flip);
      const low = oneHalf(i16x8.mul(i16x8.extend_low_i8x16_s(values), factor), row + 2 * at, by + 2 * at);
      const high = oneHalf(i16x8.mul(i16x8.extend_high_i8x16_s(values), factor), row + 2 * at + 16, by + 2 * at + 16);
      v128.store(target + at, i8x16.narrow_i16x8_u(low, high));
    }
    target += size;
  }
}

// @ts-expect-error: a decorator of AssemblyScript's
@inline
function oneHalf(values: v128, row: usize, column: usize): v128 {
  return i16x8.shr_s(i16x8.add_sat_s(i16x8.add_sat_s(values, v128.load(row)), v128.load(column)), 6);
}

/** The same layer in 32-bit floats: features plus row plus column, nothing below 0. */
export function firstLayerOfFloats(
  features: usize,
  nearest: usize,
  phase: usize,
  listed: usize,
  listedCount: i32,
  row: usize,
  columns: usize,
  size: i32,
  target: usize,
): void {
  const zero = f32x4.splat(0);
  for (let index = 0; index < listedCount; index++) {
    const x = load<i32>(listed + 4 * index);
    const from = features + 4 * load<i32>(nearest + 4 * x) * size;
    const by = columns + 4 * load<i32>(phase + 4 * x) * size;
    for (let at = 0; at < 4 * size; at += 16) {
      const sum = f32x4.add(f32x4.add(v128.load(from + at), v128.load(row + at)), v128.load(by + at));
      v128.store(target + at, f32x4.max(sum, zero));
    }
    target += 4 * size;
  }
}

/** Notes for listed pixels of one row, which begins at `start` of the picture, their places and their bases. */
export function note(listed: usize, listedCount: i32, start: i32, bases: usize, places: usize, notedBases: usize): void {
  for (let index = 0; index < listedCount; index++) {
    const x = load<i32>(listed + 4 * index);
    store<i32>(places + 4 * index, start + x);
    store<i16>(notedBases + 2 * index, load<i16>(bases + 2 * x));
  }
}

/** Adds residuals in bytes, with zero point 128 and a step of `factor` / 2^14 levels, to noted bases, and writes the sums to their places. */
export function addBytes(residuals: usize, noted: i32, factor: i32, places: usize, notedBases: usize, target: usize): void {
  for (let index = 0; index < noted; index++) {
    const sum = (<i32>load<i16>(notedBases + 2 * index) << 8) + (<i32>load<u8>(residuals + index) - 128) * factor;
    store<u8>(target + load<i32>(places + 4 * index), <u8>min(max((sum + (1 << 13)) >> 14, 0), 255));
  }
}

/** The same for residuals in floats, of which 1 is `factor` levels. */
export function addFloats(residuals: usize, noted: i32, factor: f32, places: usize, notedBases: usize, target: usize): void {
  for (let index = 0; index < noted; index++) {
    const sum = <f32>load<i16>(notedBases + 2 * index) / 64 + load<f32>(residuals + 4 * index) * factor;
    store<u8>(target + load<i32>(places + 4 * index), <u8>min(max(<i32>Mathf.floor(sum + 0.5), 0), 255));
  }
}

/**
 * Writes a picture in which each light pixel with a heavy one among its eight neighbours is the mean of itself and them. The outermost
 * rows and columns stay as they are. `map` has 1 for heavy pixels; picture and map have VECTOR spare bytes behind them.
 */
export function refine(picture: usize, map: usize, width: i32, height: i32, target: usize): void {
  memory.copy(target, picture, width * height);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x += 16) {
      const at = y * width + x;
      let near = i8x16.splat(0);
      for (let dy = -1; dy <= 1; dy++) {
        const row = map + at + dy * width;
        near = v128.or(near, v128.or(v128.or(v128.load(row - 1), v128.load(row)), v128.load(row + 1)));
      }
      let chosen = i8x16.gt_s(v128.andnot(near, v128.load(map + at)), i8x16.splat(0));
      if (!v128.any_true(chosen)) continue;
      if (x + 16 > width - 1) chosen = v128.and(chosen, firstOf(width - 1 - x));
      let low = i16x8.splat(0);
      let high = i16x8.splat(0);
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const values = v128.load(picture + at + dy * width + dx);
          low = i16x8.add(low, i16x8.extend_low_i8x16_u(values));
          high = i16x8.add(high, i16x8.extend_high_i8x16_u(values));
        }
      }
      // 3641 / 2^15 is a ninth, near enough that no sum of nine bytes is rounded otherwise.
      const ninth = i16x8.splat(3641);
      const means = i8x16.narrow_i16x8_u(i16x8.q15mulr_sat_s(low, ninth), i16x8.q15mulr_sat_s(high, ninth));
      v128.store(target + at, v128.bitselect(means, v128.load(target + at), chosen));
    }
  }
}

/** A mask of a vector's first bytes. */
function firstOf(bytes: i32): v128 {
  const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return i8x16.lt_s(places, i8x16.splat(<i8>bytes));
}

/** Paints decisions over a picture: light pixels are darkened to half, heavy ones are as much brighter as fits. */
export function paint(picture: usize, map: usize, pixels: i32, target: usize): void {
  for (let at = 0; at < pixels; at += 16) {
    const half = v128.and(i16x8.shr_u(v128.load(picture + at), 1), i8x16.splat(127));
    const bright = v128.and(i8x16.neg(v128.load(map + at)), i8x16.splat(127));
    v128.store(target + at, i8x16.add(half, bright));
  }
}
