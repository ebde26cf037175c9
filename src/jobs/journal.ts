import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { parseForeignJson, readBounded } from '../bounded-file.js';
import { messageOf } from '../errors.js';
import { syncFolder, unwritable } from '../pipeline/output/output-file.js';
import { identitySchema, ownIdentity } from '../pipeline/output/process-identity.js';
import { fingerprintSchema, type PieceResult, pieceResultSchema, spanSchema } from './scheduler.js';

/** The journal's name in its folder, and that of a journal that is being written. */
const [NAME, ASIDE] = ['journal.json', 'journal.json.part'];
/** A journal of a day of video in segments of a second. */
const MAX_BYTES = 1 << 26;

const journalSchema = z.object({
  v: z.literal(1),
  whole: z.string(),
  /** The file that is to be written. */
  output: z.string(),
  source: fingerprintSchema,
  /** All that makes the result, as texts by name: options, networks, files, versions. */
  makes: z.record(z.string(), z.string()),
  spans: z.array(spanSchema).min(1),
  /** Finished pieces, by the number of their segment. */
  pieces: z.record(z.string().regex(/^\d+$/), pieceResultSchema),
  /** Frames of the whole that are expected; for lists alone. */
  frames: z.number().optional(),
  /** The process that works at it, or was the last to do so. */
  process: identitySchema,
});

/** A long job in words: its source, all that makes its result, its segments and finished pieces. */
export type Journal = z.output<typeof journalSchema>;

/** The folder of the job that writes an output: hidden, beside it, and named after it. */
export function jobFolderOf(output: string): string {
  return join(dirname(output), `.${basename(output)}.srvid-job`);
}

/** True for the name of such a folder. */
export function isJobFolder(name: string): boolean {
  return name.startsWith('.') && name.endsWith('.srvid-job');
}

/** Reads the journal in a job's folder. @returns undefined where there is none. @throws an Error that says what is wrong with it */
export async function readJournal(folder: string): Promise<Journal | undefined> {
  const bytes = await readBounded(join(folder, NAME), MAX_BYTES).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  return bytes && journalSchema.parse(parseForeignJson(bytes.toString()));
}

/**
 * The journal of a job that is at work. Each change is on disk when its call resolves: it is written aside, flushed, and renamed. So a
 * loss of power leaves either the one or the other.
 */
export class JournalFile {
  #written: Promise<void> = Promise.resolve();

  /** The journal as it is on disk. */
  #kept: Journal;

  private constructor(
    readonly folder: string,
    private state: Journal,
  ) {
    this.#kept = state;
  }

  /** Takes a job over, or begins it. @throws SRVID_OUTPUT_UNWRITABLE */
  static async begin(folder: string, journal: Omit<Journal, 'process' | 'v'>): Promise<JournalFile> {
    const file = new JournalFile(folder, { ...journal, v: 1, process: await ownIdentity() });
    await kept(folder, async () => {
      await mkdir(folder, { recursive: true });
      await syncFolder(dirname(folder));
    });
    await file.#write();
    return file;
  }

  /** The journal as it is on disk: a piece whose entry is still being written is not in it. */
  get journal(): Journal {
    return this.#kept;
  }

  /** Notes that a piece is finished. It must be on disk. @throws SRVID_OUTPUT_UNWRITABLE */
  async add(index: number, result: PieceResult): Promise<void> {
    this.state = { ...this.state, pieces: { ...this.state.pieces, [index]: result } };
    await this.#write();
  }

  /** Forgets pieces that are not what was written. */
  async drop(indices: readonly number[]): Promise<void> {
    if (indices.length === 0) return;
    const gone = new Set(indices.map(String));
    this.state = { ...this.state, pieces: Object.fromEntries(Object.entries(this.state.pieces).filter(([index]) => !gone.has(index))) };
    await this.#write();
  }

  /** Removes the job with all its pieces. */
  async remove(): Promise<void> {
    await this.#written;
    await rm(this.folder, { recursive: true, force: true });
  }

  /** One after the other. */
  #write(): Promise<void> {
    const next = this.#written.catch(() => {}).then(() => kept(this.folder, () => this.#writeNow()));
    this.#written = next;
    return next;
  }

  async #writeNow(): Promise<void> {
    const aside = join(this.folder, ASIDE);
    const { state } = this;
    const file = await open(aside, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
    await flushed(file, () => file.writeFile(JSON.stringify(state)));
    await rename(aside, join(this.folder, NAME));
    await syncFolder(this.folder);
    this.#kept = state;
  }
}

/** Gives a finished file its name, so that a loss of power leaves it whole under that name, or not there. @throws SRVID_OUTPUT_UNWRITABLE */
export async function settleFile(aside: string, path: string): Promise<{ readonly bytes: number }> {
  return kept(path, async () => {
    const file = await open(aside, constants.O_RDONLY | constants.O_NOFOLLOW);
    await flushed(file, async () => {});
    await rename(aside, path);
    await syncFolder(dirname(path));
    return { bytes: (await stat(path)).size };
  });
}

/** Names the place where work on the disk fails. @throws SRVID_OUTPUT_UNWRITABLE */
async function kept<T>(path: string, work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    throw unwritable(`Tried to keep a part of a long job in ${path}: ${messageOf(error)}. Make room there, or give --no-resume.`, path, error);
  });
}

async function flushed(file: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    await file.sync();
  } finally {
    await file.close();
  }
}
