import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBounded } from './bounded-file.js';
import { userFolders } from './user-folders.js';

const MAX_BYTES = 1 << 22;
/** The newest values are kept. */
const MOST_VALUES = 1000;

/** A file's place in the user's cache folder. */
export function cacheFile(name: string): string {
  return join(userFolders().cache, name);
}

/**
 * Values that are kept between runs in a JSON file, by name. The file may be deleted at any time. A file that cannot be read
 * or written counts as empty, and costs no run. Two processes that write at once may lose one's values.
 */
export class KeptValues {
  /** `path` is the file. Its folder is made when it is needed. */
  constructor(private readonly path: string) {}

  /** The value of a name, as some run or some other program has left it. */
  async get(name: string): Promise<unknown> {
    const values = await this.#read();
    return Object.hasOwn(values, name) ? values[name] : undefined;
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
    const temporary = `${this.path}.${randomUUID()}.tmp`;
    try {
      await mkdir(join(this.path, '..'), { recursive: true });
      const values = Object.fromEntries(Object.entries(change(await this.#read())).slice(-MOST_VALUES));
      await writeFile(temporary, JSON.stringify(values, null, 1));
      await rename(temporary, this.path);
    } catch {
      await rm(temporary, { force: true }).catch(() => {}); // Found out again next time.
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
