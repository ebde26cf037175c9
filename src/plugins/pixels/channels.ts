/** Unpacks RGB (r, g, b, r, g, b ...) into one plane a channel, NCHW with n = 1. `planar` is as long as `packed`. */
export function toPlanar(packed: Uint8Array, planar: Uint8Array): void {
  const count = packed.length / 3;
  for (let pixel = 0, from = 0; pixel < count; pixel++, from += 3) {
    planar[pixel] = packed[from] as number;
    planar[count + pixel] = packed[from + 1] as number;
    planar[2 * count + pixel] = packed[from + 2] as number;
  }
}

/** Packs planes of red, green and blue into RGB: the inverse of `toPlanar`. */
export function toPacked(planar: Uint8Array, packed: Uint8Array): void {
  const count = planar.length / 3;
  for (let pixel = 0, to = 0; pixel < count; pixel++, to += 3) {
    packed[to] = planar[pixel] as number;
    packed[to + 1] = planar[count + pixel] as number;
    packed[to + 2] = planar[2 * count + pixel] as number;
  }
}
