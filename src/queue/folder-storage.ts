import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../errors.js';
import { type Storage, shareFailed } from './storage.js';

/** A folder that all machines mount. A file is linked there, or copied under another name and renamed when it is whole. */
export class FolderStorage implements Storage {
  private constructor(private readonly folder: string) {}

  /** Opens a folder, which must exist: one that is made on a machine where the share is not mounted would be a trap. @throws SRVID_SHARE_FAILED */
  static async open(folder: string): Promise<FolderStorage> {
    const path = resolve(folder);
    return attempt(`use the folder ${path} as the share`, async () => {
      if (!(await stat(path)).isDirectory()) throw new Error('it is not a folder');
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
      return new FolderStorage(path);
    });
  }

  async put(path: string, key: string): Promise<void> {
    const target = join(this.folder, key);
    const aside = `${target}.${randomUUID()}.part`;
    await attempt(`store ${path} as ${target}`, async () => {
      await mkdir(dirname(target), { recursive: true });
      try {
        await link(path, aside).catch(() => copied(path, aside));
        await rename(aside, target);
      } finally {
        await rm(aside, { force: true });
      }
    });
  }

  async get(key: string, path: string): Promise<void> {
    const source = join(this.folder, key);
    await attempt(`copy ${source} to ${path}`, () => copyFile(source, path, constants.COPYFILE_FICLONE));
  }

  pathOf(key: string): string {
    return join(this.folder, key);
  }

  async sizeOf(key: string): Promise<number | undefined> {
    const path = join(this.folder, key);
    return attempt(`look at ${path}`, () =>
      stat(path).then(
        ({ size }) => size,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return undefined;
          throw error;
        },
      ),
    );
  }

  async removeAll(part: string): Promise<void> {
    const path = join(this.folder, part);
    await attempt(`remove ${path}`, () => rm(path, { recursive: true, force: true }));
  }
}

/** Copies a file, with its time, and makes sure that it outlasts a loss of power. */
async function copied(path: string, target: string): Promise<void> {
  await copyFile(path, target, constants.COPYFILE_FICLONE);
  const { mtime } = await stat(path);
  const file = await open(target, 'r+');
  try {
    await file.utimes(mtime, mtime);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function attempt<Result>(tried: string, act: () => Promise<Result>): Promise<Result> {
  return act().catch((error: unknown) => {
    throw shareFailed(tried, messageOf(error), error);
  });
}
