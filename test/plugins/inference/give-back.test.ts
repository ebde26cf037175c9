import { expect, test } from 'vitest';
import { giveBack } from '../../../dist/plugins/inference/give-back.js';

test('memory that is given back is gone at once, again and again', () => {
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 500; round++) {
    const buffer = new ArrayBuffer(1 << 22);
    giveBack(buffer);
    expect(buffer.byteLength).toBe(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 22);
  }
});
