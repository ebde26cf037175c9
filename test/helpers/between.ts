import { expect } from 'vitest';

/** Expects a number above `least` and below `most`. */
export function expectBetween(found: number, least: number, most: number): void {
  expect(found).toBeGreaterThan(least);
  expect(found).toBeLessThan(most);
}
