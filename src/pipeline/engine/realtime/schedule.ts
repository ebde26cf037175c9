import { type Clock, waitUntil } from '../../frames/clock.js';
import { type Rational, toNumber } from '../../frames/time.js';
import type { FrameTiming } from '../outcome.js';

/** Options of a schedule. */
export interface ScheduleOptions {
  readonly budgetMs: number;
  /** Seconds a tick of every pts. */
  readonly timeBase: Rational;
  /** Frames are held back until their pts has come on the session's clock; else they are taken when they arrive. */
  readonly paced: boolean;
}

/**
 * Gives each frame its arrival and its deadline on the session's clock. The first frame starts the schedule. A frame of
 * a paced source is due as long after the first one as their pts are apart, however late the decoder is; a frame of a
 * live source is due when it arrives. Its deadline is `budgetMs` later.
 */
export class Schedule {
  #first: { readonly pts: number; readonly at: number } | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly options: ScheduleOptions,
  ) {}

  /** Waits until the frame with this pts is due, and returns its times. */
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
