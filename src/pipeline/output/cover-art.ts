import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SrvidError } from '../../errors.js';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { type CommandInput, commandArguments, fileUrl } from '../ffmpeg/command.js';
import type { ProbedStream } from '../ffmpeg/probe.js';
import { runTool } from '../ffmpeg/tied-process.js';
import { makeTemporaryFolder } from './temporary-folder.js';

const MIME_TYPES = new Map([
  ['png', 'image/png'],
  ['mjpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['bmp', 'image/bmp'],
  ['webp', 'image/webp'],
]);

/** A cover as a file of its own. Matroska keeps covers as attachments, and ffmpeg attaches only files. */
export interface CoverFile {
  readonly path: string;
  readonly filename: string;
  readonly mimeType: string;
}

/** Cover files in a temporary folder, which `discard` removes. */
export class CoverArt {
  private constructor(
    private readonly folder: string | undefined,
    readonly files: readonly CoverFile[],
  ) {}

  /** Copies covers out of an input, unconverted, into a new temporary folder. @throws SRVID_INPUT_UNREADABLE */
  static async extract(binary: FfmpegBinary, input: CommandInput, covers: readonly ProbedStream[]): Promise<CoverArt> {
    if (covers.length === 0) return new CoverArt(undefined, []);
    const folder = await makeTemporaryFolder('cover');
    try {
      const extracted = covers.map((cover) => extractOne(binary, input, cover, folder));
      await Promise.allSettled(extracted); // A folder that is still written to is not removed whole.
      return new CoverArt(folder, await Promise.all(extracted));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw new SrvidError('SRVID_INPUT_UNREADABLE', `Tried to take the cover art out of ${input.url}: ${messageOf(error)}.`, { path: input.url }, error);
    }
  }

  async discard(): Promise<void> {
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  }
}

async function extractOne(binary: FfmpegBinary, input: CommandInput, cover: ProbedStream, folder: string): Promise<CoverFile> {
  const codec = cover.codec_name ?? 'unknown';
  const target = join(folder, `${cover.index}`);
  const outputOptions = ['-map', `0:${cover.index}`, '-frames:v', '1', '-c', 'copy', '-f', 'image2', '-update', '1'];
  await runTool(binary.ffmpeg, commandArguments({ inputs: [input], outputOptions, output: fileUrl(target) }));
  const extension = codec === 'mjpeg' ? 'jpg' : codec;
  return {
    path: target,
    filename: cover.tags?.['filename'] ?? cover.tags?.['FILENAME'] ?? `cover.${extension}`,
    mimeType: cover.tags?.['mimetype'] ?? MIME_TYPES.get(codec) ?? 'application/octet-stream',
  };
}
