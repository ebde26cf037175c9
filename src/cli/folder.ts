import { writeFile } from 'node:fs/promises';
import { parseForeignJson, readBounded } from '../bounded-file.js';
import { messageOf, SrvidError } from '../errors.js';
import type { AnyFolderEvent, FileResult, FolderReport } from '../folders/events.js';
import { type FolderRequest, runFolder } from '../folders/run-folder.js';
import type { SessionRequest } from '../options/requests.js';
import { OutputFile } from '../pipeline/output/output-file.js';
import { type MessageFlags, Messages } from './messages.js';
import { queueHooks } from './queue-flags.js';
import { planText, type RunOutput } from './run.js';
import type { RunFlags } from './run-options.js';
import { table } from './table.js';
import { plainJson, plainLine } from './terminal.js';
import { sayWritten } from './written.js';

const MAX_REPORT_BYTES = 1 << 28;

/** Settings of `runFolderCommand`. */
export interface FolderOutput extends RunOutput, Pick<RunFlags, 'exclude' | 'report' | 'watch'> {}

/**
 * Processes the files of a folder or a pattern: one progress line, a table at the end, or JSON lines on standard output, and the report.
 * @throws the errors of `runFolder`; SRVID_FILES_FAILED and SRVID_INTERRUPTED after the table
 */
export async function runFolderCommand(request: SessionRequest, output: FolderOutput): Promise<void> {
  const { interrupt, exclude, report: path, watch, ...flags } = output;
  if (watch) throw new SrvidError('SRVID_OPTION_INVALID', '--watch tries one file again and again: give it as the input, in place of a folder or a pattern.');
  const file = path === undefined ? undefined : await prepareReport(path, request);
  const messages = new Messages(flags);
  const hear = hearing(messages, flags);
  const ends = queueHooks(flags, messages);
  try {
    const report = await runFolder({ ...request, exclude } satisfies FolderRequest, { signal: interrupt, onEvent: hear, onLog: messages.log, ...ends });
    messages.say(reportText(report));
    if (file) await writeReport(file, report);
    refuseUnfinished(report, interrupt);
  } finally {
    messages.line.clear();
  }
}

/** The listener that prints events. A file's own progress is part of that over all, and its errors stand in the table, too. */
function hearing(messages: Messages, { json, verbose }: MessageFlags): (event: AnyFolderEvent) => void {
  let name = '';
  const about = (text: string) => messages.say(`${name && `${plainLine(name)}: `}${text}`);
  return (event) => {
    if (json) process.stdout.write(`${plainJson(event)}\n`);
    else if (event.type === 'folder')
      messages.say(`${event.files === 1 ? '1 file' : `${event.files} files`} of ${plainLine(event.input)} to ${plainLine(event.output)}`);
    else if (event.type === 'start') {
      name = event.input;
      if (verbose) about(`\n${planText(event)}`);
    } else if (event.type === 'measuring') messages.say(event.message);
    else if (event.type === 'warning') about(`warning: ${plainLine(event.message)}`);
    else if (event.type === 'folder-progress') messages.line.show(event);
    else if (event.type === 'file') {
      if (event.error) messages.complain(`${plainLine(event.name)}: ${plainLine(event.error.message)} [${event.error.code}]`);
      else if (event.state === 'done') messages.say(`${plainLine(event.name)}: ${event.frames} frames in ${event.wallSeconds?.toFixed(1)} s`);
      name = '';
    }
  };
}

/** The table of all files, with the sums below. */
function reportText({ files, counts, frames, wallSeconds }: FolderReport): string {
  const rows = files.map(({ name, state, frames, wallSeconds, error }) => [
    plainLine(name),
    state === 'open' ? 'not done' : state,
    frames === undefined ? '' : String(frames),
    wallSeconds === undefined ? '' : wallSeconds.toFixed(1),
    error?.code ?? '',
  ]);
  const { done, skipped, failed, open } = counts;
  const sums = [`${done} done`, `${skipped} skipped`, `${failed} failed`, ...(open > 0 ? [`${open} not done`] : [])].join(', ');
  return `${table([['file', 'result', 'frames', 'seconds', 'error'], ...rows])}\n${files.length === 1 ? '1 file' : `${files.length} files`}: ${sums}; ${frames} frames in ${wallSeconds.toFixed(1)} s`;
}

/** @throws SRVID_INTERRUPTED, SRVID_FILES_FAILED where a file is not done */
function refuseUnfinished({ files, counts }: FolderReport, interrupt: AbortSignal): void {
  const ended = counts.done + counts.skipped;
  if (counts.open > 0) {
    const message = `Interrupted when ${ended} of ${files.length} files were done. The same command goes on with the others.`;
    throw new SrvidError('SRVID_INTERRUPTED', message, { ...counts }, interrupt.reason);
  }
  if (counts.failed === 0) return;
  const named = files.filter(({ state }) => state === 'failed');
  const message = `${counts.failed} of ${files.length} files failed: ${shortList(named)}. The same command tries them again, and skips what is done.`;
  throw new SrvidError('SRVID_FILES_FAILED', message, { ...counts, files: named.map(({ name }) => name) });
}

/** The first names of a list, and how many more there are. */
function shortList(files: readonly FileResult[]): string {
  const shown = files.slice(0, 3).map(({ name, error }) => `${name} (${error?.code})`);
  return [...shown, ...(files.length > 3 ? [`${files.length - 3} more`] : [])].join(', ');
}

/** Checks the report's file before the first file is processed. A report of an earlier run is replaced. @throws SRVID_OUTPUT_EXISTS, SRVID_OUTPUT_UNWRITABLE */
async function prepareReport(path: string, { input, overwrite }: SessionRequest): Promise<OutputFile> {
  const isReport = await readBounded(path, MAX_REPORT_BYTES).then(
    (bytes) => isFolderReport(bytes.toString()),
    () => false,
  );
  return OutputFile.prepare(path, input, isReport || overwrite === true);
}

function isFolderReport(text: string): boolean {
  try {
    return (parseForeignJson(text) as Partial<FolderReport> | null)?.type === 'folder-end';
  } catch {
    return false;
  }
}

async function writeReport(file: OutputFile, report: FolderReport): Promise<void> {
  try {
    await file.claim();
    await writeFile(file.partial, `${plainJson(report, 2)}\n`).catch((error: unknown) => {
      throw new SrvidError('SRVID_OUTPUT_UNWRITABLE', `Tried to write the report ${file.path}: ${messageOf(error)}.`, { path: file.path }, error);
    });
    await file.publish();
    sayWritten(file.path);
  } finally {
    await file.discard();
  }
}
