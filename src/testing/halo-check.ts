import { CHROMA_SHIFT, type FrameFormat, type HeldFrame, type PlainFormat, partsOf, planeLayouts } from '../pipeline/frames/frame.js';
import { type TestFrame, variedFrames } from './frames.js';
import type { Fault } from './report.js';

/** A rectangle of a picture, in pixels, ends excluded. */
interface Tile {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Tiles on each side of the picture. */
const TILES = 4;
/** More frames than a tile's window has are not needed: each is a stream of its own. */
type Run = (frames: readonly TestFrame[]) => Promise<readonly HeldFrame[]>;

/** The setting of a halo's check. */
export interface HaloSetting {
  readonly format: PlainFormat;
  readonly output: FrameFormat;
  readonly halo: number;
  readonly window: { readonly past: number; readonly future: number };
}

/** A side that leaves something to replace beyond the halo of every tile. */
export function sideFor(halo: number, least: number): number {
  return Math.max(least, 2 * halo + 48);
}

/**
 * Puts the result together from tiles: each comes from a picture of which only the tile and its halo are kept, and everything
 * else is another picture. The whole must come out.
 */
export async function faultOfHalo({ format, output, halo, window }: HaloSetting, run: Run): Promise<Fault | undefined> {
  const length = window.past + 1 + window.future;
  const whole = variedFrames(format, length, 3);
  const other = variedFrames(format, length, 4);
  const present = async (variants: readonly (readonly TestFrame[])[]) => {
    const results = await run(variants.flat());
    return variants.map((_, index) => (results[index * length + window.past] as HeldFrame).bytes);
  };
  const masked = (tile: Tile, kept: number) => whole.map((frame, index) => mix(format, frame, other[index] as TestFrame, grown(tile, kept)));
  const tiles = tilesOf(format);
  const [expected, ...found] = await present([whole, ...tiles.map((tile) => masked(tile, halo))]);
  const dishonest = tiles.find((tile, index) => differsIn(tile, format, output, expected as Uint8Array, found[index] as Uint8Array));
  if (!dishonest) return undefined;
  const where = `pixels ${dishonest.left} to ${dishonest.right - 1} of lines ${dishonest.top} to ${dishonest.bottom - 1}`;
  const cause = `its halo is ${halo}, but ${where} change when nothing changes within ${halo} pixels of them`;
  const farthest = Math.max(dishonest.left, dishonest.top, format.width - dishonest.right, format.height - dishonest.bottom);
  const [honest] = await least(halo + 1, farthest, async (kept) => {
    const [result] = await present([masked(dishonest, kept)]);
    return !differsIn(dishonest, format, output, expected as Uint8Array, result as Uint8Array);
  });
  const remedy =
    honest === undefined
      ? "Declare halo: 'global', since it reads the whole picture, or have it read less."
      : `Declare the distance at which a pixel still counts; here ${honest} was enough. Where it is the whole picture, it is 'global'.`;
  return { cause, remedy };
}

/** The least number of pixels that suffices, by halving; none where only the whole picture does. */
async function least(from: number, to: number, suffices: (kept: number) => Promise<boolean>): Promise<readonly number[]> {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await suffices(middle)) high = middle;
    else low = middle + 1;
  }
  return low < to ? [low] : [];
}

function tilesOf({ width, height }: PlainFormat): Tile[] {
  const [w, h] = [Math.ceil(width / TILES), Math.ceil(height / TILES)];
  return Array.from({ length: TILES * TILES }, (_, index) => {
    const [left, top] = [(index % TILES) * w, Math.floor(index / TILES) * h];
    return { left, top, right: Math.min(width, left + w), bottom: Math.min(height, top + h) };
  });
}

function grown({ left, top, right, bottom }: Tile, by: number): Tile {
  return { left: left - by, top: top - by, right: right + by, bottom: bottom + by };
}

/** `frame` within `kept`, `other` elsewhere. A sample of chroma is kept where it belongs to a kept pixel. */
function mix(format: PlainFormat, frame: TestFrame, other: TestFrame, kept: Tile): TestFrame {
  const data = other.data.slice();
  for (const [index, { offset, width, height, bytesPerSample }] of planeLayouts(format).entries()) {
    const [shiftX, shiftY] = index === 0 ? [0, 0] : (CHROMA_SHIFT[format.kind] ?? [0, 0]);
    const left = Math.max(0, kept.left) >> shiftX;
    const right = Math.min(width, Math.ceil(kept.right / (1 << shiftX)));
    const bottom = Math.min(height, Math.ceil(kept.bottom / (1 << shiftY)));
    for (let y = Math.max(0, kept.top) >> shiftY; y < bottom; y++) {
      const row = offset + y * width * bytesPerSample;
      data.set(frame.data.subarray(row + left * bytesPerSample, row + right * bytesPerSample), row + left * bytesPerSample);
    }
  }
  return { ...frame, data };
}

/** True where two results differ in a sample that lies wholly within the tile. Of a split frame only the luma is the plugin's. */
function differsIn(tile: Tile, input: PlainFormat, output: FrameFormat, a: Uint8Array, b: Uint8Array): boolean {
  const [own] = partsOf(output);
  return planeLayouts(own as PlainFormat).some(({ offset, width, height, bytesPerSample }) => {
    const [scaleX, scaleY] = [width / input.width, height / input.height];
    const left = Math.ceil(tile.left * scaleX) * bytesPerSample;
    const right = Math.floor(tile.right * scaleX) * bytesPerSample;
    for (let y = Math.ceil(tile.top * scaleY); y < Math.floor(tile.bottom * scaleY); y++) {
      const row = offset + y * width * bytesPerSample;
      if (Buffer.compare(a.subarray(row + left, row + right), b.subarray(row + left, row + right)) !== 0) return true;
    }
    return false;
  });
}
