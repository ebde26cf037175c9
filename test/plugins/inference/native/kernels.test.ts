import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findAddon } from '../../../../dist/plugins/inference/native/addon.js';
import { cases } from './plans.js';
import { runPlainly } from './reference.js';

const found = findAddon();
if (!found.addon) throw new Error(`these tests need the native engine: ${found.reason}`);
const { addon } = found;
const kernels = addon.kernels();

test('every kernel that can run here gives the bytes of the plain reference, for any plan, size and number of threads', () => {
  fc.assert(
    fc.property(cases, ({ plan, input, height, width, threads }) => {
      const expected = runPlainly(plan, input, height, width);
      for (const kernel of kernels) {
        const network = addon.open(plan, kernel);
        const output = new Uint8Array(expected.length);
        addon.run(network, input, height, width, output, threads);
        addon.close(network);
        expect(Buffer.compare(output, expected), kernel).toBe(0);
      }
    }),
    { numRuns: 60 },
  );
});
