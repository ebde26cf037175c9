import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assertAnyWritten } from '../../../../dist/pipeline/engine/realtime-report.js';
import { failureOf } from '../../../helpers/errors.js';
import { live, result, type Service, sequences, type Told, tally, type World } from '../../../helpers/realtime.js';

describe('duplicates', () => {
  test('a still picture is processed once', async () => {
    const told = await live({ frames: 60, fps: 30, levels: [45, 12], content: () => 3 });
    expect(tally(told.endings)).toEqual({ sr: 1, reused: 59 });
    expect(told.tasks).toHaveLength(1);
    expect(new Set(told.written.map(({ bytes }) => bytes[0]))).toEqual(new Set([result(0, 3)]));
  });

  test('a duplicate whose original comes to nothing is processed itself', async () => {
    const service = (level: number, _: number, sequence: number): Service => (sequence === 0 ? 'dies' : ([45, 12][level] as number));
    const told = await live({ frames: 3, fps: 60, levels: [45, 12], content: () => 3, service });
    expect(tally(told.endings)).toEqual({ sr: 1, reused: 1, 'dropped: worker': 1 });
  });
});

test('where every frame was dropped, that is said with its reasons and what to do; one written frame is enough', async () => {
  const none = await live({ frames: 2, fps: 30, levels: [45, 12], service: () => 'dies' });
  expect(none.flow).toMatchObject({ framesIn: 2, framesOut: 0, outcomes: { dropped: 2 } });
  const error = await failureOf(() => assertAnyWritten(none.flow, none.report));
  expect(error.code).toBe('SRVID_FRAMES_DROPPED');
  expect(error.message).toMatch(/All 2 frames were dropped \(2 worker\).*--budget-ms/);
  const one = await live({ frames: 2, fps: 30, levels: [45, 12], service: (_, __, sequence) => (sequence === 1 ? 12 : 'dies') });
  expect(one.flow.framesOut).toBe(1);
  assertAnyWritten(one.flow, one.report);
  assertAnyWritten({ ...none.flow, framesIn: 0 }, none.report);
});

const anyWorld: fc.Arbitrary<World> = fc
  .record({
    frames: fc.integer({ min: 0, max: 60 }),
    fps: fc.integer({ min: 5, max: 120 }),
    workers: fc.integer({ min: 1, max: 4 }),
    budgetMs: fc.integer({ min: 10, max: 300 }),
    policy: fc.constantFrom('bypass', 'drop-oldest', 'drop-newest', 'block'),
    levels: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 2, maxLength: 4 }).map((times) => times.sort((a, b) => b - a)),
    factors: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 7, maxLength: 7 }),
    trouble: fc.dictionary(
      fc.integer({ min: 0, max: 12 }).map((index) => String(index * 5)),
      fc.constantFrom('dies' as const, 'hangs' as const),
    ),
    contents: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 61, maxLength: 61 }),
    encoder: fc.array(
      fc.integer({ min: 0, max: 400 }).map((x) => (x > 300 ? x : x / 50)),
      { minLength: 5, maxLength: 5 },
    ),
    jitter: fc.integer({ min: 0, max: 80 }),
    paced: fc.boolean(),
  })
  .map(({ factors, trouble, contents, encoder, jitter, ...world }) => ({
    ...world,
    service: (level, _, sequence) => trouble[sequence] ?? ((world.levels[level] as number) * (factors[sequence % 7] as number)) / 10,
    content: (sequence) => contents[sequence] as number,
    encoderMs: (now) => encoder[Math.floor(now / 37) % 5] as number,
    arrival: (sequence) => (sequence * 1000) / world.fps + ((sequence * 31) % (jitter + 1)),
  }));

test('whatever happens, every frame has one outcome, order and times hold, and slots come back', async () => {
  await fc.assert(
    fc.asyncProperty(anyWorld, async (world) => {
      const told = await live(world);
      const { frames, workers = 2, content = () => 0 } = world;
      if (told.failure !== undefined) {
        // Only where workers fail over and over.
        expect(told.failure).toMatchObject({ code: 'SRVID_WORKER_FAILED' });
        return;
      }
      expect(told.endings.map(({ arrival }) => arrival.sequence).sort((a, b) => a - b)).toEqual(sequences(frames));
      const kept = told.endings.filter(({ outcome }) => outcome !== 'dropped').sort((a, b) => a.arrival.sequence - b.arrival.sequence);
      expect(told.written.map(({ sequence }) => sequence)).toEqual(kept.map(({ arrival }) => arrival.sequence));
      for (const [index, { level }] of kept.entries()) {
        const { sequence, bytes } = told.written[index] as Told['written'][number];
        expect(bytes[0]).toBe(result(level as number, content(sequence)));
      }
      for (const { outcome, reason } of told.endings) expect(reason !== undefined).toBe(outcome === 'bypassed' || outcome === 'dropped');
      const { sr, reused, bypassed, dropped } = told.flow.outcomes;
      expect([sr + reused + bypassed + dropped, sr + reused + bypassed]).toEqual([frames, told.flow.framesOut]);
      expect(told.report.delivered + told.report.late).toBe(told.flow.framesOut);
      expect(told.mostAtOnce).toBeLessThanOrEqual(workers);
      expect(told.slotsInUse).toEqual([0, 0]);
      if (world.policy !== 'bypass') expect(bypassed).toBe(0);
      if (world.policy === 'block') expect(told.endings.every(({ reason }) => reason === undefined || reason === 'worker')).toBe(true);
      if (world.policy !== 'block' && !world.paced)
        for (const [sequence, at] of told.readAt.entries()) expect(at).toBe(Math.max(...sequences(sequence + 1).map(world.arrival as (s: number) => number)));
    }),
    { numRuns: 400 },
  );
});
