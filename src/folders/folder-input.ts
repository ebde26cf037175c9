import { stat } from 'node:fs/promises';
import { isRemote } from '../pipeline/ffmpeg/remote-input.js';
import { sequenceOf } from '../pipeline/input/pictures.js';

/** True where a part of a path has a character that makes it a pattern. */
export function isPattern(part: string): boolean {
  return /[*?[{]/.test(part);
}

/** True for an input that stands for several files: a folder, or a pattern that is not the name of a file itself. */
export async function namesSeveral(input: string): Promise<boolean> {
  if (input === '-' || isRemote(input)) return false;
  const found = await stat(input).catch(() => undefined);
  return found ? found.isDirectory() : isPattern(input) && sequenceOf(input) === undefined;
}
