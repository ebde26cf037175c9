import type { Measured } from '../eval/comparison.js';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { writePng } from '../pipeline/ffmpeg/png.js';
import { frameBytes, type Plane } from '../pipeline/frames/frame.js';
import type { Size } from '../plugins/contract.js';

/** A part of a picture, compared between a network and its reference. */
export interface Tile {
  /** The reference's and the network's picture: rgb24, SIDE x SIDE. */
  readonly wanted: Uint8Array;
  readonly found: Uint8Array;
  /** Sum of squared differences. */
  readonly error: number;
}

const SIDE = 48;
const SHOWN = 6;
/** Factor by which tiles are enlarged, and the width in pixels of the lines between them. */
const [ENLARGED, GAP] = [3, 4];

/** The worst tiles of one picture, worst first. */
export function worstTiles(wanted: Measured, found: Measured): Tile[] {
  const [one, other] = [wanted.rgb ?? wanted.luma, found.rgb ?? found.luma];
  const samples = wanted.rgb ? 3 : 1;
  const tiles: Tile[] = [];
  for (let top = 0; top + SIDE <= one.height; top += SIDE) {
    for (let left = 0; left + SIDE <= one.width; left += SIDE) {
      const [a, b] = [one, other].map((plane) => cut(plane, samples, left, top)) as [Uint8Array, Uint8Array];
      let error = 0;
      for (let at = 0; at < a.length; at++) error += ((a[at] as number) - (b[at] as number)) ** 2;
      tiles.push({ wanted: a, found: b, error });
    }
  }
  return tiles.sort((a, b) => b.error - a.error).slice(0, SHOWN);
}

/**
 * Draws the worst tiles as a PNG, a row for each: the reference, the network, and their difference eightfold around gray.
 * @throws SRVID_OUTPUT_UNWRITABLE
 */
export async function writeTiles(binary: FfmpegBinary, path: string, tiles: readonly Tile[]): Promise<void> {
  const shown = tiles.slice(0, SHOWN);
  const cell = SIDE * ENLARGED + GAP;
  const size = { width: 3 * cell + GAP, height: shown.length * cell + GAP };
  const sheet = new Uint8Array(frameBytes({ kind: 'rgb24', ...size })).fill(64);
  for (const [row, { wanted, found }] of shown.entries()) {
    const difference = wanted.map((value, index) => Math.min(255, Math.max(0, 128 + 8 * ((found[index] as number) - value))));
    for (const [column, picture] of [wanted, found, difference].entries()) paste(sheet, size, picture, GAP + column * cell, GAP + row * cell);
  }
  const options = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-video_size', `${size.width}x${size.height}`];
  await writePng(binary.ffmpeg, { options, bytes: sheet }, path);
}

/** Cuts a tile out of a plane, as rgb24. */
function cut({ data, stride }: Plane, samples: number, left: number, top: number): Uint8Array {
  const tile = new Uint8Array(SIDE * SIDE * 3);
  for (let at = 0; at < tile.length; at++) {
    const [pixel, channel] = [Math.floor(at / 3), samples === 3 ? at % 3 : 0];
    const [x, y] = [left + (pixel % SIDE), top + Math.floor(pixel / SIDE)];
    tile[at] = data[y * stride + x * samples + channel] as number;
  }
  return tile;
}

function paste(sheet: Uint8Array, { width }: Size, tile: Uint8Array, left: number, top: number): void {
  const side = SIDE * ENLARGED;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const from = (Math.floor(y / ENLARGED) * SIDE + Math.floor(x / ENLARGED)) * 3;
      sheet.set(tile.subarray(from, from + 3), ((top + y) * width + left + x) * 3);
    }
  }
}
