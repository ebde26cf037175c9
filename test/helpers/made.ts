import { join } from 'node:path';
import { endOf, srvid } from './command.js';

/** Options of a quick run, whose events are told as JSON. */
export const FAST = ['--preset', 'bicubic', '--encoder-option', 'preset=ultrafast', '--json', '-y'];

/** A function that runs srvid on a file of the folder, quickly, and gives its output's path. */
export const maker =
  (folder: string) =>
  async (input: string, output: string, ...options: string[]): Promise<string> => {
    const path = join(folder, output);
    endOf(await srvid([join(folder, input), path, ...FAST, ...options]));
    return path;
  };
