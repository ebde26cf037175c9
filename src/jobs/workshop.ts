import { rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { SrvidError } from '../errors.js';
import { settleOutput } from '../pipeline/output/output-steps.js';
import { outputOf, prepareWork, type SessionHooks } from '../prepare.js';
import { PieceMaker } from './piece-maker.js';
import type { Fingerprint, MakePiece, SegmentJob } from './scheduler.js';
import { fingerprintOf } from './source-mark.js';

/** One video's maker, and the number of segments that are at work. */
interface Bench {
  readonly maker: Promise<PieceMaker>;
  users: number;
}

/**
 * Makes pieces of any videos, for a process that is given segments and nothing else. Each video is looked at once and its networks
 * stay loaded, until a segment of another one comes.
 */
export class PieceWorkshop {
  readonly #benches = new Map<string, Bench>();

  /** `folder` receives pieces. */
  constructor(
    private readonly folder: string,
    private readonly hooks: Pick<SessionHooks, 'onEvent'> = {},
  ) {}

  /** See `MakePiece`. @throws SRVID_JOB_DIFFERS where the source is another one here; the errors of a session */
  readonly make: MakePiece = async (job, hooks) => {
    const bench = this.#benchOf(job, hooks.signal);
    bench.users++;
    try {
      return await (await bench.maker).make(job, hooks);
    } finally {
      bench.users--;
    }
  };

  /** Ends the threads of all videos. Safe at any time. */
  async close(): Promise<void> {
    const benches = [...this.#benches.values()];
    this.#benches.clear();
    await Promise.all(benches.map(({ maker }) => maker.then((opened) => opened.close()).catch(() => {})));
  }

  #benchOf(job: SegmentJob, signal: AbortSignal): Bench {
    const known = this.#benches.get(job.whole);
    if (known) return known;
    for (const [whole, { maker, users }] of this.#benches) {
      if (users > 0) continue;
      this.#benches.delete(whole);
      maker.then((opened) => opened.close()).catch(() => {});
    }
    const bench: Bench = { maker: this.#open(job, signal), users: 0 };
    this.#benches.set(job.whole, bench);
    // The next segment tries again.
    bench.maker.catch(() => this.#benches.delete(job.whole));
    return bench;
  }

  async #open({ source, options, whole }: SegmentJob, signal: AbortSignal): Promise<PieceMaker> {
    assertSameSource(source, await fingerprintOf(source.path));
    const prepared = await prepareWork({ ...options, input: source.path }, { ...this.hooks, signal });
    const { binary, opened } = prepared;
    const sample = join(this.folder, `.${whole}-sample${extname(options.output)}`);
    try {
      const planned = outputOf(prepared, sample);
      const plan = await settleOutput({ binary, opened, planned, options: prepared.options, drops: false, warn: () => {} });
      return new PieceMaker({ prepared, plan: Promise.resolve(plan), folder: this.folder });
    } finally {
      await rm(sample, { force: true });
    }
  }
}

/** Copies of a file differ in their times, and in nothing else. */
function assertSameSource(asked: Fingerprint, found: Fingerprint): void {
  if (asked.bytes === found.bytes && asked.sha256 === found.sha256) return;
  throw new SrvidError('SRVID_JOB_DIFFERS', `The source ${found.path} is not the file that this job was planned with: its size or contents differ.`, {
    path: found.path,
  });
}
