import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { tied } from '../pipeline/ffmpeg/tied-process.js';
import { makeTemporaryFolder } from '../pipeline/output/temporary-folder.js';
import type { EndEvent } from '../report/events.js';

const COMMAND = fileURLToPath(new URL('../cli/main.js', import.meta.url));

/** Milliseconds that a stopped srvid may take to end. */
const STOP_MS = 1300;

/** Environment variables to add, and a signal that stops the command. */
export interface SrvidOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** Runs the srvid command in a process of its own, as users do. @returns its `end` event */
export async function runSrvid(args: readonly string[], { env = {}, signal }: SrvidOptions = {}): Promise<EndEvent> {
  const command = tied(process.execPath, [COMMAND, ...args, '--json', '-y']);
  signal?.throwIfAborted();
  const stdout = await new Promise<string>((resolve, reject) => {
    let killing: NodeJS.Timeout | undefined;
    const child = execFile(command.file, command.args, { env: { ...process.env, ...env }, maxBuffer: 1 << 28 }, (error, written) => {
      signal?.removeEventListener('abort', stop);
      clearTimeout(killing);
      if (error) reject(signal?.aborted ? signal.reason : error);
      else resolve(written);
    });
    const stop = () => {
      child.kill('SIGTERM');
      killing = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    };
    signal?.addEventListener('abort', stop, { once: true });
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as EndEvent;
}

/** The median. NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Runs `work` with a new temporary folder, which is removed afterwards. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await makeTemporaryFolder('bench');
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** User and system milliseconds of ffmpeg, from the output of its option -benchmark. */
export function benchmarkMs(stderr: string): number {
  const match = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(stderr);
  if (!match) throw new Error(`ffmpeg printed no benchmark line: ${stderr.slice(-400)}`);
  return (Number(match[1]) + Number(match[2])) * 1000;
}
