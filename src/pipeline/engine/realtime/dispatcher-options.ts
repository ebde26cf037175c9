import type { Clock } from '../../frames/clock.js';
import type { SlotRing } from '../../frames/ring.js';
import type { DropPolicy } from '../../policies/drop-policies.js';
import type { LevelController } from './level-controller.js';

export interface DispatcherOptions {
  readonly clock: Clock;
  readonly policy: DropPolicy;
  readonly budgetMs: number;
  /** Frames that can be in flight at once: one a worker. */
  readonly workers: number;
  /** Frames that may wait for a worker. */
  readonly queueCapacity: number;
  readonly input: SlotRing;
  readonly output: SlotRing;
  readonly controller: LevelController;
  /** Processes one slot into another at a level; the last level is the bypass. Fails with SRVID_WORKER_FAILED where the worker did. */
  readonly run: (level: number, frame: { readonly input: number; readonly output: number; readonly pts: number }) => Promise<unknown>;
  /** What the source promises, until frames tell. */
  readonly intervalMs: number;
}

/** Slots that each ring must have, see `Dispatcher`. */
export function slotsFor(queueCapacity: number, workers: number): { readonly input: number; readonly output: number } {
  // Input: waiting, one that comes when the queue is full, in flight, being read, and the last one for comparison.
  // Output: in flight, done and waiting their turn, and the last one for a duplicate.
  return { input: queueCapacity + 1 + workers + 2, output: workers + (queueCapacity + workers) + 1 };
}
