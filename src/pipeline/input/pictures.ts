import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SrvidError } from '../../errors.js';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { fileUrl } from '../ffmpeg/command.js';
import { type Probe, probeOpened } from '../ffmpeg/probe.js';

/** Names of numbered pictures: "shot-%05d.png" is shot-00001.png and so on, in one folder. */
export interface Sequence {
  readonly folder: string;
  readonly prefix: string;
  readonly suffix: string;
  /** Digits of a number, at least; smaller numbers get zeros in front. */
  readonly digits: number;
}

/** Pictures to read, and how. */
interface SequenceOptions {
  readonly frameRate?: number | undefined;
  readonly startNumber?: number | undefined;
  readonly maxPixels: number;
}

const NUMBER = /%(?:0(\d{1,2}))?d/;
const DEFAULT_RATE = 25;
/** Kinds of pictures that come in numbers. Of anything else a percent sign is a part of its name. */
const PICTURE = /\.(png|jpe?g|bmp|webp|tiff?|p[bgp]m|exr|dpx|tga|jp2|jxl)$/i;

/** The numbered pictures that a path's last part stands for; undefined where it has no number such as %05d, or several, or is no picture. */
export function sequenceOf(path: string): Sequence | undefined {
  const name = basename(path);
  const found = NUMBER.exec(name);
  if (!found) return undefined;
  const [prefix, suffix] = [name.slice(0, found.index), name.slice(found.index + found[0].length)];
  return suffix.includes('%') || !PICTURE.test(suffix) ? undefined : { folder: dirname(path), prefix, suffix, digits: Number(found[1] ?? 1) };
}

/** The path of one picture. */
export function numbered({ folder, prefix, suffix, digits }: Sequence, number: number): string {
  return join(folder, `${prefix}${String(number).padStart(digits, '0')}${suffix}`);
}

/** The numbers of the pictures that are there, ascending. */
export async function numbersIn(sequence: Sequence): Promise<number[]> {
  const { folder, prefix, suffix } = sequence;
  const names = await readdir(folder).catch((): string[] => []);
  return names
    .filter((name) => name.startsWith(prefix) && name.endsWith(suffix))
    .map((name) => Number(name.slice(prefix.length, name.length - suffix.length)))
    .filter((number) => Number.isSafeInteger(number) && number >= 0)
    .filter((number) => names.includes(basename(numbered(sequence, number))))
    .sort((a, b) => a - b);
}

/** The pattern in the words of ffmpeg's reader and writer of pictures: a percent sign anywhere else is doubled. */
export function patternOf({ folder, prefix, suffix, digits }: Sequence): string {
  const plain = (text: string) => text.replaceAll('%', '%%');
  return join(plain(folder), `${plain(prefix)}%0${digits}d${plain(suffix)}`);
}

/**
 * Looks at numbered pictures. ffmpeg would end at the first number that is missing, so none may be.
 * @throws SRVID_INPUT_NOT_FOUND where there are none, or one between others is missing; the errors of probing
 */
export async function openSequence(binary: FfmpegBinary, sequence: Sequence, options: SequenceOptions): Promise<Probe> {
  const { frameRate = DEFAULT_RATE, startNumber, maxPixels } = options;
  const numbers = (await numbersIn(sequence)).filter((number) => startNumber === undefined || number >= startNumber);
  const first = startNumber ?? numbers[0] ?? 0;
  const missing = numbers.findIndex((number, index) => number !== first + index);
  if (numbers.length === 0 || missing >= 0) {
    const path = numbered(sequence, missing >= 0 ? first + missing : first);
    const told =
      numbers.length === 0
        ? `there are no pictures of that kind`
        : `${numbers.length} pictures are there, up to ${numbered(sequence, numbers.at(-1) as number)}`;
    throw new SrvidError(
      'SRVID_INPUT_NOT_FOUND',
      `Looked for the picture ${path}, which is missing: ${told}. Give --start-number, or the pictures numbers without gaps.`,
      {
        path,
      },
    );
  }
  // Each picture is a file, so nothing but these is opened.
  const allowed = ['-protocol_whitelist', 'file', '-format_whitelist', 'image2', '-max_pixels', String(maxPixels)];
  const how = ['-f', 'image2', '-pattern_type', 'sequence', '-start_number', String(first), '-framerate', String(frameRate)];
  const name = numbered(sequence, first);
  const probe = await probeOpened(binary, { url: fileUrl(patternOf(sequence)), options: [...allowed, ...how] }, name, maxPixels);
  return { ...probe, streams: probe.streams.map((stream) => ({ ...stream, nb_frames: String(numbers.length) })) };
}
