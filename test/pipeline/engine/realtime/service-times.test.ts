import { expect, test } from 'vitest';
import { randomFrom } from '../../../../dist/eval/random.js';
import { ServiceTimes } from '../../../../dist/pipeline/engine/realtime/service-times.js';
import { expectBetween } from '../../../helpers/between.js';

/** Frames at a level that takes so long, give or take a tenth. */
function frames(times: ServiceTimes, level: number, milliseconds: number, count: number, random = randomFrom(1)): void {
  for (let frame = 0; frame < count; frame++) times.observe(level, milliseconds * (0.9 + 0.2 * random()));
}

test('a level comes to be expected to take what it takes, whatever calibration said', () => {
  const times = new ServiceTimes([40, 20]);
  frames(times, 0, 60, 60);
  expectBetween(times.expected(0), 55, 65);
});

test('a load that comes and goes is the load of all levels, and leaves none of them dearer than it was', () => {
  const times = new ServiceTimes([40, 25]);
  frames(times, 0, 40, 600);
  // Something takes half of the machine. The first frames are still at the dear level.
  frames(times, 0, 80, 6);
  expect(times.expected(1)).toBeGreaterThan(36);
  frames(times, 1, 50, 600);
  expectBetween(times.expected(0), 72, 88);
  frames(times, 1, 25, 45);
  expectBetween(times.expected(0), 34, 46);
});

test('a level that is dearer by itself than calibration said stays so when another runs', () => {
  const times = new ServiceTimes([40, 25]);
  frames(times, 1, 25, 300);
  frames(times, 0, 60, 10);
  frames(times, 1, 25, 300);
  expect(times.expected(0)).toBeGreaterThan(50);
});

test('one frame that took very long changes little', () => {
  const times = new ServiceTimes([40, 25]);
  frames(times, 0, 40, 100);
  times.observe(0, 4000);
  expect(times.expected(0)).toBeLessThan(60);
});
