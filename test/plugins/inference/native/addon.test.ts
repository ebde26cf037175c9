import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findAddon } from '../../../../dist/plugins/inference/native/addon.js';
import type { NativeConv, NativePlan } from '../../../../dist/plugins/inference/native/plan.js';
import { isSlowKernel } from '../../../../dist/plugins/inference/native-engine.js';
import { runPlainly } from './reference.js';
import { smallPlan } from './small-plan.js';

const found = findAddon();
if (!found.addon) throw new Error(`these tests need the native engine: ${found.reason}`);
const { addon } = found;
const kernel = addon.kernels()[0] as string;

const withConv = (change: Partial<Record<keyof NativeConv, unknown>>): unknown => {
  const plan = smallPlan();
  return { ...plan, convs: [{ ...plan.convs[0], ...change }] };
};
const open = (plan: unknown) => addon.open(plan as NativePlan, kernel);

test.each<[string, unknown, RegExp]>([
  ['no object', undefined, /the plan is not an object/],
  ['a part that is missing', { ...smallPlan(), inputs: undefined }, /the plan has no inputs/],
  ['pictures that are none', { ...smallPlan(), outputs: 2 }, /outputs is not an array/],
  ['a number that is none', { ...smallPlan(), outputs: [{ planes: 1, block: '2' }] }, /outputs\[0\].block is not a number/],
  ['a fraction', { ...smallPlan(), inputs: [{ planes: 1, block: 1.5 }] }, /inputs\[0\].block is not an integer/],
  ['a picture without planes', { ...smallPlan(), inputs: [{ planes: 0, block: 1 }] }, /an input's planes is 0, not from 1 to 16/],
  ['no inputs', { ...smallPlan(), inputs: [] }, /the number of inputs is 0, not from 1 to 16/],
  ['no convolutions', { ...smallPlan(), convs: [] }, /the number of convolutions is 0, not from 1 to 1024/],
  ['a kernel of 7', withConv({ kernel: 7 }), /kernel of 7, not of 1, 3 or 5/],
  ['an input that is yet to come', withConv({ inputs: [1] }), /convolution 0: an input is 1, not from 0 to 0/],
  ['too few weights', withConv({ weights: new Int8Array(35) }), /weights has 35 values instead of 36/],
  ['weights of another type', withConv({ weights: new Uint8Array(36) }), /weights is not an Int8Array/],
  ['a bias that leaves 31 bits', withConv({ bias: Int32Array.of(-(2 ** 31), 0, 0, 0) }), /sums that do not fit in 31 bits/],
  ['a multiplier that is no number', withConv({ multiplier: Float32Array.of(Number.NaN, 1, 1, 1) }), /no finite number/],
  ['results that leave 31 bits', withConv({ multiplier: new Float32Array(4).fill(1e30) }), /results that do not fit/],
  ['channels that are not the outputs', { ...smallPlan(), outputs: [{ planes: 1, block: 3 }] }, /has 4 channels, and the outputs are made of 9/],
  ['an anchor of a channel that is not there', { ...smallPlan(), anchor: Int32Array.of(0, 0, 0, 1) }, /a channel of the anchor is 1, not from 0 to 0/],
  ['more results than convolutions', { ...smallPlan(), outputs: [], anchor: undefined, pixelResults: 2 }, /results of pixels is 2, not from 0 to 1/],
  ['results of pixels that are shuffled', { ...smallPlan(), pixelResults: 1 }, /neither outputs nor an anchor/],
])('a plan with %s is refused with words', (_, plan, words) => {
  expect(() => open(plan)).toThrow(words);
});

test('a kernel that cannot run here is refused with those that can', () => {
  expect(() => addon.open(smallPlan(), 'abacus')).toThrow(/kernel "abacus" cannot run here; these can: .*portable.*amx-emulated/);
});

test('sizes that do not fit are refused before any byte is written', () => {
  const network = open(smallPlan());
  const output = new Uint8Array(6 * 8 * 4);
  const run =
    (input: unknown, height: number, width: number, threads = 1, to: unknown = output) =>
    () =>
      addon.run(network, [input as Uint8Array], height, width, [to as Uint8Array], threads);
  const input = new Uint8Array(48).fill(99);
  expect(run(input, 6, 9)).toThrow(/the input has 48 bytes instead of 54/);
  expect(run(input, 6, 8, 1, new Uint8Array(191))).toThrow(/the output has 191 bytes instead of 192/);
  expect(run(input, 0, 8)).toThrow(/sides are from 1 to 65536/);
  expect(run(input, 65536, 65536)).toThrow(/the input has 48 bytes instead of 4294967296/);
  expect(run(input, 2 ** 31, 8)).toThrow(/the number of rows is not an integer of 32 bits/);
  expect(() => addon.run(network, [input, input], 6, 8, [output], 1)).toThrow(/2 inputs instead of 1/);
  expect(run(input, 6, 8, 0)).toThrow(/0 threads: there are from 1 to 64/);
  expect(run(new Float32Array(48), 6, 8)).toThrow(/the input is not a Uint8Array/);
  expect(run([...input], 6, 8)).toThrow(/the input is not a Uint8Array/);
  const detached = new Uint8Array(48);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  expect(run(detached, 6, 8)).toThrow(/the input has 0 bytes instead of 48/);
  expect(output.every((byte) => byte === 0)).toBe(true);
  run(input, 6, 8)();
  expect(output.some((byte) => byte !== 0)).toBe(true);
  addon.close(network);
});

test('what is no open network is refused', () => {
  const network = open(smallPlan());
  addon.close(network);
  const run = (value: unknown) => () => addon.run(value, [new Uint8Array(1)], 1, 1, [new Uint8Array(4)], 1);
  expect(run(network)).toThrow(/the network is closed/);
  for (const other of [undefined, {}, 5, 'network']) expect(run(other)).toThrow(/not one that this add-on opened in this thread/);
  addon.close(network);
});

test('errors of a getter come through, and a plan that changes while it is read does no harm', () => {
  const thrown = new Error('from the getter');
  const plan = Object.defineProperty({ ...smallPlan() }, 'convs', {
    get: () => {
      throw thrown;
    },
  });
  expect(() => open(plan)).toThrow(thrown);
  const weights = new Int8Array(36);
  const changing = withConv({ weights }) as { convs: object[] };
  Object.defineProperty(changing.convs[0], 'bias', {
    get: () => {
      structuredClone(weights.buffer, { transfer: [weights.buffer] });
      return new Int32Array(4);
    },
  });
  addon.close(open(changing));
});

test('no value in place of any part of a plan ends the process: it is taken or refused with words', () => {
  const parts = fc.constantFrom<readonly string[]>(
    ['inputs'],
    ['outputs'],
    ['inputs', '0'],
    ['pixelResults'],
    ['anchor'],
    ['convs'],
    ['convs', '0'],
    ['convs', '0', 'inputs'],
  );
  const inside = fc.constantFrom('kernel', 'channels', 'weights', 'bias', 'multiplier', 'zeroPoint').map((name) => ['convs', '0', name]);
  const values = fc.oneof(
    fc.anything({ withTypedArray: true, withSparseArray: true, withBigInt: true }),
    fc.integer(),
    fc.array(fc.integer({ min: -2, max: 300 })),
  );
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof(parts, inside), values, (path, value) => {
      const plan = { ...smallPlan(), inputs: [...smallPlan().inputs], convs: [{ ...smallPlan().convs[0] }] } as Record<string, unknown>;
      let owner = plan;
      for (const step of path.slice(0, -1)) owner = owner[step] as Record<string, unknown>;
      owner[path[path.length - 1] as string] = value;
      try {
        const network = open(plan);
        taken++;
        addon.close(network);
      } catch (error) {
        expect((error as Error).message).toMatch(/ is | has | threads|plan/);
      }
    }),
    { numRuns: 2000 },
  );
  expect(taken).toBeLessThan(2000);
});

test('a picture in shared memory gives the same bytes, straight into shared memory', () => {
  const plan = smallPlan();
  const input = new Uint8Array(new SharedArrayBuffer(200), 8, 13 * 11).map((_, index) => (index * 89) % 256);
  const shared = new Uint8Array(new SharedArrayBuffer(200), 8, 13 * 11);
  shared.set(input);
  const output = new Uint8Array(new SharedArrayBuffer(26 * 22 + 16), 16, 26 * 22);
  const network = open(plan);
  addon.run(network, [shared], 11, 13, [output], 2);
  addon.close(network);
  expect([output]).toEqual(runPlainly(plan, [input], 11, 13));
});

/** Ten layers of 32 channels: a run takes long enough to be ended in its middle. */
function longPlan(): NativePlan {
  const conv = (inputs: number, channels: number, index: number): NativeConv => ({
    inputs: [index],
    kernel: 3,
    channels,
    weights: new Int8Array(channels * inputs * 9).fill(3),
    bias: new Int32Array(channels),
    multiplier: new Float32Array(channels).fill(1e-3),
    zeroPoint: 0,
  });
  return {
    inputs: [{ planes: 1, block: 1 }],
    convs: Array.from({ length: 10 }, (_, index) => conv(index ? 32 : 1, 32, index)),
    anchor: undefined,
    outputs: [{ planes: 2, block: 4 }],
    pixelResults: 0,
  };
}

const WORKER = `
import { parentPort, workerData } from 'node:worker_threads';
const { findAddon } = await import(workerData.addon);
const { addon } = findAddon();
const network = addon.open(workerData.plan, workerData.kernel);
const input = new Uint8Array(48 * 64);
const output = new Uint8Array(2 * 16 * input.length);
const state = new Int32Array(workerData.state);
for (;;) {
  Atomics.add(state, 0, 1);
  Atomics.notify(state, 0);
  addon.run(network, [input], 48, 64, [output], 2);
}`;

test('threads that are ended in the middle of a run leave nothing behind, and the process lives', async () => {
  const endings = Number(process.env['SRVID_TERMINATIONS'] ?? 12);
  const plan = longPlan();
  const residentAfter: number[] = [];
  for (let ending = 0; ending < endings; ending++) {
    const state = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(WORKER)}`), {
      workerData: { plan, kernel, state: state.buffer, addon: new URL('../../../../dist/plugins/inference/native/addon.js', import.meta.url).href },
    });
    const failed = new Promise<never>((_, reject) => worker.once('error', reject));
    const runs = 1 + (ending % 3);
    // The run that follows the last count is under way.
    const reached = (async () => {
      for (let seen = Atomics.load(state, 0); seen < runs; seen = Atomics.load(state, 0)) await Atomics.waitAsync(state, 0, seen).value;
    })();
    await Promise.race([reached, failed]);
    expect(await worker.terminate()).toBe(1);
    residentAfter.push(process.memoryUsage.rss());
  }
  const [first, last] = [residentAfter[Math.floor(endings / 3)] as number, residentAfter[endings - 1] as number];
  expect((last - first) / 2 ** 20, 'MiB that grew').toBeLessThan(64);
  const network = open(plan);
  addon.close(network);
});

test('memory does not grow with the number of runs, sizes and networks', () => {
  const input = new Uint8Array(40 * 40);
  const output = new Uint8Array(4 * input.length);
  const round = (networks: number) => {
    for (let count = 0; count < networks; count++) {
      const network = open(smallPlan());
      for (let side = 1; side <= 40; side++)
        addon.run(network, [input.subarray(0, side * side)], side, side, [output.subarray(0, 4 * side * side)], 1 + (side & 1));
      addon.close(network);
    }
  };
  round(30);
  const before = process.memoryUsage.rss();
  round(250);
  expect((process.memoryUsage.rss() - before) / 2 ** 20, 'MiB after 10,000 runs').toBeLessThan(32);
});

test('the process ends at once with the code that is asked for, and nothing runs on the way', () => {
  const url = new URL('../../../../dist/plugins/inference/native/addon.js', import.meta.url).href;
  const program = `import { findAddon } from ${JSON.stringify(url)};
  process.on('exit', () => console.log('a listener ran'));
  console.log('said before');
  findAddon().addon.end(7);`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([7, 'said before\n']);
});

test('each kernel of a processor says the most that a core multiplies by its instructions, and those in plain C++ say 0', () => {
  for (const name of addon.kernels()) {
    const peak = addon.peak(name);
    if (isSlowKernel(name)) expect(peak).toBe(0);
    else expect(peak).toBeGreaterThan(1);
  }
  expect(() => addon.peak('mmx')).toThrow(/kernel "mmx" cannot run here/);
});
