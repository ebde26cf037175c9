import { readdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { openRegular } from '../bounded-file.js';
import { messageOf, SrvidError } from '../errors.js';
import { DEFAULT_MAX_PIXELS } from '../options/table.js';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { type CommandInput, commandArguments } from '../pipeline/ffmpeg/command.js';
import { pipeInput, refusalOf } from '../pipeline/ffmpeg/input-file.js';
import { probeFile } from '../pipeline/ffmpeg/probe.js';
import { FfmpegProcess } from '../pipeline/ffmpeg/process.js';
import { assertFrameSize, frameBytes, type Plane, planesOf } from '../pipeline/frames/frame.js';
import { withTimeout } from '../pipeline/frames/timeout.js';
import type { Size } from '../plugins/contract.js';

const PICTURE_TYPES = new Set(['.png', '.jpg', '.jpeg', '.webp', '.bmp']);

/** An rgb24 picture, row by row without padding. The picture owns `data`. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** True if a file name ends in .png, .jpg, .jpeg, .webp or .bmp. */
export function isPicture(path: string): boolean {
  return PICTURE_TYPES.has(extname(path).toLowerCase());
}

/** Lists the pictures in a folder and its subfolders: sorted paths relative to the folder. @throws SRVID_INPUT_NOT_FOUND if there are none */
export async function picturesIn(folder: string): Promise<string[]> {
  const paths = (await readdir(folder, { recursive: true })).filter(isPicture).sort();
  if (paths.length > 0) return paths;
  const types = [...PICTURE_TYPES].join(', ');
  throw new SrvidError('SRVID_INPUT_NOT_FOUND', `There are no pictures in ${folder} (${types}). Give a folder of pictures in full size, or a video file.`, {
    path: folder,
  });
}

/**
 * Decodes a picture with ffmpeg. The file is passed as a descriptor, since ffmpeg would take a name like "%3d.png" for a
 * pattern. The output is PPM, which contains the size.
 * @throws SRVID_INPUT_UNREADABLE
 */
export async function readPicture(binary: FfmpegBinary, path: string, stallTimeoutMs: number, maxPixels = DEFAULT_MAX_PIXELS): Promise<Picture> {
  const file = await openRegular(path).catch((error) => {
    throw new SrvidError('SRVID_INPUT_UNREADABLE', `Tried to read the picture ${path}: ${messageOf(error)}.`, { path }, error);
  });
  try {
    const bytes = await decoded({ binary, path, input: pipeInput(maxPixels), filters: [], count: 1, stdin: file.fd, stallTimeoutMs });
    const [picture] = parsePpms(bytes, path);
    return picture as Picture;
  } catch (error) {
    throw refusalOf(path, messageOf(error), maxPixels) ?? error;
  } finally {
    await file.close();
  }
}

/** Decodes `count` frames of a video, spread over the duration that its container declares. @throws SRVID_INPUT_UNREADABLE, SRVID_INPUT_NO_VIDEO */
export async function decodeFrames(binary: FfmpegBinary, path: string, count: number, stallTimeoutMs: number): Promise<Picture[]> {
  const { streams, durationSeconds, input } = await probeFile(binary, path, { references: false, maxPixels: DEFAULT_MAX_PIXELS });
  if (!streams.some((stream) => stream.codec_type === 'video')) {
    throw new SrvidError('SRVID_INPUT_NO_VIDEO', `${path} has no video stream. Give a video, a picture or a folder of pictures.`, { path });
  }
  const filters = durationSeconds === undefined ? [] : [`fps=${count}/${durationSeconds}`];
  const bytes = await decoded({ binary, path, input, filters, count, stdin: 'ignore', stallTimeoutMs });
  return parsePpms(bytes, path);
}

interface Decoding {
  readonly binary: FfmpegBinary;
  readonly path: string;
  readonly input: CommandInput;
  readonly filters: readonly string[];
  readonly count: number;
  readonly stdin: number | 'ignore';
  readonly stallTimeoutMs: number;
}

/** Runs ffmpeg. Resolves with the pictures as concatenated PPMs. */
async function decoded({ binary, path, input, filters, count, stdin, stallTimeoutMs }: Decoding): Promise<Buffer> {
  const outputOptions = ['-vf', [...filters, SCALE].join(','), '-pix_fmt', 'rgb24', '-frames:v', String(count), '-c:v', 'ppm', '-f', 'image2pipe'];
  const process = new FfmpegProcess({
    path: binary.ffmpeg,
    args: commandArguments({ inputs: [input], outputOptions, output: 'pipe:1' }),
    purpose: `decode the picture ${path}`,
    failure: 'SRVID_INPUT_UNREADABLE',
    stdio: [stdin, 'pipe'],
  });
  const stalled = () => new SrvidError('SRVID_INPUT_UNREADABLE', `Tried to decode the picture ${path}: ffmpeg took longer than ${stallTimeoutMs / 1000} s.`);
  try {
    return await withTimeout(bytesOf(process), stallTimeoutMs, stalled);
  } finally {
    await process.stop();
  }
}

/** Scaler options for the chroma of JPEG: the best quality that swscale has. */
const SCALE = 'scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp';

async function bytesOf(process: FfmpegProcess): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.readable(1)) chunks.push(chunk as Buffer);
  await process.done();
  return Buffer.concat(chunks);
}

/** Cuts a part out of a picture. Returns the picture itself if it has that size already. */
export function croppedPicture(picture: Picture, { width, height }: Size, left = 0, top = 0): Picture {
  if (picture.width === width && picture.height === height) return picture;
  const size = { kind: 'rgb24', width, height } as const;
  const data = new Uint8Array(frameBytes(size));
  const [from] = planesOf({ ...size, width: picture.width, height: picture.height }, picture.data) as [Plane];
  const [to] = planesOf(size, data) as [Plane];
  const pixel = to.stride / width;
  for (let y = 0; y < height; y++) {
    const start = (top + y) * from.stride + left * pixel;
    to.data.set(from.data.subarray(start, start + to.stride), y * to.stride);
  }
  return { width, height, data };
}

/** Splits concatenated PPMs into pictures, at least one. */
function parsePpms(bytes: Buffer, path: string): Picture[] {
  const pictures: Picture[] = [];
  for (let at = 0; at < bytes.length || at === 0; ) {
    const header = /^P6\s(\d+)\s(\d+)\s255\s/.exec(bytes.toString('latin1', at, at + 64));
    if (!header) throw new SrvidError('SRVID_INPUT_UNREADABLE', `ffmpeg found no picture in ${path}. Check that it is one.`, { path });
    const [width, height] = [Number(header[1]), Number(header[2])];
    assertFrameSize(`The picture ${path}`, width, height);
    const from = at + header[0].length;
    const expected = frameBytes({ kind: 'rgb24', width, height });
    at = from + expected;
    const data = Uint8Array.from(bytes.subarray(from, at));
    if (data.length !== expected) {
      throw new SrvidError('SRVID_INPUT_UNREADABLE', `${path} decodes to ${data.length} bytes, but ${width}x${height} pixels have ${expected}.`, {
        path,
      });
    }
    pictures.push({ width, height, data });
  }
  return pictures;
}
