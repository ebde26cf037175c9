import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { messageOf, SrvidError } from '../errors.js';
import { cacheFile, KeptValues } from '../kept-values.js';
import { hasEnded } from '../pipeline/output/process-identity.js';
import { isJobFolder, type Journal, jobFolderOf, readJournal } from './journal.js';

/** A long job that is not finished. */
export interface KnownJob {
  readonly folder: string;
  /** Undefined where the journal cannot be read. */
  readonly journal: Journal | undefined;
  /** A process works at it now. */
  readonly isRunning: boolean;
  /** Bytes of finished pieces. */
  readonly bytes: number;
}

/** Folders of jobs, as runs have noted them for this user. */
const kept = () => new KeptValues(cacheFile('jobs.json'));

/** Notes a job's folder, so that it is found from anywhere. */
export async function remember(folder: string): Promise<void> {
  await kept().set({ [folder]: true });
}

/** Forgets a folder that is gone. */
export async function forget(folder: string): Promise<void> {
  await kept().forget([folder]);
}

/** Finds jobs that are not finished: those that this user has begun anywhere, and those in the given folders. */
export async function findJobs(folders: readonly string[]): Promise<readonly KnownJob[]> {
  const noted = (await kept().names()).filter((name) => isJobFolder(basename(name)));
  const beside = await Promise.all(
    folders.map(async (folder) => (await readdir(folder).catch(() => [])).filter(isJobFolder).map((name) => resolve(folder, name))),
  );
  const found = await Promise.all([...new Set([...noted, ...beside.flat()])].sort().map(jobAt));
  return found.filter((job) => job !== undefined);
}

/**
 * Removes what is kept for these outputs, or of all jobs that `findJobs` finds.
 * @param outputs names of outputs, or of the jobs' own folders
 * @returns the folders that were removed
 * @throws SRVID_INPUT_NOT_FOUND where nothing is kept, SRVID_OUTPUT_IN_USE where a process works at it
 */
export async function cleanJobs(outputs: readonly string[] | 'all'): Promise<readonly KnownJob[]> {
  const jobs =
    outputs === 'all'
      ? (await findJobs(['.'])).filter(({ journal, isRunning }) => journal !== undefined && !isRunning)
      : await Promise.all(outputs.map(namedJob));
  const running = jobs.find(({ isRunning }) => isRunning);
  if (running) {
    const pid = running.journal?.process.pid;
    throw new SrvidError('SRVID_OUTPUT_IN_USE', `Process ${pid} works at ${running.journal?.output} now. Stop it first: it keeps what is done.`, {
      path: running.folder,
    });
  }
  for (const { folder } of jobs) {
    await rm(folder, { recursive: true, force: true });
    await forget(folder);
  }
  return jobs;
}

async function namedJob(output: string): Promise<KnownJob> {
  const path = resolve(output);
  const job = await jobAt(isJobFolder(basename(path)) ? path : jobFolderOf(path));
  if (job) return job;
  throw new SrvidError('SRVID_INPUT_NOT_FOUND', `Nothing is kept for ${path}: there is no ${jobFolderOf(path)}. "srvid jobs" lists what there is.`, { path });
}

/** The job in a folder; undefined where there is no such folder, or something else. */
async function jobAt(folder: string): Promise<KnownJob | undefined> {
  const state = await lstat(folder).catch(() => undefined);
  if (!state?.isDirectory()) return undefined;
  const journal = await readJournal(folder).catch(() => undefined);
  const files = await Promise.all((await readdir(folder)).map((name) => lstat(join(folder, name)).catch(() => undefined)));
  const bytes = files.reduce((sum, file) => sum + (file?.size ?? 0), 0);
  return { folder, journal, isRunning: journal !== undefined && !(await hasEnded(journal.process)), bytes };
}

/** The journal of a job that is to be gone on with. @throws SRVID_JOB_DAMAGED where it cannot be read */
export async function begunJob(folder: string): Promise<Journal | undefined> {
  return readJournal(folder).catch((error: unknown) => {
    const message = `The journal in ${folder} cannot be read: ${messageOf(error)}. Remove it by "srvid jobs clean ${folder}", or give --no-resume.`;
    throw new SrvidError('SRVID_JOB_DAMAGED', message, { folder }, error);
  });
}
