import { rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SrvidError } from '../errors.js';
import type { SegmentJob } from '../jobs/scheduler.js';
import { sourceKey } from './keys.js';
import type { Storage } from './storage.js';

/** Videos whose source is kept: one that ends and the next. */
const MOST_KEPT = 2;

/** The sources of a worker's jobs, as files of this machine. Where the share can be read in place they are; copies are kept for the next segments. */
export class SharedSources {
  readonly #copies = new Map<string, Promise<string>>();

  constructor(
    private readonly storage: Storage,
    private readonly folder: string,
  ) {}

  /** The path of a job's source here, with the size and the time that it had. @throws SRVID_SHARE_FAILED */
  async of(job: SegmentJob): Promise<string> {
    const { whole, source } = job;
    if (await isSame(source.path, source)) return source.path;
    const key = sourceKey(job);
    if ((await this.storage.sizeOf(key)) !== source.bytes) {
      const message = `Looked in the share for the source ${source.path}, as ${key}, and did not find it. Give --share the same place here and where the video was submitted.`;
      throw new SrvidError('SRVID_SHARE_FAILED', message, { key });
    }
    const inPlace = this.storage.pathOf(key);
    if (inPlace !== undefined && (await isSame(inPlace, source))) return inPlace;
    let copy = this.#copies.get(whole);
    if (!copy) {
      await this.#makeRoom();
      copy = this.#copy(job, key);
      this.#copies.set(whole, copy);
      copy.catch(() => this.#copies.delete(whole));
    }
    return copy;
  }

  async #copy({ whole, source: { changedMs } }: SegmentJob, key: string): Promise<string> {
    const path = join(this.folder, `${whole}-${basename(key)}`);
    await this.storage.get(key, path);
    await utimes(path, changedMs / 1000, changedMs / 1000);
    return path;
  }

  async #makeRoom(): Promise<void> {
    for (const [whole, copy] of this.#copies) {
      if (this.#copies.size < MOST_KEPT) return;
      this.#copies.delete(whole);
      await copy.then(
        (path) => rm(path, { force: true }),
        () => {},
      );
    }
  }
}

async function isSame(path: string, { bytes, changedMs }: SegmentJob['source']): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.size === bytes && Math.floor(found.mtimeMs) === Math.floor(changedMs);
}
