import { expect, test } from 'vitest';
import { SlotRing } from '../../dist/pipeline/frames/ring.js';
import { calibrate } from '../../dist/tuning/level-times.js';
import { FakeClock } from '../helpers/realtime.js';

const FORMAT = { kind: 'gray', width: 2, height: 1 } as const;

/** Calibrates levels that take so long in truth; tells what was run, and when it was over. */
async function calibrated(
  truth: readonly number[],
  { known = [], macs = truth.map(() => 0) }: { known?: readonly (number | undefined)[]; macs?: readonly number[] } = {},
) {
  const clock = new FakeClock();
  const runs: number[] = [];
  const [input, output] = [new SlotRing(FORMAT, 2), new SlotRing(FORMAT, 2)];
  const run = async (level: number) => {
    runs.push(level);
    // Each level's first run takes twice as long.
    const first = runs.filter((one) => one === level).length <= 2;
    await clock.after((truth[level] as number) * (first ? 2 : 1));
    return [];
  };
  let times: number[] | undefined;
  void calibrate({
    clock,
    host: { workers: 2, run, input, output },
    levels: macs.map((count) => ({ macs: count })),
    known: truth.map((_, level) => known[level]),
  }).then((result) => {
    times = result;
  });
  while (await clock.step());
  return { times, runs, until: clock.now(), slotsInUse: [input.inUse, output.inUse] };
}

test('every level is run on every worker, the cheapest first, and its first run does not count', async () => {
  const { times, runs, slotsInUse } = await calibrated([40, 20, 10]);
  expect(times).toEqual([40, 20, 10]);
  expect(runs).toEqual([2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0]);
  expect(slotsInUse).toEqual([0, 0]);
});

test('a level for which no time is left is reckoned by its multiplications, and the start is not held up', async () => {
  const { times, runs, until } = await calibrated([900, 90, 10], { macs: [1000, 100, 0] });
  expect(times).toEqual([900, 90, 10]);
  expect(runs).not.toContain(0);
  expect(until).toBeLessThanOrEqual(500);
});

test('what is known from an earlier run is run once, and stands unless this run was faster', async () => {
  const { times, runs } = await calibrated([40, 20, 10], { known: [30, 200, 10] });
  expect(runs).toEqual([2, 2, 1, 1, 0, 0]);
  expect(times).toEqual([30, 40, 10]);
});

test('known levels that are too dear for the time are not run', async () => {
  const { times, runs } = await calibrated([900, 10], { known: [900, 10] });
  expect(runs).toEqual([1, 1]);
  expect(times).toEqual([900, 10]);
});
