import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readBounded } from './bounded-file.js';
import { userFolders } from './user-folders.js';

const MAX_BYTES = 1 << 22;
/** The newest values are kept. */
const MOST_VALUES = 1000;
/** A writer waits for another one so often, and so many milliseconds each time. */
const [MOST_WAITS, WAIT_MS] = [40, 10];
/** A lock of this age in milliseconds was left by a process that was killed. */
const STALE_MS = 2000;

/** A file's place in the user's cache folder. */
export function cacheFile(name: string): string {
  return join(userFolders().cache, name);
}

/**
 * Values that are kept between runs in a JSON file, by name. The file may be deleted at any time. A file that cannot be read
 * or written counts as empty, and costs no run. One writer changes it at a time, a lock beside it says so.
 */
export class KeptValues {
  /** `path` is the file. Its folder is made when it is needed. */
  constructor(private readonly path: string) {}

  /** The value of a name, as some run or some other program has left it. */
  async get(name: string): Promise<unknown> {
    const values = await this.#read();
    return Object.hasOwn(values, name) ? values[name] : undefined;
  }

  /** The names of all values. */
  async names(): Promise<readonly string[]> {
    return Object.keys(await this.#read());
  }

  /** Keeps these values beside the others. */
  async set(values: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#change((kept) => Object.fromEntries([...Object.entries(kept).filter(([name]) => !(name in values)), ...Object.entries(values)]));
  }

  /** Removes the values of these names. */
  async forget(names: readonly string[]): Promise<void> {
    await this.#change((kept) => Object.fromEntries(Object.entries(kept).filter(([name]) => !names.includes(name))));
  }

  async #change(change: (kept: Record<string, unknown>) => Record<string, unknown>): Promise<void> {
    const [temporary, lock] = [`${this.path}.${randomUUID()}.tmp`, `${this.path}.lock`];
    try {
      await mkdir(join(this.path, '..'), { recursive: true });
      if (!(await take(lock))) return;
      const values = Object.fromEntries(Object.entries(change(await this.#read())).slice(-MOST_VALUES));
      await writeFile(temporary, JSON.stringify(values, null, 1));
      await rename(temporary, this.path);
      await rm(lock, { force: true });
    } catch {
      await Promise.all([temporary, lock].map((path) => rm(path, { force: true }).catch(() => {}))); // Found out again next time.
    }
  }

  async #read(): Promise<Record<string, unknown>> {
    try {
      const parsed: unknown = JSON.parse((await readBounded(this.path, MAX_BYTES)).toString());
      return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
    } catch {
      return {};
    }
  }
}

/** Makes the lock's file, once no other writer has it. @returns false where that takes too long */
async function take(lock: string): Promise<boolean> {
  for (let waits = 0; waits < MOST_WAITS; waits++) {
    try {
      await writeFile(lock, '', { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const found = await stat(lock).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(lock, { force: true });
    await setTimeout(WAIT_MS);
  }
  return false;
}
