/** A picture's planes, one behind the other, in a network's layout. */
export interface Planes {
  /** Values of a tensor, [count, height, width]. */
  readonly data: Uint8Array | Float32Array;
  readonly width: number;
  readonly height: number;
}

/** The smallest multiple of `align` that is at least `length`. */
export function alignedUp(length: number, align: number): number {
  return Math.ceil(length / align) * align;
}

/**
 * Writes `from` into the upper left of the larger `into`, plane by plane, and fills the rest by repeating its last
 * column and row.
 */
export function copyPadded(from: Planes, into: Planes): void {
  if (from.width === into.width && from.height === into.height) {
    into.data.set(from.data);
    return;
  }
  for (let plane = 0; plane * from.width * from.height < from.data.length; plane++) {
    const start = plane * into.width * into.height;
    for (let y = 0; y < from.height; y++) {
      const row = start + y * into.width;
      const end = row + from.width;
      const source = (plane * from.height + y) * from.width;
      into.data.set(from.data.subarray(source, source + from.width), row);
      into.data.fill(into.data[end - 1] as number, end, row + into.width);
    }
    const last = start + (from.height - 1) * into.width;
    for (let y = from.height; y < into.height; y++) into.data.copyWithin(start + y * into.width, last, last + into.width);
  }
}

/** Writes the upper left of the larger `from` into `into`, plane by plane. */
export function copyCropped(from: Planes, into: Planes): void {
  if (from.width === into.width && from.height === into.height) {
    into.data.set(from.data);
    return;
  }
  for (let row = 0; row * into.width < into.data.length; row++) {
    const [plane, y] = [Math.floor(row / into.height), row % into.height];
    const source = (plane * from.height + y) * from.width;
    into.data.set(from.data.subarray(source, source + into.width), row * into.width);
  }
}
