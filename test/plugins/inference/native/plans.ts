import fc from 'fast-check';
import type { NativeConv, NativePlan, NativePlanes } from '../../../../dist/plugins/inference/native/plan.js';

/** A plan, its pictures and the number of threads that run it. */
export interface Case {
  readonly plan: NativePlan;
  readonly inputs: readonly Uint8Array[];
  readonly rows: number;
  readonly columns: number;
  readonly threads: number;
}

/** A number from 0 up to, not with, 1, the next of a sequence that its seed determines (mulberry32). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pictures = (blocks: readonly number[]) =>
  fc.array(fc.record({ planes: fc.constantFrom(1, 1, 3), block: fc.constantFrom(...blocks) }), { minLength: 1, maxLength: 3, size: '-1' });

const SHAPE = fc.record({
  seed: fc.integer(),
  read: pictures([1, 1, 2]),
  given: pictures([1, 2, 3, 4]),
  anchor: fc.boolean(),
  /** Convolutions at the end that give results of pixels; 0 for a picture. */
  results: fc.constantFrom(0, 0, 0, 1, 2),
  weights: fc.constantFrom('small', 'any', 'extreme'),
  convs: fc.array(
    fc.record({
      kernel: fc.constantFrom<1 | 3 | 5>(1, 3, 3, 3, 5),
      channels: fc.integer({ min: 1, max: 70 }),
      also: fc.option(fc.nat(), { freq: 3, nil: undefined }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  rows: fc.integer({ min: 1, max: 12 }),
  columns: fc.integer({ min: 1, max: 70 }),
  picture: fc.constantFrom('any', 'any', 'white', 'extremes'),
  threads: fc.constantFrom(1, 2, 4),
});

/** Plans of every kind that the engine takes, with pictures: weights and bytes follow a seed, so that a failing case prints small. */
export const cases: fc.Arbitrary<Case> = SHAPE.map((shape) => {
  const next = sequence(shape.seed);
  const within = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  const weight = { small: () => within(-20, 20), any: () => within(-128, 127), extreme: () => (next() < 0.5 ? 127 : -128) }[shape.weights];
  const channelsOf = (parts: readonly NativePlanes[]) => parts.reduce((sum, { planes, block }) => sum + planes * block ** 2, 0);
  const folded = channelsOf(shape.read);
  const widths = [folded];
  const results = Math.min(shape.results, shape.convs.length);
  const inner = shape.convs.length - Math.max(results, 1);
  const convs = shape.convs.map(({ kernel, channels, also }, index): NativeConv => {
    const isResult = index >= inner;
    const newest = Math.min(index, inner);
    const inputs = also === undefined ? [newest] : [newest, also % (newest + 1)];
    const terms = inputs.reduce((sum, input) => sum + (widths[input] as number), 0) * kernel ** 2;
    const outputs = isResult && results === 0 ? channelsOf(shape.given) : channels;
    widths.push(outputs);
    const typical = 128 * Math.sqrt(terms) * (shape.weights === 'small' ? 12 : 74);
    return {
      inputs,
      kernel,
      channels: outputs,
      weights: Int8Array.from({ length: outputs * terms }, weight),
      bias: Int32Array.from({ length: outputs }, () => within(-typical, typical)),
      multiplier: Float32Array.from({ length: outputs }, () => within(20, 400) / typical),
      zeroPoint: isResult ? within(0, 255) : 0,
    };
  });
  const channels = widths[widths.length - 1] as number;
  const { rows, columns, read, given, threads, picture } = shape;
  return {
    plan: {
      inputs: read,
      convs,
      anchor: shape.anchor && results === 0 ? Int32Array.from({ length: channels }, () => within(0, folded - 1)) : undefined,
      outputs: results === 0 ? given : [],
      pixelResults: results,
    },
    inputs: read.map((part) =>
      Uint8Array.from({ length: channelsOf([part]) * rows * columns }, () =>
        picture === 'white' ? 255 : picture === 'any' ? within(0, 255) : 255 * within(0, 1),
      ),
    ),
    rows,
    columns,
    threads,
  };
});
