import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { SrvidError } from '../errors.js';
import type { SessionRequest } from '../options/requests.js';
import { ownFiles } from '../plugins/own-files.js';
import { plainLine } from './terminal.js';

/** Seconds of video that are processed again and again, unless --duration says how many. */
export const EXCERPT_SECONDS = 5;
/** Editors write a file in several steps, and compilers several files. */
const SETTLING_MS = 100;
/** Files that a run reads, of all that may change in a folder. */
const READ = /\.([cm]?[jt]s|json|onnx|wasm)$/;

/** Settings of `watchRuns`. */
export interface WatchSetting {
  /** The command's arguments, as they were typed. */
  readonly args: readonly string[];
  readonly quiet: boolean;
  readonly interrupt: AbortSignal;
}

/**
 * Runs the command on an excerpt, and again whenever a file changes that makes its result: a plugin given by its path, a preset's
 * file, a network of one's own. Each run is a process of its own, so that every module is read afresh. Ends when interrupted.
 * @throws SRVID_OPTION_INVALID where nothing can be watched, SRVID_OUTPUT_EXISTS
 */
export async function watchRuns(request: SessionRequest, { args, quiet, interrupt }: WatchSetting): Promise<void> {
  if (request.input === '-' || request.output === '-') {
    throw new SrvidError('SRVID_OPTION_INVALID', '--watch runs again and again, so it needs a file to read and a file to write, not standard input or output.');
  }
  const folders = await foldersOf(request);
  const output = resolve(request.output);
  if (!request.overwrite && (await stat(output).catch(() => undefined))) {
    throw new SrvidError('SRVID_OUTPUT_EXISTS', `${output} exists. --watch writes it again after each change; give --yes to overwrite it, or another output.`);
  }
  const say = (text: string) => quiet || process.stderr.write(`${plainLine(text)}\n`);
  const changes = new Changes(folders);
  try {
    // What a run of this watch has written, the next may overwrite.
    let written = false;
    while (!interrupt.aborted) {
      const child = start([
        ...args.filter((arg) => arg !== '--watch'),
        ...(request.duration === undefined ? ['--duration', `${EXCERPT_SECONDS}`] : []),
        ...(written ? ['--yes'] : []),
      ]);
      const ended = once(child, 'close').then(([code]) => code as number | null);
      const changed = changes.next(interrupt);
      const code = await Promise.race([ended, changed.then(() => undefined)]);
      if (code === 0) written = true;
      if (code !== undefined) say(`watching ${folders.join(', ')}: a change runs it again, Ctrl-C ends`);
      const name = await changed;
      if (child.exitCode === null) child.kill('SIGINT');
      await ended;
      if (name !== undefined) say(`${name} changed`);
    }
  } finally {
    changes.close();
  }
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, process.argv[1] as string, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** The folders of all files that make the result and may be edited. @throws SRVID_OPTION_INVALID where there are none */
async function foldersOf(request: SessionRequest): Promise<string[]> {
  const files = await ownFiles(request);
  if (files.length > 0) return [...new Set(files.map((file) => dirname(file)))];
  throw new SrvidError(
    'SRVID_OPTION_INVALID',
    '--watch has nothing to watch: give a plugin by its path (--plugin ./x.js), a preset’s file, or --model with a network.',
  );
}

/** Changes of files in some folders, several within a moment taken for one. */
class Changes {
  readonly #watchers: readonly FSWatcher[];
  #name: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #heard: () => void = () => {};

  constructor(folders: readonly string[]) {
    this.#watchers = folders.map((folder) =>
      watch(folder, (_, name) => {
        if (name === null || !READ.test(name)) return;
        this.#name = basename(name);
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#heard(), SETTLING_MS);
      }),
    );
  }

  /** The name of the file that changes next; undefined where the signal aborts first. */
  async next(signal: AbortSignal): Promise<string | undefined> {
    this.#name = undefined;
    await new Promise<void>((heard) => {
      this.#heard = heard;
      signal.addEventListener('abort', () => heard(), { once: true });
      if (signal.aborted) heard();
    });
    return this.#name;
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
  }
}
