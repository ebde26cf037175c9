import { access, constants, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { messageOf, SrvidError } from '../errors.js';

/**
 * The file to write. Work goes to a temporary name beside it, so that renaming is one step on one disk: a run that
 * fails leaves nothing under the target's name, and never harms what was there.
 */
export class OutputFile {
  readonly partial: string;
  #finished = false;

  private constructor(readonly path: string) {
    const extension = extname(path);
    this.partial = join(dirname(path), `.${basename(path, extension)}.srvid-${process.pid}${extension}`);
  }

  /** @throws SRVID_OUTPUT_EXISTS, SRVID_OUTPUT_IS_INPUT, SRVID_OUTPUT_UNWRITABLE */
  static async prepare(output: string, input: string, overwrite: boolean): Promise<OutputFile> {
    const path = resolve(output);
    const folder = dirname(path);
    await access(folder, constants.W_OK | constants.X_OK).catch((error) => {
      throw new SrvidError(
        'SRVID_OUTPUT_UNWRITABLE',
        `Cannot write to the folder ${folder}: ${messageOf(error)}. Make it, or choose another.`,
        { folder },
        error,
      );
    });
    const existing = await stat(path).catch(() => undefined);
    if (existing?.isDirectory()) throw new SrvidError('SRVID_OUTPUT_UNWRITABLE', `The output ${path} is a folder. Give the name of a file in it.`, { path });
    if (existing && !existing.isFile())
      throw new SrvidError(
        'SRVID_OUTPUT_UNWRITABLE',
        `The output ${path} is not a regular file, and would be replaced by one. Write to - and send that there.`,
        { path },
      );
    if (existing && input !== '-' && (await realpath(path)) === (await realpath(input))) {
      throw new SrvidError('SRVID_OUTPUT_IS_INPUT', `Input and output are the same file, ${path}. Give the output another name.`, { path });
    }
    if (existing && !overwrite) throw new SrvidError('SRVID_OUTPUT_EXISTS', `The output ${path} exists. Give -y to overwrite it, or another name.`, { path });
    return new OutputFile(path);
  }

  /** Gives the finished file its name; where that fails, the file stays under the temporary one. @throws SRVID_OUTPUT_UNWRITABLE */
  async publish(): Promise<void> {
    this.#finished = true;
    await rename(this.partial, this.path).catch((error) => {
      throw new SrvidError(
        'SRVID_OUTPUT_UNWRITABLE',
        `The video was written to ${this.partial} but could not be renamed to ${this.path}: ${messageOf(error)}.`,
        { path: this.path },
        error,
      );
    });
  }

  /** Takes away what was written, unless it is finished. */
  async discard(): Promise<void> {
    if (!this.#finished) await rm(this.partial, { force: true });
  }
}
