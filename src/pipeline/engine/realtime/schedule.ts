import { type Clock, waitUntil } from '../../frames/clock.js';
import { type Rational, toNumber } from '../../frames/time.js';
import type { FrameTiming } from '../outcome.js';

export interface ScheduleOptions {
  readonly budgetMs: number;
  /** Seconds a tick of every pts. */
  readonly timeBase: Rational;
  /** Frames are held back until their pts has come on the session's clock; else they are taken when they come. */
  readonly paced: boolean;
}

/**
 * The session's clock for frames. The first frame sets it going: a paced source's frame is due when as much time has
 * passed as lies between its pts and the first one, however late the decoder is; a live source's when it comes. Its
 * deadline is `budgetMs` later.
 */
export class Schedule {
  #first: { readonly pts: number; readonly at: number } | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly options: ScheduleOptions,
  ) {}

  /** Waits until the frame with this pts is due, and gives its times. */
  async waitFor(pts: number, signal: AbortSignal): Promise<FrameTiming> {
    const { budgetMs, paced } = this.options;
    const now = this.clock.now();
    if (!paced) return { arrivedAt: now, deadline: now + budgetMs };
    this.#first ??= { pts, at: now };
    const due = this.#first.at + (pts - this.#first.pts) * toNumber(this.options.timeBase) * 1000;
    await waitUntil(this.clock, due, signal);
    return { arrivedAt: due, deadline: due + budgetMs };
  }
}
