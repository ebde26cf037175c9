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

test('steps up that do not last come ever more seldom, until the machine is calmer', () => {
  const times = new ServiceTimes([40, 20]);
  const controller = new LevelController(times, 2);
  let now = 0;
  const waits: number[] = [];
  const downFor = () => {
    const since = now;
    while (controller.choose(due(now, 100)) === 1) now += 20;
    waits.push(Math.round((now - since) / 1000));
  };
  // A better level is possible all the time, and each time that it is taken a frame comes that it cannot do in time.
  for (let turn = 0; turn < 6; turn++) {
    expect(controller.choose(due(now, 25))).toBe(1);
    downFor();
    now += 20;
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 16]);
  expect(controller.choose(due(now, 25))).toBe(1);
  for (let frame = 0; frame < 20; frame++) times.observe(1, 12);
  downFor();
  expect(waits.at(-1)).toBe(1);
  // What lasts is tried as readily as at first.
  for (; now < 200_000; now += 20) controller.choose(due(now, 100));
  expect(controller.current).toBe(0);
  expect(controller.choose(due(now, 20))).toBe(1);
  downFor();
  expect(waits.at(-1)).toBe(1);
});

test('an encoder that falls behind gets the machine: the cheapest level, until it is fast again', () => {
  const controller = new LevelController(new ServiceTimes([40, 20, 5]), 3);
  expect(controller.choose({ ...due(0, 200), encoderMs: 5 })).toBe(0);
  controller.relieve({ ...due(10, 200), encoderMs: 60 });
  expect([controller.current, controller.steps.down]).toEqual([2, 1]);
  let now = 20;
  for (; controller.choose({ ...due(now, 200), encoderMs: 60 }) === 2; now += 20);
  // What was taken did not last: the next step would wait twice as long, were the encoder still slow.
  controller.relieve({ ...due(now, 200), encoderMs: 60 });
  const since = now;
  for (; controller.choose({ ...due(now, 200), encoderMs: 5 }) === 2; now += 20);
  expect(now - since).toBeLessThan(1100);
});
