import type { Clock } from '../pipeline/frames/clock.js';
import type { Level } from '../plugins/plan/levels.js';
import type { LevelHost } from '../plugins/workers/level-host.js';
import { retryDeaths } from '../plugins/workers/pool.js';
import { fillTrialPicture } from './trial-picture.js';

/** The most time that calibration may add to a session's start. */
const LIMIT_MS = 500;

/** The levels to calibrate, and the workers that run them. */
export interface CalibrationOptions {
  readonly clock: Clock;
  readonly host: Pick<LevelHost, 'workers' | 'run' | 'input' | 'output'>;
  /** The most expensive level first; the last one is the bypass. */
  readonly levels: readonly Pick<Level, 'macs'>[];
  /** Milliseconds of each level from earlier runs; undefined where not known. */
  readonly known: readonly (number | undefined)[];
}

/**
 * Measures the milliseconds of each level for a frame with all workers busy, the cheapest level first, for half a
 * second at most. Each worker runs each level at least once where there is time, which also makes networks allocate
 * their memory for this size. If an earlier run was faster, its time is kept, since disturbances only add time. A level
 * for which no time is left is estimated from its multiplications.
 */
export async function calibrate({ clock, host, levels, known }: CalibrationOptions): Promise<number[]> {
  const end = clock.now() + LIMIT_MS;
  const measured: (number | undefined)[] = levels.map(() => undefined);
  for (let level = levels.length - 1; level >= 0; level--) {
    // The first round allocates, the second one measures. A known time needs no second one.
    const rounds = known[level] === undefined ? 2 : 1;
    for (let round = 0; round < rounds; round++) {
      const guess = measured[level] ?? known[level] ?? byMultiplications(level, levels, measured);
      if (guess !== undefined && clock.now() + guess > end) break;
      const took = await runOnAll(clock, host, level);
      measured[level] = Math.min(took, measured[level] ?? took);
    }
  }
  return levels.map((_, level) => {
    const times = [known[level], measured[level]].filter((time) => time !== undefined);
    return times.length > 0 ? Math.min(...times) : (byMultiplications(level, levels, measured) ?? LIMIT_MS);
  });
}

/** Processes one frame on each worker at the same time; the mean of their milliseconds. */
async function runOnAll(clock: Clock, host: CalibrationOptions['host'], level: number): Promise<number> {
  const { workers, input, output } = host;
  const since = clock.now();
  const times = await Promise.all(
    Array.from({ length: workers }, async () => {
      const slots = { input: input.take(), output: output.take() };
      fillTrialPicture(input.bytes(slots.input));
      try {
        await retryDeaths(workers, () => host.run(level, { ...slots, pts: 0 }));
        return clock.now() - since;
      } finally {
        input.release(slots.input);
        output.release(slots.output);
      }
    }),
  );
  return times.reduce((sum, time) => sum + time, 0) / workers;
}

/** Estimates a level's time from that of the next cheaper network that was measured. */
function byMultiplications(level: number, levels: readonly Pick<Level, 'macs'>[], measured: readonly (number | undefined)[]): number | undefined {
  for (let cheaper = level + 1; cheaper < levels.length; cheaper++) {
    const [macs, milliseconds] = [levels[cheaper]?.macs ?? 0, measured[cheaper]];
    if (macs > 0 && milliseconds !== undefined) return (milliseconds * (levels[level]?.macs ?? 0)) / macs;
  }
  return undefined;
}
