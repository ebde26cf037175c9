import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SrvidError } from '../errors.js';
import type { Measured } from '../eval/comparison.js';
import { croppedPicture, decodeFrames, isPicture, type Picture, picturesIn, readPicture } from '../eval/picture-file.js';
import { findFfmpeg } from '../pipeline/ffmpeg/binary.js';
import { frameBytes, type PlainFormat, type Plane, planesOf } from '../pipeline/frames/frame.js';
import type { Size } from '../plugins/contract.js';
import type { NamedTensor } from '../plugins/inference/onnx-runtime.js';
import { planConversion } from '../plugins/pixels/convert.js';
import type { PictureNetwork } from './picture-network.js';

/** The bundled clip, used where no pictures are given. */
const CLIP = fileURLToPath(new URL('../../examples/clips/city-360p25.mp4', import.meta.url));
const COUNT = 8;
/**
 * The largest part of a picture for networks that take any size; a multiple of 8, which every unshuffle and U-Net
 * accepts.
 */
const LARGEST: Size = { width: 384, height: 216 };
const ALIGN = 8;
/** Smaller pictures are skipped, since all are cut to the smallest size. */
const LEAST = 64;
const STALL_MS = 60_000;
/** Video's luma: BT.601, black 16, white 235. */
const COLOR = { matrix: 'smpte170m', range: 'tv' } as const;

/** Pictures for an examination, all of one size. */
export interface Pictures {
  /** Origin of the pictures in reports: a path, or "the clip that comes with srvid". */
  readonly source: string;
  readonly pictures: readonly Picture[];
}

/**
 * Loads low-resolution pictures for a network, all of one size, from the middle of each: from a folder, a picture or a
 * video (frames spread over it), else from the bundled clip.
 * @param fixed the only size that the network takes
 * @throws SRVID_INPUT_NOT_FOUND, SRVID_INPUT_UNREADABLE, SRVID_INPUT_UNSUPPORTED
 */
export async function loadPictures(images: string | undefined, fixed: Size | undefined): Promise<Pictures> {
  const path = images === undefined ? CLIP : resolve(images);
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    const clip = images === undefined ? ' The clip that comes with srvid is missing; give pictures with --images.' : '';
    throw new SrvidError('SRVID_INPUT_NOT_FOUND', `There are no pictures at ${path}.${clip}`, { path });
  }
  if (!found.isFile() && !found.isDirectory())
    throw new SrvidError('SRVID_INPUT_NOT_FOUND', `${path} is a device, a pipe or a socket. Give a folder of pictures, a picture or a video.`, { path });
  const binary = await findFfmpeg();
  const names = found.isDirectory() ? (await picturesIn(path)).slice(0, COUNT).map((name) => join(path, name)) : isPicture(path) ? [path] : [];
  const whole: Picture[] = [];
  for (const name of names) whole.push(await readPicture(binary, name, STALL_MS));
  if (names.length === 0) whole.push(...(await decodeFrames(binary, path, COUNT, STALL_MS)));
  const size = fixed ?? commonSize(whole.filter(({ width, height }) => Math.min(width, height) >= LEAST));
  const pictures = whole.filter(({ width, height }) => width >= size.width && height >= size.height).map((picture) => middle(picture, size));
  const source = images ?? 'the clip that comes with srvid';
  if (pictures.length > 0) return { source, pictures };
  throw new SrvidError(
    'SRVID_INPUT_UNSUPPORTED',
    `No picture of ${source} has the ${size.width}x${size.height} pixels that are needed. Give larger ones with --images.`,
    { source },
  );
}

/**
 * Converts a picture to a network's input, [1, channels, height, width]: luma 16..235 or RGB 0..255, divided for float
 * inputs so that white is `white`.
 */
export function toTensor({ input, white }: PictureNetwork, { width, height, data }: Picture): NamedTensor {
  const pixels = width * height;
  const bytes = new Uint8Array(pixels * input.channels);
  if (input.channels === 1) planConversion({ kind: 'rgb24', width, height }, { kind: 'gray', width, height }, COLOR)?.(data, bytes);
  else for (let at = 0; at < data.length; at++) bytes[(at % 3) * pixels + Math.floor(at / 3)] = data[at] as number;
  if (input.type === 'uint8') return { dims: [1, input.channels, height, width], data: bytes };
  const values = new Float32Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) values[at] = ((bytes[at] as number) / 255) * white;
  return { dims: [1, input.channels, height, width], data: values };
}

/**
 * Converts a network's result to a picture of 8 bits; float values are clipped at black and white and rounded.
 * @throws SRVID_MODEL_UNSUPPORTED unless it is one picture of 1 or 3 channels
 */
export function toPicture(name: string, { white }: PictureNetwork, { dims, data }: NamedTensor): Measured {
  const [batch, channels, height, width] = dims as [number, number, number, number];
  if (dims.length !== 4 || batch !== 1 || (channels !== 1 && channels !== 3)) {
    throw new SrvidError(
      'SRVID_MODEL_UNSUPPORTED',
      `${name} gives [${dims}] instead of one picture, [1, 1 or 3, height, width]. A network must end in its own depth-to-space.`,
      { name },
    );
  }
  const samples = data instanceof Float32Array ? levelsOf(data, white) : (data as Uint8Array);
  if (channels === 1) return { luma: onlyPlane({ kind: 'gray', width, height }, samples) };
  const packed = new Uint8Array(samples.length);
  for (let at = 0, pixels = width * height; at < packed.length; at++) packed[at] = samples[(at % 3) * pixels + Math.floor(at / 3)] as number;
  const [rgb, gray] = [{ kind: 'rgb24', width, height } as const, { kind: 'gray', width, height } as const];
  const luma = new Uint8Array(frameBytes(gray));
  planConversion(rgb, gray, COLOR)?.(packed, luma);
  return { luma: onlyPlane(gray, luma), rgb: onlyPlane(rgb, packed) };
}

/** Float values as 8-bit levels, clipped at black and white, and rounded. */
function levelsOf(values: Float32Array, white: number): Uint8Array {
  const levels = new Uint8ClampedArray(values.length);
  for (let at = 0; at < values.length; at++) levels[at] = ((values[at] as number) / white) * 255;
  return new Uint8Array(levels.buffer);
}

function onlyPlane(format: PlainFormat, bytes: Uint8Array): Plane {
  return planesOf(format, bytes)[0] as Plane;
}

/** The largest size that all pictures have; the least size where there are no pictures. */
function commonSize(pictures: readonly Picture[]): Size {
  if (pictures.length === 0) return { width: LEAST, height: LEAST };
  const least = (of: (picture: Picture) => number, most: number) => Math.min(most, ...pictures.map(of));
  const aligned = (length: number) => length - (length % ALIGN);
  return { width: aligned(least(({ width }) => width, LARGEST.width)), height: aligned(least(({ height }) => height, LARGEST.height)) };
}

function middle(picture: Picture, size: Size): Picture {
  return croppedPicture(picture, size, (picture.width - size.width) >> 1, (picture.height - size.height) >> 1);
}
