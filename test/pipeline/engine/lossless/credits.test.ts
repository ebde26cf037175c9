import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Credits } from '../../../../dist/pipeline/engine/lossless/credits.js';

test('never grants more credits than there are, and grants a freed one to who waits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(fc.boolean(), { maxLength: 60 }), async (credits, steps) => {
      const pool = new Credits(credits);
      let held = 0;
      let waiting: Promise<boolean> | undefined;
      for (const take of steps) {
        if (take && held < credits) {
          expect(await pool.take()).toBe(true);
          held++;
        } else if (take) {
          waiting ??= pool.take();
        } else if (held > 0) {
          pool.give();
          if (waiting) expect(await waiting).toBe(true);
          else held--;
          waiting = undefined;
        }
        expect(pool.inFlight).toBe(held);
      }
      pool.close();
      if (waiting) expect(await waiting).toBe(false);
    }),
  );
});

test('makes the taker wait as long as there is no credit', async () => {
  const pool = new Credits(1);
  await pool.take();
  let granted = false;
  const second = pool.take().then(() => {
    granted = true;
  });
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  expect(granted).toBe(false);
  pool.give();
  await second;
  expect(granted).toBe(true);
});

test('refuses a credit that was given back twice', async () => {
  const pool = new Credits(2);
  await pool.take();
  pool.give();
  expect(() => pool.give()).toThrow('given back twice');
});

test('grants nothing once it is closed', async () => {
  const pool = new Credits(2);
  pool.close();
  expect(await pool.take()).toBe(false);
});

test('tells for how long the source had to wait', async () => {
  const pool = new Credits(1);
  await pool.take();
  const second = pool.take();
  const since = performance.now();
  while (performance.now() - since < 20) await new Promise(setImmediate);
  pool.give();
  await second;
  expect(pool.waitedMs).toBeGreaterThan(15);
});
