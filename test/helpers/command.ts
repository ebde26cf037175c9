import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

export const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** The JSON lines of --json. */
  readonly events: readonly Record<string, unknown>[];
}

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly stdin?: Uint8Array;
  /** A file that standard output goes to instead. */
  readonly stdout?: string;
  /** The file of the command; the built one where not given. */
  readonly command?: string;
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs the built srvid command to its end. */
export async function srvid(
  args: readonly string[],
  { env = {}, cwd, stdin, stdout: target, command = COMMAND, onStart }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...process.env, ...env },
    ...(cwd ? { cwd } : {}),
    stdio: ['pipe', target === undefined ? 'pipe' : openSync(target, 'w'), 'pipe'],
  });
  const [out, said]: Buffer[][] = [[], []];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);
  onStart?.(child);
  const code = await exitCodeOf(child);
  const stdout = Buffer.concat(out);
  const lines = args.includes('--json')
    ? stdout
        .toString()
        .split('\n')
        .filter((line) => line.startsWith('{"v"'))
    : [];
  return { code, stdout, stderr: Buffer.concat(said).toString(), events: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** Waits for the end of a command. @returns the exit code as a shell has it: one that is interrupted may end by SIGINT itself */
export async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : code)));
}

/** The closing event of a run with --json; fails with what the command said where there is none. */
export function endOf(result: CommandResult): Record<string, unknown> {
  const end = result.events.find((event) => event['type'] === 'end');
  if (!end) throw new Error(`srvid ended with ${result.code} and said: ${result.stderr}`);
  return end;
}

/** The messages of a run's warnings, with --json. */
export function warningsOf(result: CommandResult): string[] {
  return result.events.filter((event) => event['type'] === 'warning').map((event) => event['message'] as string);
}
