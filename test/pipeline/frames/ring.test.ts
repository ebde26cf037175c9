import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlotRing, slotBytes } from '../../../dist/pipeline/frames/ring.js';

const format = { kind: 'gray', width: 3, height: 2 } as const;

const step = fc.record({ act: fc.constantFrom('take' as const, 'retain' as const, 'release' as const), slot: fc.integer({ min: 0, max: 5 }) });

test('counts references as a plain map of counts does, and never gives a slot that is in use', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 80 }), (slots, steps) => {
      const ring = new SlotRing(format, slots);
      const model = new Map<number, number>();
      for (const { act, slot: any } of steps) {
        const slot = any % slots;
        const count = model.get(slot) ?? 0;
        if (act === 'take') {
          if (model.size === slots) {
            expect(() => ring.take()).toThrow('slots are in use');
            continue;
          }
          const taken = ring.take();
          expect(model.has(taken)).toBe(false);
          model.set(taken, 1);
        } else if (act === 'retain') {
          if (count === 0) expect(() => ring.retain(slot)).toThrow('while free');
          else {
            ring.retain(slot);
            model.set(slot, count + 1);
          }
        } else if (count === 0) {
          expect(() => ring.release(slot)).toThrow('more often than taken');
        } else {
          ring.release(slot);
          if (count === 1) model.delete(slot);
          else model.set(slot, count - 1);
        }
        expect(ring.inUse).toBe(model.size);
      }
    }),
    { numRuns: 300 },
  );
});

test('gives each slot memory of its own, one frame long', () => {
  const ring = new SlotRing(format, 4);
  const slots = [ring.take(), ring.take(), ring.take(), ring.take()];
  for (const slot of slots) ring.bytes(slot).fill(slot + 1);
  for (const slot of slots) expect([...ring.bytes(slot)]).toEqual(Array(6).fill(slot + 1));
});

test('shows another thread the same bytes', () => {
  const ring = new SlotRing(format, 3);
  const slot = ring.take();
  ring.bytes(slot).set([1, 2, 3, 4, 5, 6]);
  expect([...slotBytes(structuredClone(ring.memory), slot)]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('holds a split frame whole', () => {
  const ring = new SlotRing({ kind: 'split', width: 6, height: 4, small: { kind: 'yuv420p', width: 3, height: 2 } }, 2);
  expect(ring.bytes(ring.take())).toHaveLength(6 * 4 + 3 * 2 + 2 * (2 * 1));
});

test('refuses a slot that it does not have', () => {
  const ring = new SlotRing(format, 2);
  for (const slot of [-1, 2, 1.5]) {
    expect(() => ring.retain(slot)).toThrow();
    expect(() => ring.release(slot)).toThrow();
  }
});
