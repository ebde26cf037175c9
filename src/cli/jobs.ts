import type { Command } from 'commander';
import { SrvidError } from '../errors.js';
import type { KnownJob } from '../jobs/job-list.js';
import { plainJson, plainLine } from './terminal.js';

/** Declares `srvid jobs` and `srvid jobs clean`. */
export function addJobsCommands(jobs: Command): void {
  jobs
    .description('list videos that were begun in segments and are not finished (docs/long-jobs.md)')
    .argument('[folder...]', 'folders to look into, beside those that srvid remembers (default: this one)')
    .option('--json', 'as JSON')
    .action((folders: string[], flags: { readonly json?: boolean }) => printJobs(folders, flags));
  jobs
    .command('clean')
    .description('remove what is kept of them')
    .argument('[output...]', 'the videos that were to be written')
    .option('--all', 'all that are listed, apart from those that are at work')
    .action((outputs: string[], flags: { readonly all?: boolean }) => cleanUp(outputs, flags));
}

async function printJobs(folders: readonly string[], { json }: { readonly json?: boolean }): Promise<void> {
  const { findJobs } = await import('../jobs/job-list.js');
  const found = await findJobs(folders.length > 0 ? folders : ['.']);
  if (json) process.stdout.write(`${plainJson(found.map(recordOf))}\n`);
  else if (found.length === 0) process.stdout.write('Nothing is begun and not finished.\n');
  else for (const job of found) process.stdout.write(`${plainLine(lineOf(job))}\n`);
}

async function cleanUp(outputs: readonly string[], { all }: { readonly all?: boolean }): Promise<void> {
  if (outputs.length === 0 && !all)
    throw new SrvidError('SRVID_OPTION_INVALID', 'srvid jobs clean needs the outputs whose work is to be removed, or --all. "srvid jobs" lists them.');
  const { cleanJobs } = await import('../jobs/job-list.js');
  const removed = await cleanJobs(all ? 'all' : outputs);
  for (const { folder, bytes } of removed) process.stderr.write(`${plainLine(`removed: ${folder}, ${megabytes(bytes)}`)}\n`);
  if (removed.length === 0) process.stderr.write('There was nothing to remove.\n');
}

function recordOf({ folder, journal, isRunning, bytes }: KnownJob): object {
  const { output, source, spans = [], pieces = {} } = journal ?? {};
  return { folder, output, input: source?.path, segments: spans.length, done: Object.keys(pieces).length, running: isRunning, bytes };
}

function lineOf({ folder, journal, isRunning, bytes }: KnownJob): string {
  if (!journal) return `${folder}: its journal cannot be read, ${megabytes(bytes)}`;
  const { output, source, spans, pieces } = journal;
  return `${output}: ${Object.keys(pieces).length} of ${spans.length} segments of ${source.path}, ${megabytes(bytes)}${isRunning ? ', at work now' : ''}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
