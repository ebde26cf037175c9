import type { Clock } from '../pipeline/frames/clock.js';
import type { Level } from '../plugins/plan/levels.js';
import type { LevelHost } from '../plugins/workers/level-host.js';
import { onceMore } from '../plugins/workers/pool.js';

/** How long a session's start may be held up by it. */
const LIMIT_MS = 500;

export interface CalibrationOptions {
  readonly clock: Clock;
  readonly host: Pick<LevelHost, 'workers' | 'run' | 'input' | 'output'>;
  /** Dearest first; the last one is the bypass. */
  readonly levels: readonly Pick<Level, 'macs'>[];
  /** What is known of each level from earlier runs, in milliseconds. */
  readonly known: readonly (number | undefined)[];
}

/**
 * What each level takes for a frame, in milliseconds, when all workers are at it; measured from the cheapest on, for half
 * a second at most. Each worker runs each level at least once where there is time, which also makes networks allocate
 * what they need for this size. Where an earlier run was faster, its time stands: what disturbs only adds. A level for
 * which no time is left is reckoned by its multiplications.
 */
export async function calibrate({ clock, host, levels, known }: CalibrationOptions): Promise<number[]> {
  const end = clock.now() + LIMIT_MS;
  const measured: (number | undefined)[] = levels.map(() => undefined);
  for (let level = levels.length - 1; level >= 0; level--) {
    // The first round allocates; the second one tells. What is known needs no second one.
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

/** One frame on each worker at once; the mean of their times. */
async function runOnAll(clock: Clock, host: CalibrationOptions['host'], level: number): Promise<number> {
  const { workers, input, output } = host;
  const since = clock.now();
  const times = await Promise.all(
    Array.from({ length: workers }, async () => {
      const slots = { input: input.take(), output: output.take() };
      input.bytes(slots.input).fill(128);
      try {
        await onceMore(() => host.run(level, { ...slots, pts: 0 }));
        return clock.now() - since;
      } finally {
        input.release(slots.input);
        output.release(slots.output);
      }
    }),
  );
  return times.reduce((sum, time) => sum + time, 0) / workers;
}

/** A level's time by that of the next cheaper network that was measured. */
function byMultiplications(level: number, levels: readonly Pick<Level, 'macs'>[], measured: readonly (number | undefined)[]): number | undefined {
  for (let cheaper = level + 1; cheaper < levels.length; cheaper++) {
    const [macs, milliseconds] = [levels[cheaper]?.macs ?? 0, measured[cheaper]];
    if (macs > 0 && milliseconds !== undefined) return (milliseconds * (levels[level]?.macs ?? 0)) / macs;
  }
  return undefined;
}
