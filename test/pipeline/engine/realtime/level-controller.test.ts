import { expect, test } from 'vitest';
import { LevelController } from '../../../../dist/pipeline/engine/realtime/level-controller.js';
import { ServiceTimes } from '../../../../dist/pipeline/engine/realtime/service-times.js';

const TIMES = [40, 20, 5];
/** Two workers free, one frame due in so many milliseconds. */
const due = (now: number, milliseconds: number) => ({ now, freeAt: [now, now], due: [now + milliseconds], intervalMs: 33 });

test('a pinned level is kept whether or not it meets the deadline, and left when it is no longer pinned', () => {
  const controller = new LevelController(new ServiceTimes(TIMES), TIMES.length - 1);
  expect(controller.choose(due(0, 100))).toBe(0);
  controller.pinned = 1;
  expect([controller.current, controller.cheapest, controller.choose(due(10, 100))]).toEqual([1, 1, 1]);
  controller.pinned = 0;
  expect([controller.current, controller.cheapest, controller.choose(due(20, 1))]).toEqual([0, 0, 0]);
  expect(controller.steps).toEqual({ up: 0, down: 0 });
  controller.pinned = undefined;
  expect(controller.choose(due(30, 25))).toBe(1);
  expect(controller.steps.down).toBe(1);
});

test('where nothing meets the deadline, the level is taken that runs fastest, not the one that ought to', () => {
  const controller = new LevelController(new ServiceTimes([40, 20, 30, 5]), 3);
  expect(controller.cheapest).toBe(1);
  expect(controller.choose(due(0, 100))).toBe(0);
  expect(controller.choose(due(10, 1))).toBe(1);
  expect(controller.choose(due(20, 1))).toBe(1);
  expect(controller.steps).toEqual({ up: 0, down: 1 });
});
