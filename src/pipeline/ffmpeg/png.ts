import { commandArguments, fileUrl } from './command.js';
import { FfmpegProcess } from './process.js';

/** A picture's bytes in a form that ffmpeg reads. */
export interface PngSource {
  /** Options of ffmpeg's input, which name the form of the bytes. */
  readonly options: readonly string[];
  readonly bytes: Uint8Array;
}

/** Has ffmpeg write one picture as PNG. `name` is the file's name in messages. @throws SRVID_OUTPUT_UNWRITABLE */
export async function writePng(ffmpeg: string, { options, bytes }: PngSource, path: string, name = path): Promise<void> {
  const process = new FfmpegProcess({
    path: ffmpeg,
    args: commandArguments({
      inputs: [{ url: 'pipe:0', options: [...options] }],
      outputOptions: ['-frames:v', '1', '-c:v', 'png', '-pix_fmt', 'rgb24', '-f', 'image2', '-update', '1'],
      output: fileUrl(path),
    }),
    purpose: `write the picture ${name}`,
    failure: 'SRVID_OUTPUT_UNWRITABLE',
    stdio: ['pipe', 'ignore'],
  });
  try {
    process.writable(0).end(bytes);
    await process.done();
  } finally {
    await process.stop();
  }
}
