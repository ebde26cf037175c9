import fc from 'fast-check';
import { from, lastValueFrom, Subject, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { fromPull, orderedMap, runGraph, withNeighbours } from '../../../dist/pipeline/engine/graph.js';

test('orderedMap keeps the order and its bound, in whatever order the work ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 4 }), async (scheduler, count, concurrency) => {
      let [running, most] = [0, 0];
      const work = async (value: number) => {
        most = Math.max(most, ++running);
        await scheduler.schedule(Promise.resolve(), `work ${value}`);
        running--;
        return value * 10;
      };
      const values = Array.from({ length: count }, (_, index) => index);
      const result = lastValueFrom(from(values).pipe(orderedMap(concurrency, work), toArray()));
      await scheduler.waitFor(result);
      expect(await result).toEqual(values.map((value) => value * 10));
      expect(most).toBe(Math.min(count, concurrency));
    }),
  );
});

test('orderedMap ends with the first failure of its work', async () => {
  const work = async (value: number) => {
    if (value === 2) throw new Error('two is bad');
    return value;
  };
  await expect(lastValueFrom(from([0, 1, 2, 3]).pipe(orderedMap(2, work), toArray()))).rejects.toThrow('two is bad');
});

test('withNeighbours gives each value once with those around it, and lets each go exactly once, after its last use', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }), (count, past, future) => {
      const kept = Array<number>(count).fill(0);
      const left = Array<number>(count).fill(0);
      const given: { value: number; neighbours: readonly number[] }[] = [];
      const keep = (value: number) => {
        expect(left[value]).toBe(0);
        kept[value] = (kept[value] as number) + 1;
      };
      const leave = (value: number) => {
        left[value] = (left[value] as number) + 1;
      };
      const values = Array.from({ length: count }, (_, index) => index);
      from(values)
        .pipe(withNeighbours(past, future, keep, leave))
        .subscribe((neighbourhood) => given.push(neighbourhood));
      const clamp = (index: number) => Math.min(Math.max(index, 0), count - 1);
      const around = (value: number) => Array.from({ length: past + 1 + future }, (_, offset) => clamp(value - past + offset));
      expect(given).toEqual(values.map((value) => ({ value, neighbours: around(value) })));
      expect(left).toEqual(Array(count).fill(1));
      expect(kept).toEqual(values.map((value) => given.flatMap((one) => one.neighbours).filter((neighbour) => neighbour === value).length));
    }),
  );
});

test('withNeighbours waits for no more than the future it was asked for, and keeps no more than the past', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }), (past, future) => {
      const source = new Subject<number>();
      const given: number[] = [];
      const left: number[] = [];
      source
        .pipe(
          withNeighbours(
            past,
            future,
            () => {},
            (value) => left.push(value),
          ),
        )
        .subscribe(({ value }) => given.push(value));
      for (let value = 0; value < 12; value++) {
        source.next(value);
        expect(given).toHaveLength(Math.max(0, value + 1 - future));
        expect(left).toHaveLength(Math.max(0, given.length - past));
      }
    }),
  );
});

test('fromPull gives what it pulls, up to the end', async () => {
  const values = [1, 2, 3];
  expect(await lastValueFrom(fromPull(async () => values.shift()).pipe(toArray()))).toEqual([1, 2, 3]);
});

test('fromPull is not asked again after the graph was taken down', async () => {
  let pulls = 0;
  const source = fromPull(async () => ++pulls);
  const written: number[] = [];
  const stop = new AbortController();
  const write = async (value: number) => {
    written.push(value);
    if (value === 3) stop.abort(new Error('enough'));
  };
  await expect(runGraph(source, write, stop.signal)).rejects.toThrow('enough');
  const after = pulls;
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(pulls).toBeLessThanOrEqual(after + 1);
  expect(written).toEqual([1, 2, 3]);
});

test('runGraph writes one value at a time, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 0, max: 10 }), async (scheduler, count) => {
      const written: number[] = [];
      let writing = 0;
      const write = async (value: number) => {
        expect(++writing).toBe(1);
        await scheduler.schedule(Promise.resolve(), `write ${value}`);
        writing--;
        written.push(value);
      };
      const values = Array.from({ length: count }, (_, index) => index);
      const done = runGraph(from(values), write, new AbortController().signal);
      await scheduler.waitFor(done);
      expect(written).toEqual(values);
    }),
  );
});

test('runGraph ends with the failure of a write, and writes no more', async () => {
  const written: number[] = [];
  const write = async (value: number) => {
    if (value === 2) throw new Error('disk full');
    written.push(value);
  };
  await expect(runGraph(from([1, 2, 3]), write, new AbortController().signal)).rejects.toThrow('disk full');
  expect(written).toEqual([1]);
});

test('runGraph ends with the failure of the source', async () => {
  const source = fromPull<number>(async () => {
    throw new Error('no more tape');
  });
  await expect(runGraph(source, async () => {}, new AbortController().signal)).rejects.toThrow('no more tape');
});

test('runGraph ends at once when it is stopped, though source and write would wait for ever', async () => {
  const stop = new AbortController();
  const source = new Subject<number>();
  const running = runGraph(source, () => new Promise<void>(() => {}), stop.signal);
  source.next(1);
  stop.abort(new Error('interrupted'));
  await expect(running).rejects.toThrow('interrupted');
  expect(source.observed).toBe(false);
});

test('runGraph does not begin when it was stopped before', async () => {
  const stop = new AbortController();
  stop.abort(new Error('too early'));
  const written: number[] = [];
  const write = async (value: number) => {
    written.push(value);
  };
  await expect(runGraph(from([1]), write, stop.signal)).rejects.toThrow('too early');
  expect(written).toEqual([]);
});
