import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectBetween } from '../../../helpers/between.js';
import { live, type Service, START_MS, sequences, type Told, tally, type World } from '../../../helpers/realtime.js';

/** The level at which each stretch of tasks ran, and from when, without the bypass. */
function levelsOverTime({ tasks }: Told, bypass: number): [from: number, level: number][] {
  const changes: [number, number][] = [];
  for (const { level, at } of tasks) if (level !== bypass && changes.at(-1)?.[1] !== level) changes.push([at, level]);
  return changes;
}

describe('levels', () => {
  test('the best level that the workers can keep up is chosen from the first frame on', async () => {
    const told = await live({ frames: 90, fps: 30, levels: [70, 45, 20, 12] });
    expect(tally(told.endings)).toEqual({ sr: 90 });
    expect(told.report.levels.map(({ frames }) => frames)).toEqual([0, 90, 0, 0]);
  });

  test('a level that would take longer than the budget is never chosen, however many workers there are', async () => {
    const told = await live({ frames: 90, fps: 30, levels: [150, 45, 12], workers: 8 });
    expect(tally(told.endings)).toEqual({ sr: 90 });
    expect(new Set(told.tasks.map(({ level }) => level))).toEqual(new Set([1]));
  });

  const slowBetween = (from: number, until: number, times: readonly number[]) => (level: number, now: number) =>
    (times[level] as number) * (now >= from && now < until ? 2 : 1);

  test('a machine that becomes slower is stepped down for at once, before a frame is lost, and up again within two seconds after', async () => {
    const times = [45, 20, 12];
    const told = await live({ frames: 600, fps: 30, levels: times, service: slowBetween(5000, 10_000, times) });
    const changes = levelsOverTime(told, 2);
    expect(changes.map(([, level]) => level)).toEqual([0, 1, 0]);
    const [, [down], [up]] = changes as [[number, number], [number, number], [number, number]];
    expect(down).toBeLessThan(5300);
    expectBetween(up, 11_000, 12_000);
    expect(tally(told.endings)).toEqual({ sr: 600 });
    expect(told.report.steps).toEqual({ up: 1, down: 1 });
    expect(told.report.late).toBeLessThanOrEqual(2);
  });

  test('the step down is as far as it must be, in one step, and the way back takes little more than a second a step', async () => {
    const times = [50, 40, 25, 10, 3];
    const told = await live({ frames: 600, fps: 30, levels: times, service: (level, now) => (times[level] as number) * (now >= 5000 && now < 9000 ? 5 : 1) });
    const changes = levelsOverTime(told, 4);
    expect(changes.slice(0, 2).map(([, level]) => level)).toEqual([0, 3]);
    const [at, level] = changes.at(-1) as [number, number];
    expect(level).toBe(0);
    expect(at).toBeLessThan(12_500);
  });

  test('a level that is just too dear is not tried every second', async () => {
    // By calibration level 0 would do; in truth it does not.
    const times = [58, 20, 10];
    const truth = [80, 20, 10];
    const told = await live({ frames: 1800, fps: 30, levels: times, service: (level) => truth[level] as number });
    expect(told.report.steps.down).toBeLessThanOrEqual(3);
    expect(told.report.levels[1]?.frames).toBeGreaterThan(1500);
  });

  test('times that scatter by a third make no level change', async () => {
    const times = [45, 20, 12];
    const told = await live({
      frames: 1800,
      fps: 30,
      levels: times,
      service: (level, _, sequence) => (times[level] as number) * (1 + ((sequence * 7) % 10) / 30),
    });
    expect(told.report.steps).toEqual({ up: 0, down: 0 });
    expect(tally(told.endings)).toEqual({ sr: 1800 });
  });

  test('steps up are at least a second apart, whatever the machine does', async () => {
    const times = [50, 30, 15, 8];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 12, maxLength: 12 }), async (slowness) => {
        const service = (level: number, now: number) => ((times[level] as number) * (slowness[Math.min(11, Math.floor(now / 500))] as number)) / 10;
        const told = await live({ frames: 180, fps: 30, levels: times, service });
        const changes = levelsOverTime(told, 3);
        const ups = changes.filter(([, level], index) => index > 0 && level < (changes[index - 1]?.[1] as number)).map(([at]) => at);
        for (const [index, at] of ups.entries()) if (index > 0) expect(at - (ups[index - 1] as number)).toBeGreaterThanOrEqual(1000);
        expect(told.flow.framesIn).toBe(180);
      }),
      { numRuns: 40 },
    );
  });
});

describe('overload: 60 frames a second where the workers do 44', () => {
  const overload: World = { frames: 600, fps: 60, levels: [45, 12], budgetMs: 150 };

  test('bypass gives every frame to the encoder in time, and the network works on', async () => {
    const told = await live({ ...overload, policy: 'bypass' });
    const { sr = 0, 'bypassed: late': bypassed = 0, ...others } = tally(told.endings);
    expect(others).toEqual({});
    expect(sr + bypassed).toBe(600);
    expect(told.written.map(({ sequence }) => sequence)).toEqual(sequences(600));
    expect(told.report.delivered).toBe(600);
    // Two workers, of whose time the bypassed frames take their share.
    expect(sr * 45 + bypassed * 12).toBeGreaterThan(0.95 * 2 * 10_000);
  });

  test.each(['drop-oldest', 'drop-newest'] as const)('%s keeps the workers busy with what can be done in time', async (policy) => {
    const told = await live({ ...overload, policy });
    const reason = policy === 'drop-oldest' ? 'dropped: late' : 'dropped: overload';
    const { sr = 0, [reason]: dropped = 0, ...others } = tally(told.endings);
    expect(others).toEqual({});
    expect(sr + dropped).toBe(600);
    expect(told.report.delivered).toBe(sr);
    expect(sr).toBeGreaterThan(0.95 * 444);
    expect(told.report.latencyMs.p95).toBeLessThanOrEqual(150);
  });

  test('drop-oldest leaves out the one that has waited longest, drop-newest the one that has just come', async () => {
    const oldest = await live({ ...overload, policy: 'drop-oldest' });
    for (const { outcome, endedAt, arrival } of oldest.endings) if (outcome === 'dropped') expect(endedAt - arrival.arrivedAt).toBeGreaterThan(80);
    const newest = await live({ ...overload, policy: 'drop-newest' });
    for (const { outcome, endedAt, arrival } of newest.endings) if (outcome === 'dropped') expect(endedAt).toBe(arrival.arrivedAt);
  });

  test('block processes every frame and makes the source wait', async () => {
    const told = await live({ ...overload, policy: 'block' });
    expect(tally(told.endings)).toEqual({ sr: 600 });
    expect(told.readAt.at(-1)).toBeGreaterThan(13_000);
    expect(told.report.late).toBeGreaterThan(500);
  });

  test.each(['bypass', 'drop-oldest', 'drop-newest'] as const)('%s never makes the source wait', async (policy) => {
    const told = await live({ ...overload, policy, encoderMs: (now) => (now > 3000 && now < 3020 ? 2000 : 1) });
    for (const [sequence, at] of told.readAt.entries()) expect(at).toBe((sequence * 1000) / 60);
  });

  test('the frames that are written keep their times exactly', async () => {
    const told = await live({ ...overload, policy: 'drop-oldest' });
    for (const { sequence, pts } of told.written) expect(pts).toBe(Math.round(1000 + (sequence * 1000) / 60));
  });

  test('where nothing can be done in time, something is shown all the same', async () => {
    for (const policy of ['bypass', 'drop-oldest', 'drop-newest'] as const) {
      const told = await live({ frames: 100, fps: 30, levels: [450, 200], policy });
      expect(told.written.length).toBeGreaterThan(5);
      expect(told.report.late).toBe(told.written.length);
    }
  });
});

describe('deadlines', () => {
  test('a live frame’s runs from its arrival, a paced frame’s from its pts', async () => {
    const jitter = (sequence: number) => (sequence * 1000) / 25 + ((sequence * 13) % 30);
    const arriving = await live({ frames: 20, fps: 25, levels: [10, 5], arrival: jitter });
    for (const { arrival } of arriving.endings)
      expect([arrival.arrivedAt, arrival.deadline]).toEqual([jitter(arrival.sequence), jitter(arrival.sequence) + 100]);
    const paced = await live({ frames: 20, fps: 25, levels: [10, 5], paced: true, budgetMs: 70 });
    for (const { arrival } of paced.endings) expect([arrival.arrivedAt, arrival.deadline]).toEqual([arrival.sequence * 40, arrival.sequence * 40 + 70]);
    expect(paced.written.every(({ sequence, at }) => at >= sequence * 40)).toBe(true);
    expect(paced.report.driftMs).toBe(0);
  });

  test('delivered is what the encoder has by its deadline, to the millisecond', async () => {
    const inTime = await live({ frames: 10, fps: 5, levels: [60, 5], encoderMs: () => 40, policy: 'block' });
    expect(inTime.report).toMatchObject({ delivered: 10, late: 0, latencyMs: { p50: expect.closeTo(100, 0) } });
    const late = await live({ frames: 10, fps: 5, levels: [60, 5], encoderMs: () => 40.5, policy: 'block' });
    expect(late.report).toMatchObject({ delivered: 0, late: 10 });
  });

  test('the parts of the latency are told one by one', async () => {
    const { report } = await live({ frames: 50, fps: 10, levels: [30, 5], encoderMs: () => 4 });
    expect(report.waitMs.p95).toBeLessThan(0.01);
    expect(report.levels[0]?.serviceMs.p50).toBeCloseTo(30, 1);
    expect(report.handoverMs.p50).toBeCloseTo(4, 1);
    expect(report.latencyMs.p50).toBeCloseTo(34, 1);
  });
});

describe('what goes wrong', () => {
  const times = [45, 12];
  const at = (sequence: number, what: Service, once = false) => {
    let left = once ? 1 : Number.POSITIVE_INFINITY;
    return (level: number, _: number, given: number) => (given === sequence && level === 0 && left-- > 0 ? what : (times[level] as number));
  };

  test('a worker that dies in mid-frame costs nothing where another one has time for the frame', async () => {
    const told = await live({ frames: 90, fps: 30, levels: times, service: at(50, 'dies', true) });
    expect(tally(told.endings)).toEqual({ sr: 90 });
    expect(told.tasks.filter(({ sequence }) => sequence === 50)).toHaveLength(2);
  });

  test('a frame on which workers die again and again is dropped, and nothing else', async () => {
    const told = await live({ frames: 90, fps: 30, levels: times, service: at(50, 'dies') });
    expect(tally(told.endings)).toEqual({ sr: 89, 'dropped: worker': 1 });
    expect(told.report.delivered).toBe(89);
  });

  test('a worker that hangs costs its frame, makes no other one late, and is used again when it answers', async () => {
    const told = await live({ frames: 600, fps: 30, levels: times, service: at(50, 'hangs') });
    const { sr = 0, 'bypassed: late': bypassed = 0, ...others } = tally(told.endings);
    expect(others).toEqual({ 'dropped: worker': 1 });
    expect(sr + bypassed).toBe(599);
    expect(told.report.late).toBe(0);
    const hung = (50 * 1000) / 30;
    const done = told.endings.find(({ arrival }) => arrival.sequence === 50);
    expect(done?.endedAt).toBeLessThan(hung + 150);
    const after = told.endings.filter(({ arrival }) => arrival.arrivedAt > hung + 2 * START_MS + 2000);
    expect(after.length).toBeGreaterThan(100);
    expect(after.every(({ outcome }) => outcome === 'sr')).toBe(true);
  });

  test('when all workers hang, frames are dropped with their reason, and the source is read on', async () => {
    const service = (level: number, _: number, sequence: number): Service => (sequence === 50 || sequence === 51 ? 'hangs' : (times[level] as number));
    const told = await live({ frames: 600, fps: 30, levels: times, service });
    const { sr = 0, ...others } = tally(told.endings);
    expect(others['dropped: worker']).toBe(2);
    expect(sr + (others['dropped: late'] ?? 0) + (others['bypassed: late'] ?? 0) + 2).toBe(600);
    for (const [sequence, readAt] of told.readAt.entries()) expect(readAt).toBe((sequence * 1000) / 30);
    expect(told.written.at(-1)?.sequence).toBe(599);
  });

  const lone = { fps: 30, workers: 1, levels: [15, 5] };
  const takes = (level: number) => lone.levels[level] as number;

  test('a hang costs a lone worker the start of another one twice, once in waiting and once in starting', async () => {
    const told = await live({ ...lone, frames: 90, service: (level, _, sequence) => (sequence === 20 ? 'hangs' : takes(level)) });
    const frames = (2 * START_MS * 30) / 1000;
    expectBetween(told.flow.outcomes.dropped, frames - 8, frames + 8);
    expect(told.written.at(-1)?.sequence).toBe(89);
  });

  test('a machine that is slower than a start is left more time with each loss, and the run goes on', async () => {
    // Every task takes longer than the limit at first, until it is given four times as long.
    const told = await live({ ...lone, frames: 400, service: (level, now, sequence) => (sequence >= 20 && now < 4000 ? 'hangs' : takes(level)) });
    expect(told.failure).toBeUndefined();
    const begun = told.tasks.filter(({ sequence, at }) => sequence >= 20 && at < 4000).map(({ at }) => at);
    const gaps = begun.slice(1).map((at, index) => at - (begun[index] as number));
    for (const [index, gap] of gaps.entries()) if (index > 0) expect(gap).toBeGreaterThan(gaps[index - 1] as number);
    expect(told.written.at(-1)?.sequence).toBe(399);
  });

  test('workers that die at everything end the run, with what they died of', async () => {
    const told = await live({ frames: 90, fps: 30, levels: times, service: () => 'dies' });
    expect(told.failure).toMatchObject({ code: 'SRVID_WORKER_FAILED' });
  });

  test('a plugin that throws ends the run, as it does for files', async () => {
    const told = await live({ frames: 90, fps: 30, levels: times, service: at(20, 'throws') });
    expect(told.failure).toMatchObject({ code: 'SRVID_PLUGIN_FAILED' });
    expect(told.written.length).toBeLessThan(21);
  });

  test('an encoder that stalls makes frames be dropped for its sake, and then all is as before', async () => {
    const told = await live({ frames: 300, fps: 30, levels: times, encoderMs: (now) => (now > 3000 && now < 3020 ? 800 : 1) });
    expect(tally(told.endings)['dropped: encoder']).toBeGreaterThan(5);
    const after = told.endings.filter(({ arrival }) => arrival.arrivedAt > 4500);
    expect(after.every(({ outcome }) => outcome === 'sr')).toBe(true);
    expect(told.endings).toHaveLength(300);
  });
});
