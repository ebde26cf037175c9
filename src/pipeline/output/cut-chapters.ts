import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { type CommandInput, commandArguments, fileUrl } from '../ffmpeg/command.js';
import { runTool } from '../ffmpeg/tied-process.js';
import type { CarriedFile } from './carried-stream.js';
import { cutOnTheWayOut } from './mux-options.js';

/**
 * Writes a file of the chapters that lie in a cut, as ffmpeg cuts them beside frames that it encodes. Coded frames need their output to be longer than the
 * cut (see `encodeCommand`), and chapters would end with that.
 */
export async function cutChapters(binary: FfmpegBinary, carry: CarriedFile, path: string): Promise<CommandInput> {
  const inputs = [{ url: carry.input.url, options: [...carry.input.options, ...carry.cut.inputOptions] }];
  const outputOptions = ['-map_chapters', '0', ...cutOnTheWayOut(carry, 0), '-f', 'ffmetadata'];
  await runTool(binary.ffmpeg, commandArguments({ inputs, outputOptions, output: fileUrl(path) }));
  const { skipsSeconds } = carry.cut;
  return { url: fileUrl(path), options: [...(skipsSeconds === 0 ? [] : ['-itsoffset', String(skipsSeconds)]), '-f', 'ffmetadata'] };
}
