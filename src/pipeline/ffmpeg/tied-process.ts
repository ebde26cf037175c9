import { type ExecFileOptions, execFile } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';

/** A program and its arguments, ready to be started. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

const SETPRIV = '/usr/bin/setpriv';

/**
 * Ties a command to this process: the system kills the command when this process ends in any way. After SIGKILL this
 * process has no time to do so itself, and ffmpeg would not notice while it waits for a peer. util-linux's setpriv asks
 * the system for that (prctl(2), PR_SET_PDEATHSIG) and then becomes the command, with the same process id. Without such
 * a setpriv the command is returned unchanged. So is a command that cannot be started, which then fails under its own
 * name.
 */
export function tied(file: string, args: readonly string[]): Command {
  if (process.platform !== 'linux' || !hasSetpriv() || !isProgram(file)) return { file, args };
  return { file: SETPRIV, args: ['--pdeathsig', 'KILL', '--', file, ...args] };
}

/** BusyBox has a setpriv, too, which lacks that option. */
function hasSetpriv(): boolean {
  try {
    return basename(realpathSync(SETPRIV)) === 'setpriv';
  } catch {
    return false;
  }
}

function isProgram(file: string): boolean {
  const places = file.includes('/') ? [file] : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, file));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Node's options for a command, and the bytes of its standard input. */
export interface ToolOptions extends ExecFileOptions {
  readonly input?: Uint8Array;
}

/** Output of a command that ended with exit code 0. */
export interface Written<T> {
  readonly stdout: T;
  readonly stderr: T;
}

/**
 * Runs ffmpeg or ffprobe, tied, to its end. Where `signal` stops it, it rejects once the command has ended.
 * @throws Error with the command's messages as `stderr`
 */
export function runTool(file: string, args: readonly string[], options?: ToolOptions & { readonly encoding?: 'utf8' }): Promise<Written<string>>;
/** Runs a command in the same way, with its output as bytes. */
export function runTool(file: string, args: readonly string[], options: ToolOptions & { readonly encoding: 'buffer' }): Promise<Written<Buffer>>;
/** Implements both forms. */
export function runTool(
  file: string,
  args: readonly string[],
  { signal, input, ...options }: ToolOptions & { encoding?: string } = {},
): Promise<Written<string | Buffer>> {
  const command = tied(file, args);
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = execFile(command.file, command.args, options as ExecFileOptions, (error, stdout, stderr) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(signal.reason);
      else if (error)
        reject(Object.assign(error, { stderr, message: error.message.replace(`${command.args.slice(0, 3).join(' ')} `, '').replace(`${SETPRIV} `, '') }));
      else resolve({ stdout, stderr });
    });
    if (input) child.stdin?.on('error', () => {}).end(input); // It may know enough before the end, and close its input.
    const stop = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', stop, { once: true });
  });
}
