import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blend, type FlowScript, runScript } from '../../../helpers/flow.js';

type Shape = FlowScript['stages'][number];

const anyStage: fc.Arbitrary<Shape> = fc
  .record({ past: fc.integer({ min: 0, max: 2 }), future: fc.integer({ min: 0, max: 2 }), concurrency: fc.integer({ min: 1, max: 3 }), reuse: fc.boolean() })
  .map(({ past, future, concurrency, reuse }) => ({ past, future, concurrency, reusable: reuse && past + future === 0 }));

const script = fc
  .record({
    contents: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 14 }),
    stages: fc.array(anyStage, { minLength: 1, maxLength: 3 }),
    extra: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ contents, stages, extra }) => ({ contents, stages, credits: 1 + extra + stages.reduce((sum, stage) => sum + stage.future, 0) }));

/** The stages' results for the whole stream, computed plainly. */
function expected({ contents, stages }: { contents: readonly number[]; stages: readonly Shape[] }): number[] {
  return stages.reduce<number[]>(
    (frames, { past, future }) => {
      const at = (index: number) => frames[Math.min(Math.max(index, 0), frames.length - 1)] as number;
      return frames.map((_, index) => blend(Array.from({ length: past + 1 + future }, (__, offset) => at(index - past + offset))));
    },
    [...contents],
  );
}

test('every frame goes through every stage once, in order, whatever takes how long; slots and credits come back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), script, async (scheduler, given) => {
      const run = runScript({ ...given, pause: () => scheduler.schedule(Promise.resolve()) });
      await scheduler.waitFor(run);
      const result = await run;
      expect(result.failure).toBeUndefined();
      expect(result.written).toEqual(expected(given).map((content, index) => ({ pts: 100 + 3 * index, content })));
      expect(result.flow).toMatchObject({ framesIn: given.contents.length, framesOut: given.contents.length });
      expect(result.flow.outcomes.sr + result.flow.outcomes.reused).toBe(given.contents.length);
      expect(result.mostInFlight).toBeLessThanOrEqual(given.credits);
      expect(result.inFlight).toBe(0);
      expect(result.slotsInUse).toEqual(Array(given.stages.length + 1).fill(0));
    }),
    { numRuns: 200 },
  );
});

test('a duplicate takes the result of the frame before it and is not processed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 14 }), async (scheduler, contents) => {
      const stages = [{ past: 0, future: 0, concurrency: 2, reusable: true }];
      const run = runScript({ contents, stages, credits: 4, pause: () => scheduler.schedule(Promise.resolve()) });
      await scheduler.waitFor(run);
      const result = await run;
      const duplicates = contents.filter((content, index) => index > 0 && content === contents[index - 1]).length;
      expect(result.flow.outcomes).toEqual({ sr: contents.length - duplicates, reused: duplicates, bypassed: 0, dropped: 0 });
      expect(result.processed).toBe(contents.length - duplicates);
    }),
  );
});

test('a stage that may not reuse processes duplicates, too', async () => {
  const stages = [{ past: 0, future: 0, concurrency: 2, reusable: false }];
  const result = await runScript({ contents: [5, 5, 5], stages, credits: 3, pause: async () => {} });
  expect(result.processed).toBe(3);
  expect(result.flow.outcomes).toEqual({ sr: 3, reused: 0, bypassed: 0, dropped: 0 });
});

const fault = fc.record({
  where: fc.constantFrom('decode' as const, 'stage' as const, 'encode' as const, 'abort' as const),
  at: fc.integer({ min: 0, max: 13 }),
});

test('a failure anywhere ends the run with that failure, and nothing after a missing frame is written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), script, fault, async (scheduler, given, at) => {
      fc.pre(at.at < given.contents.length);
      // Without reuse every frame reaches every stage, so the fault is met for certain.
      const stages = given.stages.map((stage) => ({ ...stage, reusable: false }));
      const run = runScript({ ...given, stages, fault: at, pause: () => scheduler.schedule(Promise.resolve()) });
      await scheduler.waitFor(run);
      const result = await run;
      expect((result.failure as Error).message).toBe(`fault in ${at.where}`);
      const whole = expected({ contents: given.contents, stages }).map((content, index) => ({ pts: 100 + 3 * index, content }));
      expect(result.written.length).toBeLessThan(given.contents.length + (at.where === 'abort' ? 1 : 0));
      const sound = at.where === 'encode' ? at.at : result.written.length;
      expect(result.written.slice(0, sound)).toEqual(whole.slice(0, sound));
      expect(result.mostInFlight).toBeLessThanOrEqual(given.credits);
    }),
    { numRuns: 200 },
  );
});

test('the source is asked for as many frames as there are credits when nothing is ever written, and for no more', async () => {
  let asked = 0;
  const pause = (where: string) => {
    if (where === 'decode') asked++;
    return where === 'encode' ? new Promise<void>(() => {}) : Promise.resolve();
  };
  const contents = Array.from({ length: 50 }, (_, index) => index);
  void runScript({ contents, stages: [{ past: 0, future: 0, concurrency: 1, reusable: false }], credits: 3, pause });
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  expect(asked).toBe(3);
});
