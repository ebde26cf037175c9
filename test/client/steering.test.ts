import { expect, test } from 'vitest';
import { Backoff } from '../../dist/client/backoff.js';
import { RelayClock } from '../../dist/client/relay-clock.js';
import { IN_STEP, Lateness, LIVE_EDGE, Margin, steer } from '../../dist/client/steering.js';
import { Timeline } from '../../dist/client/timeline.js';

test('behind the live edge it plays faster, by 5 % at most; far behind it leaps; near it nothing is done', () => {
  expect(steer(0.04, LIVE_EDGE)).toBe(1);
  expect(steer(0.1, LIVE_EDGE)).toBeCloseTo(1.025, 9);
  expect(steer(1, LIVE_EDGE)).toBe(1.05);
  expect(steer(-1, LIVE_EDGE)).toBe(0.95);
  expect(steer(1.3, LIVE_EDGE)).toBe('leap');
});

test('who stays behind for four seconds although it plays faster leaps, and whoever gets nearer does not', () => {
  const lateness = new Lateness();
  const asked = Array.from({ length: 9 }, () => lateness.isHopeless(0.5, 0.5));
  expect(asked).toEqual([false, false, false, false, false, false, false, true, false]);
  for (let tick = 0; tick < 6; tick += 1) expect(lateness.isHopeless(0.5, 0.5)).toBe(false);
  expect(lateness.isHopeless(0.1, 0.5)).toBe(false);
  expect(lateness.isHopeless(0.5, 3.5)).toBe(false);
});

test('two players in step, one a frame ahead, are together within two frames’ time', () => {
  let behind = 0.04;
  for (let tick = 0; tick < 50; tick += 1) {
    const rate = steer(behind, IN_STEP);
    if (rate !== 'leap') behind -= (rate - 1) * 0.1;
  }
  expect(Math.abs(behind)).toBeLessThanOrEqual(IN_STEP.tolerance);
});

test('the margin grows with each stall up to its bound and comes back while it plays', () => {
  const margin = new Margin();
  const least = margin.seconds;
  margin.stalled();
  expect(margin.seconds).toBeCloseTo(least * 1.5, 9);
  for (let stall = 0; stall < 20; stall += 1) margin.stalled();
  expect(margin.seconds).toBe(1.5);
  margin.played(6);
  expect(margin.seconds).toBeCloseTo((1.5 + least) / 2, 9);
  for (let tick = 0; tick < 60; tick += 1) margin.played(0.1);
  expect(margin.seconds).toBeCloseTo(least + (1.5 - least) / 4, 9);
  margin.played(1e6);
  expect(margin.seconds).toBeCloseTo(least, 9);
});

test('a timeline maps both ways over epochs and gaps, and knows what is not shown', () => {
  const timeline = new Timeline();
  expect(timeline.mediaAt(0)).toBeUndefined();
  timeline.splice(0, { epoch: 1, time: 100 });
  // Two seconds are missing here, and closed up.
  timeline.splice(5, { epoch: 1, time: 107 });
  timeline.splice(8, { epoch: 2, time: 0 });
  expect(timeline.mediaAt(4)).toEqual({ epoch: 1, time: 104 });
  expect(timeline.mediaAt(6)).toEqual({ epoch: 1, time: 108 });
  expect(timeline.mediaAt(9)).toEqual({ epoch: 2, time: 1 });
  expect(timeline.playbackAt({ epoch: 1, time: 104 })).toBe(4);
  expect(timeline.playbackAt({ epoch: 1, time: 106 })).toBeUndefined();
  expect(timeline.playbackAt({ epoch: 1, time: 109 })).toBe(7);
  expect(timeline.playbackAt({ epoch: 2, time: 3 })).toBe(11);
  expect(timeline.playbackAt({ epoch: 3, time: 0 })).toBeUndefined();
});

test('retries are spaced, twice as far each time up to 15 s, and near again after a connection that lasted', () => {
  const middle = new Backoff(() => 0.5);
  expect([0, 0, 0, 0, 0, 0, 0].map((lasted) => middle.nextDelayMs(lasted))).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  expect(middle.nextDelayMs(60_000)).toBe(500);
  expect(new Backoff(() => 0).nextDelayMs(0)).toBe(375);
  expect(new Backoff(() => 1).nextDelayMs(0)).toBe(625);
});

test("the relay's clock is read from the soonest of the last eight pings, and the shortest round trip", () => {
  const clock = new RelayClock();
  expect(clock.offsetMs).toBeUndefined();
  clock.add(1000, 6100, 1200);
  expect(clock.offsetMs).toBe(5000);
  // A longer way there than back, so it does not count.
  clock.add(2000, 7180, 2280);
  expect(clock.offsetMs).toBe(5000);
  clock.add(3000, 8013, 3020);
  expect(clock.offsetMs).toBe(5003);
  for (let ping = 0; ping < 8; ping += 1) clock.add(0, 4010, 20);
  expect(clock.offsetMs).toBe(4000);
  // Pongs that wait for seconds behind the video change nothing, however many.
  for (let ping = 0; ping < 20; ping += 1) clock.add(0, 4010, 8000);
  expect(clock.offsetMs).toBe(4000);
});
