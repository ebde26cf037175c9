import { access, constants, mkdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { messageOf, SrvidError } from '../../errors.js';
import { assertFileName } from '../ffmpeg/file-name.js';
import { numbered, numbersIn, patternOf, type Sequence } from '../input/pictures.js';
import { codeOf, OutputClaim, workName } from './output-claim.js';
import { renameToNew, unwritable } from './output-file.js';

/** The options that name numbered pictures. */
interface PictureOptions {
  readonly input: string;
  readonly output: string;
  readonly overwrite: boolean;
  readonly startNumber?: number | undefined;
}

/** Numbered pictures to write: made in a folder beside their own, and given their names when all are there. */
export class PictureFiles {
  /** The pattern of the unfinished pictures, for ffmpeg. */
  readonly partial: string;
  readonly #work: Sequence;
  #claim: OutputClaim | undefined;
  #isMade = false;
  #isFinished = false;

  private constructor(
    /** The pattern that the user gave. */
    private readonly path: string,
    private readonly sequence: Sequence,
    private readonly overwrite: boolean,
  ) {
    this.#work = { ...sequence, folder: join(sequence.folder, workName('')) };
    this.partial = patternOf(this.#work);
  }

  /** Checks the pattern; creates nothing yet. @throws SRVID_OUTPUT_EXISTS, SRVID_OUTPUT_IS_INPUT, SRVID_OUTPUT_UNWRITABLE */
  static async prepare(asked: Sequence, { input, output, overwrite, startNumber = 1 }: PictureOptions): Promise<PictureFiles> {
    assertFileName('The output', output, 'SRVID_OUTPUT_UNWRITABLE');
    const path = resolve(output);
    if (resolve(input) === path)
      throw new SrvidError('SRVID_OUTPUT_IS_INPUT', `Input and output are the same pictures, ${path}. Give the output another name.`, { path });
    const folder = await realpath(asked.folder)
      .then(async (real) => {
        await access(real, constants.W_OK | constants.X_OK);
        return real;
      })
      .catch((error: unknown) => {
        throw unwritable(`Cannot write to the folder ${asked.folder}: ${messageOf(error)}. Make it, or choose another.`, path, error);
      });
    const sequence = { ...asked, folder };
    const taken = (await numbersIn(sequence)).find((number) => number >= startNumber);
    if (taken !== undefined && !overwrite) {
      const message = `The picture ${numbered(sequence, taken)} exists. Give -y to overwrite pictures, another name, or a --start-number above those that are there.`;
      throw new SrvidError('SRVID_OUTPUT_EXISTS', message, { path: numbered(sequence, taken) });
    }
    return new PictureFiles(path, sequence, overwrite);
  }

  /** Claims the pattern for this session and makes the folder of unfinished pictures. @throws SRVID_OUTPUT_IN_USE, SRVID_OUTPUT_UNWRITABLE */
  async claim(): Promise<void> {
    const { folder } = this.sequence;
    try {
      this.#claim = await OutputClaim.take(folder, basename(this.path), basename(this.#work.folder));
      await mkdir(this.#work.folder);
      this.#isMade = true;
    } catch (error) {
      if (error instanceof SrvidError) throw error;
      throw unwritable(`Cannot write to the folder ${folder}: ${messageOf(error)}.`, this.path, error);
    }
  }

  /** Gives each picture its name. One that has appeared there meanwhile is overwritten only if the user asked for that. @throws SRVID_OUTPUT_EXISTS, SRVID_OUTPUT_UNWRITABLE */
  async publish(): Promise<void> {
    this.#isFinished = true;
    for (const number of await numbersIn(this.#work)) {
      const [from, to] = [numbered(this.#work, number), numbered(this.sequence, number)];
      await (this.overwrite ? rename(from, to) : renameToNew(from, to)).catch((error: unknown) => {
        const left = `The pictures that have no name yet are in ${this.#work.folder}.`;
        if (codeOf(error) !== 'EEXIST') throw unwritable(`Tried to name the picture ${to}: ${messageOf(error)}. ${left}`, this.path, error);
        const message = `${to} appeared while srvid worked, and was left as it is. ${left}`;
        throw new SrvidError('SRVID_OUTPUT_EXISTS', message, { path: to, finished: this.#work.folder }, error);
      });
    }
    await rm(this.#work.folder, { recursive: true, force: true });
  }

  /** Removes unfinished pictures and gives up the claim. */
  async discard(): Promise<void> {
    if (!this.#isFinished && this.#isMade) await rm(this.#work.folder, { recursive: true, force: true });
    await this.#claim?.release();
    this.#claim = undefined;
  }
}
