import { constants, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readBounded } from '../bounded-file.js';
import { messageOf, SrvidError } from '../errors.js';

const NAME = '.srvid-done.jsonl';
/** Some hundred bytes a file. */
const MAX_BYTES = 1 << 28;

const identity = z.object({ size: z.number(), mtimeMs: z.number() });
const record = z.object({
  v: z.literal(1),
  /** Path from the output folder. */
  output: z.string(),
  /** The fingerprint of the command. */
  command: z.string(),
  source: identity,
  made: identity,
});

type DoneRecord = z.infer<typeof record>;
type Identity = z.infer<typeof identity>;

/** A file that may have been done: absolute paths, and the output's from the output folder. */
export interface RecordedFile {
  readonly outputName: string;
  readonly input: string;
  readonly output: string;
}

/**
 * The records that an output folder has of files that were done in it: a line for each, with size and time of source and output and the command's
 * fingerprint, in a file of the folder. An output gets its name when it is complete, and its line after that.
 */
export class DoneRecords {
  readonly #path: string;
  #records: ReadonlyMap<string, DoneRecord> = new Map();

  private constructor(folder: string) {
    this.#path = join(folder, NAME);
  }

  /** Reads the lines of a folder. A line that is none, as a loss of power may leave it, counts as absent. @throws SRVID_OUTPUT_UNWRITABLE */
  static async of(folder: string): Promise<DoneRecords> {
    const records = new DoneRecords(folder);
    await records.read();
    return records;
  }

  /** Reads them afresh: another run may have added some. @throws SRVID_OUTPUT_UNWRITABLE */
  async read(): Promise<void> {
    const text = await readBounded(this.#path, MAX_BYTES).then(String, (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw this.#failure('read', error);
    });
    this.#records = new Map(text.split('\n').flatMap(parsed));
  }

  /**
   * Says whether a file is done by the command of this fingerprint: "done", "absent" where there is no output, else what is wrong with the
   * one that exists, as the end of a sentence about it.
   */
  async stateOf({ outputName, input, output }: RecordedFile, command: string): Promise<string> {
    const [source, made] = await Promise.all([input, output].map((path) => stat(path).catch(() => undefined)));
    if (!made) return 'absent';
    const known = this.#records.get(outputName);
    if (!known || !isSame(known.made, made)) return 'was not made by this command';
    if (!source || !isSame(known.source, source)) return 'was made of another version of its source';
    return known.command === command ? 'done' : 'was made with other options';
  }

  /** Adds a file whose output is complete, and makes sure that the line outlasts a loss of power. @throws SRVID_OUTPUT_UNWRITABLE */
  async add({ outputName, output }: RecordedFile, command: string, source: Stats): Promise<void> {
    try {
      const made = identityOf(await stat(output));
      const line = JSON.stringify({ v: 1, output: outputName, command, source: identityOf(source), made } satisfies DoneRecord);
      const file = await open(this.#path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o666);
      try {
        // The line feed in front ends a line that broke off.
        await file.appendFile(`\n${line}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw this.#failure('write', error);
    }
  }

  #failure(step: string, error: unknown): SrvidError {
    const message = `Tried to ${step} the list of what is done, ${this.#path}: ${messageOf(error)}. Mend that, or choose another output folder.`;
    return new SrvidError('SRVID_OUTPUT_UNWRITABLE', message, { path: this.#path }, error);
  }
}

function parsed(line: string): [string, DoneRecord][] {
  if (!line.startsWith('{')) return [];
  try {
    const found = record.parse(JSON.parse(line));
    return [[found.output, found]];
  } catch {
    return [];
  }
}

function identityOf({ size, mtimeMs }: Stats): Identity {
  return { size, mtimeMs };
}

function isSame(known: Identity, now: Identity): boolean {
  return known.size === now.size && known.mtimeMs === now.mtimeMs;
}
