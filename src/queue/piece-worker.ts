import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SrvidError } from '../errors.js';
import type { PieceResult, SegmentJob } from '../jobs/scheduler.js';
import { withTimeout } from '../pipeline/frames/timeout.js';
import { type Job, type ReachedQueue, reachQueue, type Worker } from './bull.js';
import { pieceKey, textOfError } from './keys.js';
import { type OpenMaker, OpenMakers } from './open-makers.js';
import { openStorage } from './open-storage.js';
import { readOrder } from './order.js';
import { SharedSources } from './shared-sources.js';
import type { Storage } from './storage.js';

/** Settings of a worker. */
export interface PieceWorkerOptions {
  /** Address of the Redis server. */
  readonly queue: string;
  /** The version of ffmpeg on this machine. */
  readonly ffmpeg: string;
  /** The place of sources and pieces: the submitter's, as this machine reaches it. */
  readonly share: string;
  /** Segments that are made at once. */
  readonly concurrency: number;
  /** A folder of this worker alone, for pieces and copies of sources. */
  readonly folder: string;
  /** Makes ready for the pieces of a video, of which this is a segment with its source on this machine: networks stay loaded between them. */
  readonly open: (job: SegmentJob, folder: string) => Promise<OpenMaker>;
  /** Ends the worker. The segment that it is at goes back to the queue. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: WorkerEvent) => void;
  /** Milliseconds without a sign of life after which others take a worker's segment over. */
  readonly stalledMs?: number;
}

/** News of a worker. */
export type WorkerEvent =
  | { readonly type: 'ready'; readonly queue: string }
  | { readonly type: 'started'; readonly job: SegmentJob }
  | { readonly type: 'done'; readonly job: SegmentJob; readonly result: PieceResult }
  /** The attempt failed; the queue decides whether it is tried again. */
  | { readonly type: 'failed'; readonly job: SegmentJob | undefined; readonly error: unknown }
  /** Redis does not answer; it is waited for. */
  | { readonly type: 'waiting'; readonly message: string };

const STALLED_MS = 15_000;
/** Times that a segment may lose its worker. More than that, and the segment may be what ends them. */
const MOST_STALLS = 3;
const PROGRESS_MS = 1000;
/** Redis is told of the end of a worker, and not waited for. */
const GOODBYE_MS = 700;

/** Errors that any worker would find, at any time. Of the others each is tried again. */
const FINAL = new Set(['SRVID_OPTION_INVALID', 'SRVID_PRESET_UNKNOWN', 'SRVID_PRESET_INVALID', 'SRVID_PLUGIN_UNKNOWN', 'SRVID_MODEL_UNKNOWN']);

/**
 * Makes segments of a queue until the signal aborts.
 * @throws SRVID_PACKAGE_MISSING, SRVID_QUEUE_FAILED, SRVID_SHARE_FAILED, SRVID_OPTION_INVALID
 */
export async function workPieces(options: PieceWorkerOptions): Promise<void> {
  const storage = await openStorage(options.share);
  const worker = new PieceWorker(await reachQueue({ url: options.queue, ffmpeg: options.ffmpeg }), storage, options);
  await worker.run();
}

class PieceWorker {
  readonly #worker: Worker;
  readonly #sources: SharedSources;
  readonly #makers: OpenMakers;

  constructor(
    private readonly reached: ReachedQueue,
    private readonly storage: Storage,
    private readonly options: PieceWorkerOptions,
  ) {
    const { bull, name, connection } = reached;
    const { concurrency, stalledMs = STALLED_MS, onEvent } = options;
    this.#sources = new SharedSources(storage, options.folder);
    this.#makers = new OpenMakers(options);
    const timing = { lockDuration: stalledMs, stalledInterval: stalledMs / 2, maxStalledCount: MOST_STALLS };
    this.#worker = new bull.Worker(name, (job, token) => this.#make(job, token), { connection, concurrency, ...timing, autorun: false });
    this.#worker.on('error', (error) => onEvent({ type: 'waiting', message: messageOf(error) }));
  }

  async run(): Promise<void> {
    const { signal, onEvent } = this.options;
    const running = this.#worker.run();
    try {
      await this.#worker.waitUntilReady();
      onEvent({ type: 'ready', queue: this.reached.name });
      await new Promise<void>((stopped) => {
        if (signal.aborted) stopped();
        signal.addEventListener('abort', () => stopped(), { once: true });
      });
    } finally {
      await withTimeout(this.#worker.close(), GOODBYE_MS, () => new Error('too late')).catch(() => this.#worker.disconnect());
      running.catch(() => {});
      await this.#makers.close();
    }
  }

  /** Makes a job's piece and puts it into the share. */
  async #make(queued: Job, token: string | undefined): Promise<PieceResult> {
    const { signal, onEvent } = this.options;
    let job: SegmentJob | undefined;
    try {
      job = await readOrder(queued.data);
      onEvent({ type: 'started', job });
      const result = await this.#piece(job, queued);
      onEvent({ type: 'done', job, result });
      return result;
    } catch (error) {
      if (signal.aborted) {
        await queued.moveToWait(token);
        throw new this.reached.bull.WaitingError();
      }
      onEvent({ type: 'failed', job, error });
      const isFinal = error instanceof SrvidError ? FINAL.has(error.code) : job === undefined;
      throw isFinal ? new this.reached.bull.UnrecoverableError(textOfError(error)) : new Error(textOfError(error));
    }
  }

  async #piece(job: SegmentJob, queued: Job): Promise<PieceResult> {
    const { signal } = this.options;
    const source = await this.#sources.of(job);
    const local: SegmentJob = { ...job, source: { ...job.source, path: source }, options: { ...job.options, input: source } };
    let toldAt = 0;
    const onProgress = (frames: number) => {
      if (performance.now() - toldAt < PROGRESS_MS) return;
      toldAt = performance.now();
      queued.updateProgress({ frames }).catch(() => {}); // News alone.
    };
    return this.#makers.use(local, async ({ make }, folder) => {
      const result = await make(local, { signal, onProgress });
      const path = join(folder, result.piece);
      try {
        await this.storage.put(path, pieceKey(job, result));
      } finally {
        await rm(path, { force: true });
      }
      return result;
    });
  }
}
