import { constants } from 'node:fs';
import { access, link, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { messageOf, SrvidError } from '../../errors.js';
import { assertFileName } from '../ffmpeg/file-name.js';
import { meantBy } from './link-target.js';
import { codeOf, isLinkless, OutputClaim, workName } from './output-claim.js';

/**
 * The file to write. It is written under another name beside the target, on the same disk, so that the target appears
 * in one step and complete. A run that fails leaves nothing under the target's name and never harms an existing file.
 */
export class OutputFile {
  /**
   * Path of the unfinished file. `claim` makes it, with a name that nobody can guess, so that no link can wait for it
   * there.
   */
  readonly partial: string;
  #claim: OutputClaim | undefined;
  /** The file that `claim` made. */
  #made: string | undefined;
  #finished = false;

  private constructor(
    /** The absolute path that the user gave. */
    readonly path: string,
    /** The path behind all symbolic links. */
    private readonly target: string,
    private readonly overwrite: boolean,
  ) {
    this.partial = join(dirname(target), workName(extname(path)));
  }

  /**
   * Checks the name; creates nothing yet. `input` is a path, or "-".
   * @throws SRVID_OUTPUT_EXISTS, SRVID_OUTPUT_IS_INPUT, SRVID_OUTPUT_UNWRITABLE
   */
  static async prepare(output: string, input: string, overwrite: boolean): Promise<OutputFile> {
    assertFileName('The output', output, 'SRVID_OUTPUT_UNWRITABLE');
    const path = resolve(output);
    const target = await realTarget(path);
    const existing = await stat(target).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw unwritable(`Cannot write to ${path}: ${messageOf(error)}. Choose another name.`, path, error);
    });
    if (existing?.isDirectory()) throw unwritable(`The output ${path} is a folder. Give the name of a file in it.`, path);
    if (existing && !existing.isFile()) {
      throw unwritable(`The output ${path} is not a regular file, and would be replaced by one. Write to - and send that there.`, path);
    }
    if (existing && input !== '-' && target === (await realpath(input).catch(() => undefined))) {
      throw new SrvidError('SRVID_OUTPUT_IS_INPUT', `Input and output are the same file, ${path}. Give the output another name.`, { path });
    }
    if (existing && !overwrite) throw new SrvidError('SRVID_OUTPUT_EXISTS', `The output ${path} exists. Give -y to overwrite it, or another name.`, { path });
    return new OutputFile(path, target, overwrite);
  }

  /**
   * Claims the target for this session, removes the unfinished file of a killed one, and creates its own. `discard`
   * must follow in every case.
   * @throws SRVID_OUTPUT_IN_USE, SRVID_OUTPUT_UNWRITABLE
   */
  async claim(): Promise<void> {
    try {
      this.#claim = await OutputClaim.take(dirname(this.target), basename(this.target), basename(this.partial));
      const file = await open(this.partial, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW);
      this.#made = identityOf(await file.stat());
      await file.close();
    } catch (error) {
      if (error instanceof SrvidError) throw error;
      throw unwritable(`Cannot write to the folder ${dirname(this.target)}: ${messageOf(error)}.`, this.path, error);
    }
  }

  /**
   * Renames the finished file to the target; if that fails, the file keeps its other name. A file that has appeared
   * under the target's name in the meantime is overwritten only if the user asked for that.
   * @throws SRVID_OUTPUT_EXISTS, SRVID_OUTPUT_UNWRITABLE
   */
  async publish(): Promise<void> {
    try {
      await this.#sync();
    } catch (error) {
      throw unwritable(`Tried to finish ${this.path}: ${messageOf(error)}.`, this.path, error);
    }
    this.#finished = true;
    try {
      await (this.overwrite ? rename(this.partial, this.target) : renameToNew(this.partial, this.target));
    } catch (error) {
      if (codeOf(error) === 'EEXIST') {
        throw new SrvidError(
          'SRVID_OUTPUT_EXISTS',
          `${this.path} appeared while srvid worked, and was left as it is. The finished file is ${this.partial}: give it a name of its own.`,
          { path: this.path, finished: this.partial },
          error,
        );
      }
      throw unwritable(`The finished file is ${this.partial}, but could not be renamed to ${this.path}: ${messageOf(error)}.`, this.path, error);
    }
    await syncFolder(dirname(this.target));
  }

  /** Removes an unfinished file and gives up the claim on the target. */
  async discard(): Promise<void> {
    if (!this.#finished && this.#made !== undefined) await rm(this.partial, { force: true });
    await this.#claim?.release();
    this.#claim = undefined;
  }

  /** Flushes the file to the disk, if it is still the one that was made. */
  async #sync(): Promise<void> {
    const file = await open(this.partial, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      if (identityOf(await file.stat()) !== this.#made) throw new Error(`${this.partial} was replaced by another file while srvid worked`);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** The target's path in the real folder, behind all links. @throws SRVID_OUTPUT_UNWRITABLE */
async function realTarget(path: string): Promise<string> {
  const meant = await meantBy(path).catch((error: unknown) => {
    throw unwritable(`Cannot write to ${path}: ${messageOf(error)}. Choose another name.`, path, error);
  });
  const folder = dirname(meant);
  try {
    const real = await realpath(folder);
    await access(real, constants.W_OK | constants.X_OK);
    return join(real, basename(meant));
  } catch (error) {
    throw unwritable(`Cannot write to the folder ${folder}: ${messageOf(error)}. Make it, or choose another.`, path, error);
  }
}

/** Renames a file to a name that is free. @throws EEXIST where the name is taken; the file there is not changed */
export async function renameToNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!isLinkless(error)) throw error;
    // Without hard links an empty file takes the name first, which is then ours to replace.
    await (await open(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW)).close();
    await rename(from, to).catch(async (thrown: unknown) => {
      await rm(to, { force: true });
      throw thrown;
    });
    return;
  }
  await rm(from);
}

/** Flushes the folder, so that the new name survives a loss of power. Some systems cannot do that. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

function identityOf({ dev, ino }: { dev: number; ino: number }): string {
  return `${dev}:${ino}`;
}

/** The error of an output that cannot be written. */
export function unwritable(message: string, path: string, cause?: unknown): SrvidError {
  return new SrvidError('SRVID_OUTPUT_UNWRITABLE', message, { path }, cause);
}
