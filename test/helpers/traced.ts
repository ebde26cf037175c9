import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A program's doings, its threads and child processes included. */
export interface Trace {
  readonly code: number | null;
  readonly said: string;
  /** Files left in the program's own temporary, home and cache folders, by their paths in them. */
  readonly left: readonly string[];
  /** Files that it opened, or tried to, by the paths that it gave. */
  readonly opened: readonly string[];
  /** System calls that speak to a host, name servers included. */
  readonly asked: readonly string[];
}

/**
 * Runs Node with these arguments under strace, in an environment without anything of the caller's but PATH: variables of CI
 * services switch telemetry off by themselves, and would hide that srvid does not.
 */
export async function traced(folder: string, args: readonly string[]): Promise<Trace> {
  const own = await mkdtemp(join(folder, 'traced-'));
  const [temporary, home, cache] = await Promise.all(
    ['tmp', 'home', 'cache'].map(async (name) => (await mkdir(join(own, 'left', name), { recursive: true })) && join(own, 'left', name)),
  );
  const log = join(own, 'trace');
  const options = ['-f', '-qq', '--seccomp-bpf', '-s', '256', '-e', 'trace=open,openat,connect,sendto,sendmsg,sendmmsg', '-o', log];
  const child = spawn('strace', [...options, process.execPath, ...args], {
    env: { PATH: process.env['PATH'], TMPDIR: temporary, HOME: home, XDG_CACHE_HOME: cache },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const lines = (await readFile(log, 'utf8')).split('\n');
  const files = await readdir(join(own, 'left'), { recursive: true, withFileTypes: true });
  return {
    code,
    said,
    left: files.filter((file) => !file.isDirectory()).map((file) => join(file.parentPath, file.name).slice(join(own, 'left/').length)),
    opened: lines.flatMap((line) => /open(?:at)?\((?:[^,"]+, )?"([^"]*)"/.exec(line)?.[1] ?? []),
    asked: lines.filter((line) => /sa_family=AF_INET|\/systemd\/resolve\//.test(line)),
  };
}
