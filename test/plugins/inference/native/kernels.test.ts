import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findAddon } from '../../../../dist/plugins/inference/native/addon.js';
import { type Case, cases } from './plans.js';
import { runPlainly } from './reference.js';

const found = findAddon();
if (!found.addon) throw new Error(`these tests need the native engine: ${found.reason}`);
const { addon } = found;
const isEmulated = (kernel: string) => kernel.endsWith('-emulated');
const emulated = addon.kernels().filter(isEmulated);
const real = addon.kernels().filter((kernel) => !isEmulated(kernel));
const lacking =
  { x64: ['amx', 'avx512-vnni', 'avx-vnni', 'avx2'], arm64: ['neon-dot'] }[process.arch as string]?.filter((kernel) => !real.includes(kernel)) ?? [];

function expectSameBytes({ plan, inputs, rows, columns, threads }: Case, kernels: readonly string[]): void {
  const expected = runPlainly(plan, inputs, rows, columns);
  for (const kernel of kernels) {
    const network = addon.open(plan, kernel);
    const outputs = expected.map(({ length }) => new Uint8Array(length));
    addon.run(network, inputs, rows, columns, outputs, threads);
    addon.close(network);
    expect(Buffer.compare(Buffer.concat(outputs), Buffer.concat(expected)), kernel).toBe(0);
  }
}

test(`${real.join(', ')}: the bytes of the plain reference, for any plan, size and number of threads`, () => {
  expect(real.at(-1)).toBe('portable');
  fc.assert(
    fc.property(cases, (one) => expectSameBytes(one, real)),
    { numRuns: 40 },
  );
});

test(`${emulated.join(', ')}: the same, with the instructions in plain C++ (not run, since this processor lacks them: ${lacking.join(', ') || 'none'})`, () => {
  expect(emulated).toEqual(['amx-emulated', 'avx512-vnni-emulated', 'avx-vnni-emulated']);
  fc.assert(
    fc.property(cases, (one) => expectSameBytes(one, emulated)),
    { numRuns: 12 },
  );
});
