import type { LevelTask } from '../../../plugins/workers/level-host.js';
import type { Clock } from '../../frames/clock.js';
import type { SlotRing } from '../../frames/ring.js';
import type { DropPolicy } from '../../policies/drop-policies.js';
import type { LevelController } from './level-controller.js';

/** Options of a dispatcher: its rings, its limits, and the parts that it asks. */
export interface DispatcherOptions {
  readonly clock: Clock;
  readonly policy: DropPolicy;
  readonly budgetMs: number;
  /** Number of workers, each of which has at most one frame in flight. */
  readonly workers: number;
  /** The most frames that may wait for a worker. */
  readonly queueCapacity: number;
  readonly input: SlotRing;
  readonly output: SlotRing;
  readonly controller: LevelController;
  /**
   * Processes one slot into another at a level; the last level is the bypass. A worker that takes longer than `limitMs`
   * is replaced. `bypassed` says that the frame passed a plugin that failed. Rejects with SRVID_WORKER_FAILED where the
   * worker failed.
   */
  readonly run: (level: number, task: LevelTask, limitMs: number) => Promise<{ readonly bypassed: boolean }>;
  /** Milliseconds that a worker takes to start. */
  readonly startMs: number;
  /** The source's nominal frame interval, replaced by the measured one as frames arrive. */
  readonly intervalMs: number;
}

/** Number of slots for each ring, see `Dispatcher`. */
export function slotsFor(queueCapacity: number, workers: number): { readonly input: number; readonly output: number } {
  // Input: waiting, one that comes when the queue is full, in flight, being read, and the last one for comparison.
  // Output: in flight, done and waiting their turn, and the last one for a duplicate.
  return { input: queueCapacity + 1 + workers + 2, output: workers + (queueCapacity + workers) + 1 };
}
