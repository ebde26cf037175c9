import { constants } from 'node:fs';
import { access, link, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { messageOf, SrvidError } from '../../errors.js';
import { assertFileName } from '../ffmpeg/file-name.js';
import { meantBy } from './link-target.js';
import { codeOf, isLinkless, OutputClaim, workName } from './output-claim.js';

/**
 * The file to write. Work goes to a name of its own beside it, on the same disk, so that the target appears in one step
 * and whole: a run that fails leaves nothing under the target's name, and never harms what was there.
 */
export class OutputFile {
  /** Under which it is written. Made by `claim`, with a name that nobody can guess, so that no link can wait for it there. */
  readonly partial: string;
  #claim: OutputClaim | undefined;
  /** The file that `claim` made. */
  #made: string | undefined;
  #finished = false;

  private constructor(
    /** As it was asked for. */
    readonly path: string,
    /** The file that the name means, behind all links. */
    private readonly target: string,
    private readonly overwrite: boolean,
  ) {
    this.partial = join(dirname(target), workName(extname(path)));
  }

  /** Checks the name; makes nothing yet. @throws SRVID_OUTPUT_EXISTS, SRVID_OUTPUT_IS_INPUT, SRVID_OUTPUT_UNWRITABLE */
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
   * Claims the target for this session, takes away what a killed one left, and makes the unfinished file. To be followed
   * by `discard`, come what may.
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
   * Gives the finished file its name; where that fails, the file stays under the other one. What appeared under the name
   * in the meantime is overwritten only where that was asked for.
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

  /** Takes away what was written, unless it is finished, and lets others write the target. */
  async discard(): Promise<void> {
    if (!this.#finished && this.#made !== undefined) await rm(this.partial, { force: true });
    await this.#claim?.release();
    this.#claim = undefined;
  }

  /** On to the disk with it, if it is still the file that was made. */
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

/** The file that a name means, in the real folder. @throws SRVID_OUTPUT_UNWRITABLE */
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

/** @throws EEXIST where the name is taken: what is there stays as it is */
async function renameToNew(from: string, to: string): Promise<void> {
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

/** So that the name, too, outlives a loss of power. Some systems cannot, and there it has to do without. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

function identityOf({ dev, ino }: { dev: number; ino: number }): string {
  return `${dev}:${ino}`;
}

function unwritable(message: string, path: string, cause?: unknown): SrvidError {
  return new SrvidError('SRVID_OUTPUT_UNWRITABLE', message, { path }, cause);
}
