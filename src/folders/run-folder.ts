import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SrvidError } from '../errors.js';
import type { SegmentHooks } from '../jobs/long-run.js';
import type { SessionRequest } from '../options/requests.js';
import { parseSessionOptions } from '../options/session.js';
import { findFfmpeg } from '../pipeline/ffmpeg/binary.js';
import { lookUp } from '../processing.js';
import { runSession } from '../session.js';
import { DoneRecords } from './done-records.js';
import type { AnyFolderEvent, FileResult, FileState, FolderReport } from './events.js';
import { fingerprintOf } from './fingerprint.js';
import { FolderProgress } from './folder-progress.js';
import { makeFolder, type PlannedFile, planFolder } from './plan-folder.js';

/** A session's options, whose input is a folder or a pattern and whose output is a folder. */
export interface FolderRequest extends SessionRequest {
  /** Patterns of files that are left out, from the input's folder on. */
  readonly exclude?: readonly string[] | undefined;
}

/** A caller's connections to a folder's run. */
export interface FolderHooks extends Pick<SegmentHooks, 'signal' | 'onLog' | 'scheduler'> {
  readonly onEvent: (event: AnyFolderEvent) => void;
}

/**
 * Processes the files of a folder or a pattern, one after the other: each uses the whole machine. A file that fails is reported, and the next
 * one follows; one that an earlier run of the same command has done is skipped. The signal ends it after the file that is open, whose
 * output is not written.
 * @throws the errors of `planFolder`, and those of options, presets, plugins and ffmpeg, before the first file
 */
export async function runFolder({ exclude = [], ...request }: FolderRequest, hooks: FolderHooks): Promise<FolderReport> {
  const startedAt = performance.now();
  const command = await checked(request);
  const { output, files, unread } = await planFolder({ ...request, exclude });
  await makeFolder(output);
  const run = new FolderRun(request, hooks, command, await DoneRecords.of(output));
  hooks.onEvent({ v: 1, type: 'folder', input: request.input, output, files: files.length });
  for (const path of unread) hooks.onEvent({ v: 1, type: 'warning', message: `The folder ${path} cannot be looked into, so its files are left out.` });
  const results = await run.all(files);
  const counts: Record<FileState, number> = { done: 0, skipped: 0, failed: 0, open: 0 };
  for (const { state } of results) counts[state]++;
  const frames = results.reduce((sum, result) => sum + (result.frames ?? 0), 0);
  const wallSeconds = Number(((performance.now() - startedAt) / 1000).toFixed(3));
  const report: FolderReport = { v: 1, type: 'folder-end', input: request.input, output, counts, frames, wallSeconds, files: results };
  hooks.onEvent(report);
  return report;
}

/** Finds what is wrong with the command itself, which would be wrong with every file. @returns the command's fingerprint */
async function checked(request: SessionRequest): Promise<string> {
  await Promise.all([findFfmpeg(), lookUp(parseSessionOptions(request))]);
  return fingerprintOf(request);
}

/** The run of one folder. */
class FolderRun {
  constructor(
    private readonly request: SessionRequest,
    private readonly hooks: FolderHooks,
    private readonly command: string,
    private readonly records: DoneRecords,
  ) {}

  async all(files: readonly PlannedFile[]): Promise<FileResult[]> {
    const states = await Promise.all(files.map((file) => this.records.stateOf(file, this.command)));
    const requests = files.filter((_, index) => states[index] !== 'done').map((file) => this.#requestFor(file));
    const progress = new FolderProgress(requests, files.length);
    const results: FileResult[] = [];
    try {
      for (const [index, file] of files.entries()) {
        const result = await this.#one(file, (event) => {
          this.hooks.onEvent(event);
          if (event.type === 'progress') this.hooks.onEvent(progress.event(file.name, index + 1, event.frames));
        });
        progress.ended(file.input, result.frames ?? 0);
        results.push(result);
        this.hooks.onEvent({ v: 1, type: 'file', ...result });
      }
    } finally {
      progress.close();
    }
    return results;
  }

  /** Processes one file. A failure is its result. */
  async #one(file: PlannedFile, onEvent: (event: AnyFolderEvent) => void): Promise<FileResult> {
    const { name, input, output } = file;
    const result = { name, input, output };
    try {
      if (await this.#isDone(file)) return { ...result, state: 'skipped' };
      if (this.hooks.signal?.aborted) return { ...result, state: 'open' };
      await makeFolder(dirname(output));
      const source = await stat(input);
      const { framesOut: frames, wallSeconds } = await runSession(this.#requestFor(file), { ...this.hooks, onEvent }, this.hooks);
      await this.records.add(file, this.command, source);
      return { ...result, state: 'done', frames, wallSeconds };
    } catch (error) {
      if (this.hooks.signal?.aborted) return { ...result, state: 'open' };
      return { ...result, state: 'failed', error: recordOf(error) };
    }
  }

  /** @throws SRVID_OUTPUT_EXISTS where an output that is not known as done may not be overwritten */
  async #isDone(file: PlannedFile): Promise<boolean> {
    const { output: path } = file;
    if ((await this.records.stateOf(file, this.command)) === 'absent') return false;
    await this.records.read(); // Another run may have made it meanwhile.
    const state = await this.records.stateOf(file, this.command);
    if (state === 'done' || state === 'absent' || this.request.overwrite) return state === 'done';
    throw new SrvidError('SRVID_OUTPUT_EXISTS', `The output ${path} exists, and ${state}. Give -y to overwrite it, or another output folder.`, { path });
  }

  #requestFor({ input, output }: Pick<PlannedFile, 'input' | 'output'>): SessionRequest {
    return { ...this.request, input, output };
  }
}

function recordOf(error: unknown) {
  return (error instanceof SrvidError ? error : new SrvidError('SRVID_INTERNAL', error instanceof Error ? error.message : String(error), {}, error)).toRecord();
}
