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
 * Converts a picture to a network's inputs, by name: [1, channels, height, width], luma 16..235 or RGB 0..255, or Y, U and V of 4:2:0. For float
 * inputs they are divided so that white is `white`.
 */
export function toTensors(network: PictureNetwork, { width, height, data }: Picture): Record<string, NamedTensor> {
  const format = { kind: network.planes === 'y' ? 'gray' : 'yuv420p', width, height } as const;
  const planes =
    network.planes === 'rgb' ? [{ width, height, data: planar(data) }] : planesOf(format, converted({ kind: 'rgb24', width, height }, format, data));
  const given = network.inputs.map(({ name, type }, index) => {
    const plane = planes[index] as Pick<Plane, 'width' | 'height' | 'data'>;
    const dims = [1, network.planes === 'rgb' ? 3 : 1, plane.height, plane.width];
    return [name, { dims, data: type === 'uint8' ? plane.data : Float32Array.from(plane.data, (byte) => (byte / 255) * network.white) }] as const;
  });
  return Object.fromEntries(given);
}

/**
 * Converts a network's result to a picture of 8 bits; float values are clipped at black and white and rounded.
 * @throws SRVID_MODEL_UNSUPPORTED unless it is one picture of 1 or 3 channels, or the planes of 4:2:0
 */
export function toPicture(name: string, network: PictureNetwork, found: Readonly<Record<string, NamedTensor>>): Measured {
  const results = network.outputs.map((output) => found[output.name] as NamedTensor);
  const [{ dims }] = results as [NamedTensor];
  const [, channels, height = 0, width = 0] = dims;
  const shapes =
    network.planes === 'yuv' ? [[1, 1, height, width], ...[1, 2].map(() => [1, 1, height / 2, width / 2])] : [[1, channels === 1 ? 1 : 3, height, width]];
  if (results.some((result, index) => `${result.dims}` !== `${shapes[index]}`)) {
    throw new SrvidError(
      'SRVID_MODEL_UNSUPPORTED',
      `${name} gives ${results.map((result) => `[${result.dims}]`).join(', ')} instead of one picture, [1, 1 or 3, height, width], or the planes of 4:2:0. A network must end in its own depth-to-space.`,
      { name },
    );
  }
  const samples = results.map(({ data }) => (data instanceof Float32Array ? levelsOf(data, network.white) : (data as Uint8Array)));
  const gray = { kind: 'gray', width, height } as const;
  if (channels === 1 && network.planes !== 'yuv') return { luma: onlyPlane(gray, samples[0] as Uint8Array) };
  const rgb = { kind: 'rgb24', width, height } as const;
  const packed = network.planes === 'yuv' ? converted({ kind: 'yuv420p', width, height }, rgb, Buffer.concat(samples)) : interleaved(samples[0] as Uint8Array);
  return { luma: onlyPlane(gray, network.planes === 'yuv' ? (samples[0] as Uint8Array) : converted(rgb, gray, packed)), rgb: onlyPlane(rgb, packed) };
}

function converted(from: PlainFormat, to: PlainFormat, bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(frameBytes(to));
  planConversion(from, to, COLOR)?.(bytes, result);
  return result;
}

/** Pixels of three bytes as three planes, and back. */
function planar(packed: Uint8Array): Uint8Array {
  const pixels = packed.length / 3;
  return Uint8Array.from(packed, (_, at) => packed[(at % pixels) * 3 + Math.floor(at / pixels)] as number);
}

function interleaved(planes: Uint8Array): Uint8Array {
  const pixels = planes.length / 3;
  return Uint8Array.from(planes, (_, at) => planes[(at % 3) * pixels + Math.floor(at / 3)] as number);
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
