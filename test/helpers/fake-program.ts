import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FfmpegBinary } from '../../dist/pipeline/ffmpeg/binary.js';

/** Writes a program that runs this JavaScript (CommonJS) and gives its path. */
export async function fakeProgram(folder: string, name: string, body: string): Promise<string> {
  const path = join(folder, `${name}.cjs`);
  await writeFile(path, `#!${process.execPath}\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

/** An ffmpeg that does what this JavaScript says, whatever it is asked for. */
export async function fakeFfmpeg(folder: string, name: string, body: string): Promise<FfmpegBinary> {
  const path = await fakeProgram(folder, name, body);
  return { ffmpeg: path, ffprobe: path, banner: 'ffmpeg version 7.1', version: '7.1', setsChromaLocation: false };
}
