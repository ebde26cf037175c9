import { SrvidError } from '../../errors.js';
import type { Percentiles } from '../frames/durations.js';
import type { FrameFlow } from './frame-flow.js';
import type { Reason } from './outcome.js';

/** Figures of a real-time session so far. Times in milliseconds. */
export interface RealtimeReport {
  readonly policy: string;
  readonly budgetMs: number;
  /** Written frames that the encoder had by their deadline, and (`late`) those that it had later. */
  readonly delivered: number;
  readonly late: number;
  /**
   * Frames by level, best first; the last one is the bypass. `serviceMs` runs from the worker's taking a frame to its
   * result.
   */
  readonly levels: readonly { readonly name: string; readonly frames: number; readonly serviceMs: Percentiles }[];
  /** The level in use. */
  readonly level: string;
  readonly steps: { readonly up: number; readonly down: number };
  /** Bypassed and dropped frames by reason; reasons that did not occur are left out. */
  readonly reasons: Readonly<Partial<Record<'bypassed' | 'dropped', Readonly<Partial<Record<Reason, number>>>>>>;
  /** Latency of written frames: from arrival until the encoder has the frame. */
  readonly latencyMs: Percentiles;
  /** Latency of the frame that was written last. */
  readonly lastLatencyMs: number;
  /**
   * The parts of the latency beside processing: waiting for a worker, waiting for its turn once done, and handing it to
   * the encoder.
   */
  readonly waitMs: Percentiles;
  readonly orderMs: Percentiles;
  readonly handoverMs: Percentiles;
  /** Frames that wait for a worker: at this moment; at arrivals of frames, on average and at most. */
  readonly queue: { readonly now: number; readonly mean: number; readonly most: number };
  /** The longest time between two written frames, by their pts. */
  readonly longestGapMs: number;
  /**
   * Lag that has built up: the last written frame's time at the encoder less its pts, compared with the first one's.
   */
  readonly driftMs: number;
}

/**
 * Reports that all frames were dropped, before the encoder fails with a message about its empty input.
 * @throws SRVID_FRAMES_DROPPED
 */
export function assertAnyWritten({ framesIn, framesOut }: FrameFlow, { reasons, budgetMs, policy }: RealtimeReport): void {
  if (framesOut > 0 || framesIn === 0) return;
  const told = Object.entries(reasons.dropped ?? {}).map(([reason, count]) => `${count} ${reason}`);
  throw new SrvidError(
    'SRVID_FRAMES_DROPPED',
    `All ${framesIn} frames were dropped (${told.join(', ')}): none was done within ${budgetMs} ms, so there is nothing to write. Give them more time with --budget-ms, keep them with --policy block, take --preset fast, or leave --realtime out. The policy was ${policy}.`,
    { framesIn, policy, budgetMs },
  );
}
