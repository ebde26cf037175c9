import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Budget } from '../../../../dist/pipeline/engine/lossless/credits.js';

test('never grants more credits than there are, and grants a freed one to who waits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(fc.boolean(), { maxLength: 60 }), async (credits, steps) => {
      const budget = new Budget(credits);
      let held = 0;
      let waiting: Promise<boolean> | undefined;
      for (const take of steps) {
        if (take && held < credits) {
          expect(await budget.take()).toBe(true);
          held++;
        } else if (take) {
          waiting ??= budget.take();
        } else if (held > 0) {
          budget.give();
          if (waiting) expect(await waiting).toBe(true);
          else held--;
          waiting = undefined;
        }
        expect(budget.inFlight).toBe(held);
      }
      budget.close();
      if (waiting) expect(await waiting).toBe(false);
    }),
  );
});

test('makes the taker wait as long as there is no credit', async () => {
  const budget = new Budget(1);
  await budget.take();
  let granted = false;
  const second = budget.take().then(() => {
    granted = true;
  });
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  expect(granted).toBe(false);
  budget.give();
  await second;
  expect(granted).toBe(true);
});

test('refuses a credit that was given back twice', async () => {
  const budget = new Budget(2);
  await budget.take();
  budget.give();
  expect(() => budget.give()).toThrow('given back twice');
});

test('grants nothing once it is closed', async () => {
  const budget = new Budget(2);
  budget.close();
  expect(await budget.take()).toBe(false);
});

test('tells for how long the source had to wait', async () => {
  const budget = new Budget(1);
  await budget.take();
  const second = budget.take();
  const since = performance.now();
  while (performance.now() - since < 20) await new Promise(setImmediate);
  budget.give();
  await second;
  expect(budget.waitedMs).toBeGreaterThan(15);
});
