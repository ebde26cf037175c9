import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MakePiece, SegmentJob } from '../jobs/scheduler.js';

/** The maker of one video's pieces. */
export interface OpenMaker {
  readonly make: MakePiece;
  readonly close: () => Promise<void>;
}

/** A worker's folder, and its way to get a maker. See `PieceWorkerOptions`. */
export interface MakerPlace {
  readonly folder: string;
  readonly open: (job: SegmentJob, folder: string) => Promise<OpenMaker>;
}

interface Kept {
  readonly maker: Promise<OpenMaker>;
  readonly folder: string;
  users: number;
}

/** The makers that a worker has open: the last video's stays, since its next segment is likely to follow. */
export class OpenMakers {
  readonly #kept = new Map<string, Kept>();

  constructor(private readonly options: MakerPlace) {}

  /** Lends the maker of a segment's video, and the folder of its pieces. One that threw is opened anew for the next segment. */
  async use<Result>(job: SegmentJob, act: (maker: OpenMaker, folder: string) => Promise<Result>): Promise<Result> {
    const kept = this.#kept.get(job.whole) ?? this.#open(job);
    kept.users++;
    try {
      return await act(await kept.maker, kept.folder);
    } catch (error) {
      if (this.#kept.get(job.whole) === kept) this.#kept.delete(job.whole);
      throw error;
    } finally {
      kept.users--;
      if (kept.users === 0 && this.#kept.get(job.whole) !== kept) await end(kept);
      else await this.#endOthers(job.whole);
    }
  }

  async close(): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.all(all.map(end));
  }

  #open(job: SegmentJob): Kept {
    const folder = join(this.options.folder, job.whole);
    const maker = mkdir(folder, { recursive: true }).then(() => this.options.open(job, folder));
    const kept = { maker, folder, users: 0 };
    this.#kept.set(job.whole, kept);
    return kept;
  }

  /** Ends those of other videos that nobody uses. */
  async #endOthers(whole: string): Promise<void> {
    for (const [name, kept] of this.#kept) {
      if (name === whole || kept.users > 0) continue;
      this.#kept.delete(name);
      await end(kept);
    }
  }
}

async function end({ maker, folder }: Kept): Promise<void> {
  await maker.then(
    ({ close }) => close(),
    () => {},
  );
  await rm(folder, { recursive: true, force: true });
}
