import type { DispatcherOptions } from './dispatcher-options.js';
import type { Backlog } from './level-controller.js';

/** The level for a frame that is due at `due`; undefined where it is to be dropped. `alone`: nothing else is under way. */
export function chooseLevel({ controller, policy }: DispatcherOptions, backlog: Backlog, due: number, alone: boolean): number | undefined {
  const { now } = backlog;
  const level = controller.choose(backlog);
  if (now + controller.times.bound(level) <= due) return level;
  const inTime = (other: number) => now + controller.times.expected(other) <= due;
  return policy.levelWhenLate({ level, cheapest: controller.cheapest, bypass: controller.times.levels - 1, inTime, alone });
}
