import { setTimeout } from 'node:timers/promises';
import type { MakePiece, RetryPolicy, ScheduleHooks, Scheduler, SegmentJob } from './scheduler.js';

/** A cause that shows at the first attempt shows at the second, too: within one process nothing is tried again unless asked for. */
const ONCE: RetryPolicy = { attempts: 1, firstDelayMs: 0 };

/** Settings of a scheduler in this process. */
export interface LocalOptions {
  /** Jobs that are at work at once. */
  readonly concurrency: number;
  readonly retry?: RetryPolicy;
}

/** Has segments made in this process, in their order. */
export class LocalScheduler implements Scheduler {
  constructor(
    private readonly make: MakePiece,
    private readonly options: LocalOptions,
  ) {}

  async run(jobs: readonly SegmentJob[], hooks: ScheduleHooks): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([hooks.signal, stop.signal]);
    const waiting = [...jobs];
    const work = async () => {
      for (let job = waiting.shift(); job && !signal.aborted; job = waiting.shift()) await this.#done(job, { ...hooks, signal });
    };
    const lanes = Array.from({ length: this.options.concurrency }, () =>
      work().catch((error: unknown) => {
        if (!stop.signal.aborted) stop.abort(error);
      }),
    );
    await Promise.all(lanes);
    signal.throwIfAborted();
  }

  async close(): Promise<void> {}

  async #done(job: SegmentJob, { signal, onEvent }: ScheduleHooks): Promise<void> {
    const { attempts, firstDelayMs } = this.options.retry ?? ONCE;
    for (let attempt = 1; ; attempt++) {
      await onEvent({ type: 'started', job, attempt });
      try {
        const result = await this.make(job, { signal, onProgress: (frames) => void onEvent({ type: 'progress', job, frames }) });
        await onEvent({ type: 'done', job, result });
        return;
      } catch (error) {
        if (signal.aborted || attempt >= attempts) {
          await onEvent({ type: 'failed', job, error });
          throw error;
        }
        const delayMs = firstDelayMs * 2 ** (attempt - 1);
        await onEvent({ type: 'retry', job, error, delayMs });
        await setTimeout(delayMs, undefined, { signal }).catch(() => {});
      }
    }
  }
}
