import type { RetryPolicy, ScheduleHooks, Scheduler, SegmentJob } from '../jobs/scheduler.js';
import { withTimeout } from '../pipeline/frames/timeout.js';
import { type Queue, type QueueEvents, reachQueue } from './bull.js';
import { openStorage } from './open-storage.js';
import { QueueRun } from './queue-run.js';
import type { Storage } from './storage.js';

/** Settings of a scheduler that hands segments to other processes. */
export interface QueueSchedulerOptions {
  /** Address of the Redis server. */
  readonly queue: string;
  /** The version of ffmpeg on this machine. */
  readonly ffmpeg: string;
  /** The place of sources and pieces that workers reach, too: a folder, or "s3://bucket/prefix". */
  readonly share: string;
  /** The folder into which finished pieces are put on this machine. It exists. */
  readonly pieces: string;
  readonly retry?: RetryPolicy;
  /** Priority of all segments, where a run says none. */
  readonly priority?: number | undefined;
  /** Milliseconds between two looks at jobs of which nothing is heard: Redis may have forgotten them. */
  readonly checkMs?: number;
}

const CHECK_MS = 10_000;
/** Attempts at a segment: one that fails here may succeed on another machine, or a minute later. */
const RETRY: RetryPolicy = { attempts: 4, firstDelayMs: 2000 };
/** A server that does not answer is not waited for at the end. */
const GOODBYE_MS = 700;

/** Has segments made by whatever workers serve a queue, on this machine or on others. */
export class QueueScheduler implements Scheduler {
  private constructor(
    private readonly queue: Queue,
    private readonly events: QueueEvents,
    private readonly storage: Storage,
    private readonly options: QueueSchedulerOptions,
  ) {}

  /** Connects to queue and share. @throws SRVID_PACKAGE_MISSING, SRVID_QUEUE_FAILED, SRVID_SHARE_FAILED, SRVID_OPTION_INVALID */
  static async open(options: QueueSchedulerOptions): Promise<QueueScheduler> {
    const storage = await openStorage(options.share);
    const { bull, name, connection } = await reachQueue({ url: options.queue, ffmpeg: options.ffmpeg });
    const [queue, events] = [new bull.Queue(name, { connection }), new bull.QueueEvents(name, { connection })];
    // Redis may go and return: both wait for it, and a look at all jobs follows.
    queue.on('error', () => {});
    events.on('error', () => {});
    await events.waitUntilReady();
    return new QueueScheduler(queue, events, storage, options);
  }

  async run(jobs: readonly SegmentJob[], hooks: ScheduleHooks): Promise<void> {
    const { pieces, retry = RETRY, checkMs = CHECK_MS, priority = 0 } = this.options;
    await new QueueRun({ priority, ...hooks, queue: this.queue, events: this.events, storage: this.storage, pieces, retry, checkMs }, jobs).done();
  }

  /** The queue's name, which workers say when they begin. */
  get name(): string {
    return this.queue.name;
  }

  /** The number of workers that serve the queue now. */
  workers(): Promise<number> {
    return this.queue.getWorkersCount();
  }

  async close(): Promise<void> {
    const closed = Promise.all([this.queue.close(), this.events.close()]);
    await withTimeout(closed, GOODBYE_MS, () => new Error('too late')).catch(() => Promise.all([this.queue.disconnect(), this.events.close()]));
  }
}
