import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, SrvidError } from '../../errors.js';
import { didYouMean } from '../../similar-name.js';
import { userFolders } from '../../user-folders.js';
import { type ModelEntry, parseManifest } from '../inference/manifest.js';

const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;
/** Time that another command may take to change the library. */
const LOCK_MS = 5000;

/** A network of the user's library, with the path of its file. */
export interface Shelved {
  readonly entry: ModelEntry;
  readonly path: string;
}

/**
 * The user's library: networks that the user has put into a folder of srvid's, with a manifest of the same form as that of
 * srvid's own. Nothing else changes the folder.
 */
export class Shelf {
  constructor(readonly folder = join(userFolders().data, 'models')) {}

  /** All networks; none where there is no library. @throws SRVID_MODEL_INVALID where its manifest cannot be read */
  async list(): Promise<readonly Shelved[]> {
    const path = join(this.folder, 'manifest.json');
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw damaged(path, error);
    }
    try {
      return parseManifest(text).map((entry) => ({ entry, path: join(this.folder, entry.file) }));
    } catch (error) {
      throw damaged(path, error);
    }
  }

  /** The network of this name, or undefined. @throws SRVID_MODEL_INVALID */
  async find(name: string): Promise<Shelved | undefined> {
    return NAME.test(name) ? (await this.list()).find(({ entry }) => entry.id === name) : undefined;
  }

  /**
   * Adds a network under the id of its entry.
   * @param bytes the file that the entry describes; `file`, `sha256` and `bytes` of the entry are set from it
   * @throws SRVID_OPTION_INVALID for another name than letters, digits and -, SRVID_OUTPUT_EXISTS where the name is taken
   */
  async add(entry: ModelEntry, bytes: Uint8Array, replace = false): Promise<Shelved> {
    const { id } = entry;
    if (!NAME.test(id)) {
      throw new SrvidError(
        'SRVID_OPTION_INVALID',
        `"${id}" cannot be the name of a network: a name is lower-case letters, digits and -, 64 at most. Give one with --name.`,
        {
          name: id,
        },
      );
    }
    return this.#change(async (shelved) => {
      if (!replace && shelved.some((other) => other.entry.id === id)) {
        throw new SrvidError('SRVID_OUTPUT_EXISTS', `The library ${this.folder} has a network "${id}" already. Give another --name, or -y to replace it.`, {
          name: id,
        });
      }
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      // A name of its own for each content, so that a run that reads the network before goes on.
      const file = `${id}-${sha256.slice(0, 12)}.onnx`;
      const path = join(this.folder, file);
      await writeWhole(path, bytes);
      const added = { entry: { ...entry, file, sha256, bytes: bytes.length }, path };
      return { keep: [...shelved.filter((other) => other.entry.id !== id), added], result: added };
    });
  }

  /** Removes a network and its file. @throws SRVID_MODEL_UNKNOWN */
  async remove(name: string): Promise<Shelved> {
    return this.#change(async (shelved) => {
      const result = shelved.find(({ entry }) => entry.id === name);
      if (!result) throw unknown(name, this.folder, shelved);
      return { keep: shelved.filter((other) => other !== result), result };
    });
  }

  async #change(change: (shelved: readonly Shelved[]) => Promise<{ readonly keep: readonly Shelved[]; readonly result: Shelved }>): Promise<Shelved> {
    await mkdir(this.folder, { recursive: true });
    const lock = join(this.folder, 'manifest.lock');
    await takeLock(lock);
    try {
      const before = await this.list();
      const { keep, result } = await change(before);
      const manifest = { version: 1, models: keep.map(({ entry }) => entry) };
      await writeWhole(join(this.folder, 'manifest.json'), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
      const kept = new Set(keep.map(({ path }) => path));
      for (const { path } of before) if (!kept.has(path)) await rm(path, { force: true });
      return result;
    } finally {
      await rm(lock, { force: true });
    }
  }
}

/** The error for a network that neither a file nor the library has. */
export function unknown(name: string, folder: string, shelved: readonly Shelved[]): SrvidError {
  const names = shelved.map(({ entry }) => entry.id);
  const known = names.length > 0 ? `it has ${names.join(', ')}` : 'it is empty; "srvid models add FILE.onnx" puts a network there';
  return new SrvidError('SRVID_MODEL_UNKNOWN', `The library ${folder} has no network "${name}": ${known}.${didYouMean(name, names)}`, { name });
}

/** Writes a file that is there whole or not at all. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new SrvidError('SRVID_OUTPUT_UNWRITABLE', `Tried to write ${path}: ${messageOf(error)}.`, { path }, error);
  }
}

/** Waits for the right to change the library. A lock that its owner left behind counts no longer than a change may take. */
async function takeLock(path: string): Promise<void> {
  for (;;) {
    try {
      await (await open(path, 'wx')).close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new SrvidError('SRVID_OUTPUT_UNWRITABLE', `Tried to write ${path}: ${messageOf(error)}.`, { path }, error);
    }
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > LOCK_MS) await rm(path, { force: true });
    else await delay(50);
  }
}

function damaged(path: string, error: unknown): SrvidError {
  return new SrvidError(
    'SRVID_MODEL_INVALID',
    `Tried to read the list of your networks, ${path}: ${messageOf(error)}. Mend it, or delete it and add the networks again.`,
    { path },
    error,
  );
}
