import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { settleFile } from '../jobs/journal.js';
import { type PieceResult, pieceResultSchema, type RetryPolicy, type ScheduleHooks, type SegmentEvent, type SegmentJob } from '../jobs/scheduler.js';
import { fileHash } from '../jobs/source-mark.js';
import { withTimeout } from '../pipeline/frames/timeout.js';
import type { Job, Queue, QueueEvents } from './bull.js';
import { errorOfText, jobIdOf, pieceKey, sourceKey } from './keys.js';
import { hashesOf, type Order } from './order.js';
import type { Storage } from './storage.js';

/** The parts of a run, and its caller's wishes. */
export interface QueueRunParts extends ScheduleHooks {
  readonly queue: Queue;
  readonly events: QueueEvents;
  readonly storage: Storage;
  readonly pieces: string;
  readonly retry: RetryPolicy;
  readonly checkMs: number;
}

/** The queue takes smaller numbers first, and jobs without one before all others. */
const MIDDLE_PRIORITY = 1_000_000;
/** Files that are copied at once: the network is the bound. */
const COPIES = 4;
/** Redis is told of the end, and not waited for where it does not answer. */
const GOODBYE_MS = 700;
/** Seconds for which Redis keeps what has ended, for a submitter that was killed. */
const KEPT_S = 7 * 24 * 3600;

/**
 * One video's segments in the queue. News come as events; a look at the jobs themselves, at the beginning and at intervals, finds what
 * events did not tell: segments that were done while nobody listened, and jobs that Redis has lost.
 */
export class QueueRun {
  /** Jobs that are not done, by id. */
  readonly #open: Map<string, SegmentJob>;
  /** Ids of jobs whose piece is being copied. */
  readonly #copying = new Set<string>();
  readonly #attempts = new Map<string, number>();
  #told: Promise<void> = Promise.resolve();
  #finish: () => void = () => {};
  #fail: (error: unknown) => void = () => {};
  readonly #ended: Promise<void>;
  readonly #stop = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #copies = 0;
  #files: Order['files'] = {};

  constructor(
    private readonly parts: QueueRunParts,
    jobs: readonly SegmentJob[],
  ) {
    this.#open = new Map(jobs.map((job) => [jobIdOf(job), job]));
    this.#ended = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.#ended.catch(() => {});
  }

  /** Has the jobs made. @throws the error of the first that failed for good, after the others were taken from the queue; the signal's reason */
  async done(): Promise<void> {
    const { signal, events, storage } = this.parts;
    const first = this.#open.values().next().value;
    if (!first) return;
    signal.throwIfAborted();
    const abort = () => this.#fail(signal.reason);
    const listeners = this.#listeners();
    signal.addEventListener('abort', abort, { once: true });
    for (const [name, listener] of listeners) events.on(name as 'active', listener as () => void);
    try {
      await Promise.race([this.#submit(first), this.#ended]);
      this.#watch().catch(this.#fail);
      await this.#ended;
      await this.#told;
      await storage.removeAll(first.whole);
    } catch (error) {
      await this.#withdraw();
      throw error;
    } finally {
      this.#stop.abort();
      signal.removeEventListener('abort', abort);
      for (const [name, listener] of listeners) events.off(name as 'active', listener as () => void);
    }
  }

  /** Puts the source into the share, and all jobs into the queue. */
  async #submit(first: SegmentJob): Promise<void> {
    this.#files = await hashesOf(first);
    const { storage } = this.parts;
    const key = sourceKey(first);
    if ((await storage.sizeOf(key)) !== first.source.bytes) await storage.put(first.source.path, key);
    const ids = [...this.#open.keys()];
    await Promise.all(ids.map((id) => this.#look(id, true)));
  }

  /** Looks at all jobs that are open, from time to time. */
  async #watch(): Promise<void> {
    for (;;) {
      await setTimeout(this.parts.checkMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
      if (this.#stop.signal.aborted) return;
      for (const id of [...this.#open.keys()]) await this.#look(id, false);
    }
  }

  /** Looks at one job. `isNew` at the beginning, when a job that failed is one of an earlier run, and tried again. */
  async #look(id: string, isNew: boolean): Promise<void> {
    const { queue } = this.parts;
    const segment = this.#open.get(id);
    if (!segment || this.#copying.has(id) || this.#stop.signal.aborted) return;
    const job: Job | undefined = await queue.getJob(id);
    if (job?.finishedOn === undefined) {
      if (!job) await this.#add(segment);
    } else if (job.returnvalue) await this.#completed(segment, job.returnvalue);
    else if (isNew) {
      await job.remove().catch(() => {}); // Another submitter of the same may have done so.
      await this.#add(segment);
    } else this.#failed(segment, job.failedReason);
  }

  async #add(segment: SegmentJob): Promise<void> {
    const { queue, retry, priority = 0 } = this.parts;
    const backoff = { type: 'exponential', delay: retry.firstDelayMs };
    const kept = { removeOnComplete: { age: KEPT_S }, removeOnFail: { age: KEPT_S } };
    const place = Math.max(1, MIDDLE_PRIORITY - priority);
    await queue.add('segment', { segment, files: this.#files } satisfies Order, {
      jobId: jobIdOf(segment),
      attempts: retry.attempts,
      backoff,
      priority: place,
      ...kept,
    });
  }

  #listeners(): readonly (readonly [string, (told: { jobId: string; data?: unknown; returnvalue?: unknown; failedReason?: string }) => void])[] {
    const heard =
      (act: (segment: SegmentJob, told: { data?: unknown; returnvalue?: unknown; failedReason?: string }) => Promise<void> | void) =>
      (told: { jobId: string; data?: unknown; returnvalue?: unknown; failedReason?: string }) => {
        const segment = this.#open.get(told.jobId);
        if (segment) Promise.resolve(act(segment, told)).catch(this.#fail);
      };
    return [
      ['active', heard((job) => this.#tell({ type: 'started', job, attempt: this.#count(job) }))],
      ['progress', heard((job, { data }) => this.#tell({ type: 'progress', job, frames: Number((data as { frames?: number })?.frames ?? 0) }))],
      ['completed', heard((job, { returnvalue }) => this.#completed(job, returnvalue))],
      ['failed', heard((job, { failedReason }) => this.#failed(job, failedReason))],
      ['delayed', heard((job) => this.#retried(job))],
      ['stalled', heard((job) => this.#retried(job, 'its worker has gone'))],
    ];
  }

  #count(job: SegmentJob): number {
    const attempt = (this.#attempts.get(jobIdOf(job)) ?? 0) + 1;
    this.#attempts.set(jobIdOf(job), attempt);
    return attempt;
  }

  async #retried(segment: SegmentJob, reason?: string): Promise<void> {
    const job: Job | undefined = await this.parts.queue.getJob(jobIdOf(segment));
    this.#tell({ type: 'retry', job: segment, error: errorOfText(reason ?? job?.failedReason), delayMs: reason ? 0 : (job?.delay ?? 0) });
  }

  /** Copies a piece, and counts the segment as done. A piece that is not whole is made again. */
  async #completed(segment: SegmentJob, told: unknown): Promise<void> {
    const id = jobIdOf(segment);
    if (this.#copying.has(id)) return;
    this.#copying.add(id);
    await this.#room();
    try {
      if (!this.#open.has(id) || this.#stop.signal.aborted) return;
      const result = pieceResultSchema.parse(told);
      if (!(await this.#fetch(segment, result))) return await this.#again(segment);
      this.#open.delete(id);
      this.#tell({ type: 'done', job: segment, result });
      await this.parts.queue.remove(id);
      if (this.#open.size === 0) this.#told.then(this.#finish, this.#fail);
    } finally {
      this.#copying.delete(id);
      this.#copies--;
      this.#waiting.shift()?.();
    }
  }

  async #room(): Promise<void> {
    if (this.#copies >= COPIES) await new Promise<void>((free) => this.#waiting.push(free));
    this.#copies++;
  }

  /** @returns false where the share does not have the piece, or another one than was told */
  async #fetch(segment: SegmentJob, result: PieceResult): Promise<boolean> {
    const { storage, pieces } = this.parts;
    const key = pieceKey(segment, result);
    if ((await storage.sizeOf(key)) !== result.bytes) return false;
    const [aside, path] = [join(pieces, `.${result.piece}.part`), join(pieces, result.piece)];
    await storage.get(key, aside);
    if ((await fileHash(aside)) !== result.sha256) {
      await rm(aside, { force: true });
      return false;
    }
    await settleFile(aside, path);
    return true;
  }

  async #again(segment: SegmentJob): Promise<void> {
    await this.parts.queue.remove(jobIdOf(segment));
    await this.#add(segment);
  }

  #failed(segment: SegmentJob, reason: string | undefined): void {
    // An event and a look at the job may both find it.
    if (!this.#open.delete(jobIdOf(segment))) return;
    const error = errorOfText(reason);
    this.#tell({ type: 'failed', job: segment, error });
    this.#told.then(() => this.#fail(error), this.#fail);
  }

  /** Tells news, one after the other. */
  #tell(event: SegmentEvent): void {
    this.#told = this.#told.then(() => this.parts.onEvent(event));
    this.#told.catch(this.#fail);
  }

  /** Takes from the queue what nobody has begun. What workers are at goes on, and counts when the same is submitted again. */
  async #withdraw(): Promise<void> {
    this.#stop.abort();
    const removed = Promise.all([...this.#open.keys()].map((id) => this.parts.queue.remove(id).catch(() => {})));
    await withTimeout(removed, GOODBYE_MS, () => new Error('too late')).catch(() => {});
  }
}
