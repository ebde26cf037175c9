import { open, readdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { messageOf, SrvidError } from '../errors.js';
import type { FfmpegBinary } from '../pipeline/ffmpeg-binary.js';
import { commandArguments } from '../pipeline/ffmpeg-command.js';
import { FfmpegProcess } from '../pipeline/ffmpeg-process.js';
import { assertFrameSize } from '../pipeline/frame.js';
import { withTimeout } from '../pipeline/timeout.js';

const PICTURE_TYPES = new Set(['.png', '.jpg', '.jpeg', '.webp', '.bmp']);

/** An rgb24 picture; `data` is its own. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export function isPicture(path: string): boolean {
  return PICTURE_TYPES.has(extname(path).toLowerCase());
}

/** Paths of the pictures in a folder and the folders in it, sorted, from the folder. @throws SRVID_INPUT_NOT_FOUND */
export async function picturesIn(folder: string): Promise<string[]> {
  const paths = (await readdir(folder, { recursive: true })).filter(isPicture).sort();
  if (paths.length > 0) return paths;
  const types = [...PICTURE_TYPES].join(', ');
  throw new SrvidError('SRVID_INPUT_NOT_FOUND', `There are no pictures in ${folder} (${types}). Give a folder of pictures in full size, or a video file.`, {
    path: folder,
  });
}

/**
 * Decodes a picture with ffmpeg. It goes in through a descriptor, since a name like "%3d.png" would be taken for a
 * pattern, and comes out as PPM, which says its size.
 * @throws SRVID_INPUT_UNREADABLE
 */
export async function readPicture(binary: FfmpegBinary, path: string, stallTimeoutMs: number): Promise<Picture> {
  const file = await open(path).catch((error) => {
    throw new SrvidError('SRVID_INPUT_UNREADABLE', `Tried to read the picture ${path}: ${messageOf(error)}.`, { path }, error);
  });
  const process = new FfmpegProcess({
    path: binary.ffmpeg,
    args: commandArguments({ inputs: [{ url: 'pipe:0', options: [] }], outputOptions: TO_PPM, output: 'pipe:1' }),
    purpose: `decode the picture ${path}`,
    failure: 'SRVID_INPUT_UNREADABLE',
    stdio: [file.fd, 'pipe'],
  });
  const stalled = () => new SrvidError('SRVID_INPUT_UNREADABLE', `Tried to decode the picture ${path}: ffmpeg took longer than ${stallTimeoutMs / 1000} s.`);
  try {
    const bytes = await withTimeout(bytesOf(process), stallTimeoutMs, stalled);
    return parsePpm(bytes, path);
  } finally {
    await process.stop();
    await file.close();
  }
}

/** JPEG's own chroma is scaled up as well as swscale can. */
const TO_PPM = [
  ...['-vf', 'scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp', '-pix_fmt', 'rgb24'],
  ...['-frames:v', '1', '-c:v', 'ppm', '-f', 'image2pipe'],
];

async function bytesOf(process: FfmpegProcess): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.readable(1)) chunks.push(chunk as Buffer);
  await process.done();
  return Buffer.concat(chunks);
}

function parsePpm(bytes: Buffer, path: string): Picture {
  const header = /^P6\s(\d+)\s(\d+)\s255\s/.exec(bytes.toString('latin1', 0, 64));
  if (!header) throw new SrvidError('SRVID_INPUT_UNREADABLE', `ffmpeg found no picture in ${path}. Check that it is one.`, { path });
  const [width, height] = [Number(header[1]), Number(header[2])];
  assertFrameSize(`The picture ${path}`, width, height);
  const data = Uint8Array.from(bytes.subarray(header[0].length));
  if (data.length === width * height * 3) return { width, height, data };
  throw new SrvidError('SRVID_INPUT_UNREADABLE', `${path} decodes to ${data.length} bytes, but ${width}x${height} pixels have ${width * height * 3}.`, {
    path,
  });
}
