import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SessionRequest } from '../../dist/options/requests.js';
import { parseSessionOptions } from '../../dist/options/session.js';
import { loadModelLibrary, ModelLibrary } from '../../dist/plugins/inference/library.js';
import { type NativeEngineHere, nativeEngineHere } from '../../dist/plugins/inference/native-engine.js';
import { type Candidate, chooseExecution } from '../../dist/tuning/execution.js';
import { lookBack } from '../../dist/tuning/hindsight.js';
import { MeasurementCache } from '../../dist/tuning/measurements.js';
import { temporaryFolder } from '../helpers/media.js';
import { loadChain } from '../helpers/plugins.js';

const folder = await temporaryFolder();
const library = await loadModelLibrary();
const chain = { plugins: await loadChain(['abpn?scale=3']) };
const cores = availableParallelism();
let files = 0;

interface Trial {
  readonly request?: Partial<SessionRequest>;
  readonly time?: (candidate: Candidate) => number;
  /** Something disturbs every measurement. */
  readonly disturbed?: boolean;
  readonly busy?: boolean;
  readonly cache?: MeasurementCache;
  readonly machine?: string;
  readonly chain?: typeof chain;
  readonly native?: NativeEngineHere;
}

const NO_NATIVE: NativeEngineHere = { missing: 'it was not built' };
const NATIVE = nativeEngineHere();

/** The choice on a machine with these timings, and the candidates that were timed for it. */
async function chosenBy({
  request = {},
  time = () => 10,
  cache = newCache(),
  machine = 'a machine',
  disturbed = false,
  busy = disturbed,
  native = NO_NATIVE,
  ...other
}: Trial) {
  const timed: Candidate[] = [];
  let told = 0;
  const execution = await chooseExecution({
    options: parseSessionOptions({ input: 'in.mp4', output: 'out.mp4', ...request }),
    chain,
    library,
    cache,
    machine,
    native,
    time: async (candidate) => {
      timed.push(candidate);
      return { ms: time(candidate), calm: !disturbed };
    },
    isBusy: async () => busy,
    onMeasure: () => {
      told++;
    },
    ...other,
  });
  return { ...execution, timed, told };
}

const newCache = () => new MeasurementCache(join(folder, `${files++}`, 'measurements.json'));

describe('precision', () => {
  test.each([
    ['int8', 12, 40],
    ['fp32', 40, 12],
  ])('is %s where int8 takes %d ms and fp32 %d', async (expected, int8, fp32) => {
    const { precision, reasons } = await chosenBy({ time: (candidate) => (candidate.precision === 'int8' ? int8 : fp32) });
    expect(precision).toBe(expected);
    expect(reasons[0]).toBe(`precision ${expected}: measured ${int8}.0 ms a test frame in int8, ${fp32}.0 in fp32`);
  });

  test('that the caller gives is not measured', async () => {
    const { precision, timed } = await chosenBy({ request: { precision: 'fp32', workers: 1 } });
    expect([precision, timed]).toEqual(['fp32', []]);
  });

  test('is what there is where a network comes in one only', async () => {
    const only = new ModelLibrary(library.folder, [library.resolve({ family: 'abpn', scale: 3 }, 'int8')]);
    const { timed } = await chosenBy({ request: { workers: 1 }, ...{ library: only } });
    expect(timed).toEqual([]);
  });
});

describe('engine', () => {
  const nativeTakes =
    (ms: number) =>
    ({ engine, precision }: Candidate) =>
      engine.name === 'native' ? ms : precision === 'fp32' ? 20 : 10;

  test.each([
    ['native', 5],
    ['ort', 15],
  ])('is %s where the native one takes %d ms and ONNX Runtime 10, and the rest is measured with it', async (expected, ms) => {
    const { engine, engineReason, precision, reasons, timed } = await chosenBy({ native: NATIVE, time: nativeTakes(ms) });
    expect([engine.name, precision, engineReason]).toEqual([expected, 'int8', 'measured']);
    expect(reasons[0]).toMatch(new RegExp(`^engine .*: measured ms a test frame, 10\\.0 by ONNX Runtime, ${ms}\\.0 by native \\(`));
    expect(timed.filter((candidate) => candidate.engine.name !== expected)).toHaveLength(expected === 'ort' ? 1 : 2);
    expect(timed.filter(({ threads }) => threads > 1).every((candidate) => candidate.engine.name === expected)).toBe(true);
  });

  test('is timed once for each build of the add-on', async () => {
    const cache = newCache();
    const request = { workers: 1, precision: 'int8' } as const;
    expect((await chosenBy({ cache, request, native: NATIVE })).timed).toHaveLength(2);
    expect((await chosenBy({ cache, request, native: NATIVE })).timed).toEqual([]);
    const { timed } = await chosenBy({ cache, request, native: { ...NATIVE, build: 'another' } as NativeEngineHere });
    expect(timed.map(({ engine }) => engine.name)).toEqual(['native']);
  });

  test.each([
    ['the add-on is not there', { native: NO_NATIVE }, 'the native engine is not there'],
    [
      'it has no kernel for this processor',
      { native: { ...NATIVE, kernels: ['portable', 'amx-emulated'] } as NativeEngineHere },
      'the native engine has no kernel for this processor',
    ],
    ['ONNX Runtime was asked for', { native: NATIVE, request: { engine: 'ort' as const } }, 'as asked for'],
  ])('is ONNX Runtime, without a measurement of others, where %s', async (_, trial, reason) => {
    const { engine, engineReason, timed } = await chosenBy(trial);
    expect([engine.name, engineReason]).toEqual(['ort', reason]);
    expect(timed.every((candidate) => candidate.engine.name === 'ort')).toBe(true);
  });

  test('that is asked for is taken as it is, in int8', async () => {
    const { engine, precision, timed } = await chosenBy({ native: NATIVE, request: { engine: 'native:portable', workers: 1 } });
    expect(engine).toMatchObject({ name: 'native', kernel: 'portable' });
    expect([precision, timed]).toEqual(['int8', []]);
  });
});

describe('workers and threads', () => {
  test('a worker a core is kept unless another layout is clearly better', async () => {
    const { workers, threads } = await chosenBy({ time: (candidate) => (candidate.threads > 1 ? 9.5 : 10) });
    expect([workers, threads]).toEqual([cores, 1]);
  });

  test.runIf(cores > 1)('threads inside each network are taken where they are clearly better', async () => {
    const { workers, threads, reasons } = await chosenBy({ time: (candidate) => (candidate.threads === cores ? 5 : 10) });
    expect([workers, threads]).toEqual([1, cores]);
    expect(reasons.at(-1)).toContain(`5.0 with 1 x ${cores}`);
  });

  test('what the caller gives stands, and the rest follows from it', async () => {
    expect(await chosenBy({ request: { workers: 3 } })).toMatchObject({ workers: 3, threads: 1 });
    expect(await chosenBy({ request: { threads: cores } })).toMatchObject({ workers: 1, threads: cores });
    expect(await chosenBy({ request: { workers: 5, threads: 2 } })).toMatchObject({ workers: 5, threads: 2 });
  });
});

test('each candidate is timed once on a machine, and again on another one or with retune', async () => {
  const cache = newCache();
  const first = await chosenBy({ cache });
  expect(first.timed.length).toBeGreaterThanOrEqual(2);
  const second = await chosenBy({ cache, time: () => 99 });
  expect(second.timed).toEqual([]);
  expect(second.reasons).toEqual(first.reasons);
  expect((await chosenBy({ cache, machine: 'another machine' })).timed).toEqual(first.timed);
  expect((await chosenBy({ cache, request: { retune: true } })).timed.length).toBeGreaterThanOrEqual(first.timed.length);
});

describe('on a busy machine', () => {
  const oneWorkerWins = (candidate: Candidate) => (candidate.threads > 1 ? 5 : 10);

  test.runIf(cores > 1)('a layout of fewer workers is not taken, though it was faster then, and the reason is told', async () => {
    const { workers, threads, reasons } = await chosenBy({ time: oneWorkerWins, disturbed: true });
    expect([workers, threads]).toEqual([cores, 1]);
    for (const reason of reasons) expect(reason).toMatch(/the machine was busy/);
  });

  test('what was measured serves while the machine stays busy, and is measured anew when it is calm', async () => {
    const cache = newCache();
    const first = await chosenBy({ cache, disturbed: true });
    expect(first.timed.length).toBeGreaterThanOrEqual(2);
    const still = await chosenBy({ cache, disturbed: true });
    expect(still.timed).toEqual([]);
    expect(still.told).toBe(0);
    const calm = await chosenBy({ cache, time: oneWorkerWins });
    expect(calm.timed).toEqual(first.timed);
    expect(calm.reasons.join()).not.toMatch(/busy/);
    // What was taken in calm stays, whatever the machine does then.
    expect((await chosenBy({ cache, busy: true })).reasons).toEqual(calm.reasons);
  });
});

test('a measurement is announced once, before it begins, and what is known is not', async () => {
  const cache = newCache();
  expect((await chosenBy({ cache })).told).toBe(1);
  expect((await chosenBy({ cache })).told).toBe(0);
});

describe('hindsight', () => {
  const figures = { frames: 200, utilisation: 0.95, size: { width: 640, height: 360 } };
  /** Figures of a run whose test frame takes so long with all workers busy. */
  const ran = (testFrameMs: number, workers: number) => ({ ...figures, msPerFrame: testFrameMs * 4 * workers });

  test.each([
    ['faster than was measured', 6, {}, true],
    ['as measured, beside an encoder', 15, {}, false],
    ['far slower than was measured', 40, {}, true],
    ['faster, where workers waited for others', 6, { utilisation: 0.4 }, false],
    ['faster, on a few frames', 6, { frames: 20 }, false],
    ['faster, on tiny frames', 6, { size: { width: 64, height: 48 } }, false],
  ])('after a run that was %s, the choice is looked at again or not', async (_, testFrameMs, change, again) => {
    const cache = newCache();
    const execution = await chosenBy({ cache });
    expect(await lookBack(execution, { ...ran(testFrameMs, execution.workers), ...change }, cache)).toBe(again);
    expect((await chosenBy({ cache })).timed).toEqual(again ? execution.timed : []);
  });

  test('a choice that is contradicted each time is looked at again twice, and then stands', async () => {
    const cache = newCache();
    const answers: boolean[] = [];
    for (let run = 0; run < 4; run++) {
      const execution = await chosenBy({ cache });
      answers.push(await lookBack(execution, ran(40, execution.workers), cache));
    }
    expect(answers).toEqual([true, true, false, false]);
  });
});

test('a chain without networks leaves nothing to measure', async () => {
  const { timed, workers, reasons } = await chosenBy({ chain: { plugins: await loadChain(['bicubic']) } });
  expect([timed, workers, reasons]).toEqual([[], cores, []]);
});

test('the real thing is timed where nothing else is given', async () => {
  const options = parseSessionOptions({ input: 'in.mp4', output: 'out.mp4', workers: 1 });
  const { reasons } = await chooseExecution({ options, chain, library, cache: newCache(), machine: 'a machine', native: NO_NATIVE });
  expect(reasons).toEqual([
    expect.stringMatching(/^precision (int8|fp32): measured \d+\.\d ms a test frame in int8, \d+\.\d in fp32(; the machine was busy.*)?$/),
  ]);
});
