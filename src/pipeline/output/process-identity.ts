import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import * as z from 'zod';

/**
 * Identity of one process, different from that of all others that have or will have its number. Values that the system
 * does not give are empty strings.
 */
export interface ProcessIdentity {
  readonly host: string;
  /** An id that changes whenever the machine starts. */
  readonly boot: string;
  /** The namespace of the number: containers have numbers of their own. */
  readonly space: string;
  readonly pid: number;
  /** Start time of the process, in ticks since the machine started. */
  readonly began: string;
}

/** The form of an identity in a file. */
export const identitySchema = z.object({ host: z.string(), boot: z.string(), space: z.string(), pid: z.int().positive(), began: z.string() });

/** The identity of this process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const [boot, space, began] = await Promise.all([bootId(), pidSpace(), beganAt(process.pid)]);
  return { host: hostname(), boot, space, pid: process.pid, began };
}

/**
 * True for a process that has ended for sure. A process of another machine or container cannot be checked and counts as
 * running.
 */
export async function hasEnded(identity: ProcessIdentity): Promise<boolean> {
  const own = await ownIdentity();
  if (identity.host !== own.host) return false;
  if (identity.boot !== own.boot) return true;
  if (identity.space !== own.space) return false;
  if (!isRunning(identity.pid)) return true;
  return (await beganAt(identity.pid)) !== identity.began;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function bootId(): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}

function pidSpace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

/** Field 22 of /proc/PID/stat (proc(5)); the name before it may hold spaces and parentheses. */
function beganAt(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/stat`, 'utf8').then(
    (text) => text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '',
    () => '',
  );
}
