import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SrvidError } from '../../../dist/errors.js';
import { formatRational, inverse, parseRational, parseTime, type Rational, rational, rescale } from '../../../dist/pipeline/frames/time.js';

const positive = fc.record({ num: fc.integer({ min: 1, max: 1e6 }), den: fc.integer({ min: 1, max: 1e6 }) });

test('rescale gives the nearest tick, and halves go away from zero', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), positive, positive, (pts, from, to) => {
      const ticks = rescale(pts, from, to);
      fc.pre(Number.isSafeInteger(ticks));
      const found = BigInt(ticks);
      // Exact time is pts × from; a tick of `to` is `to`. Both sides over the common denominator.
      const exact = BigInt(pts) * BigInt(from.num) * BigInt(to.den);
      const tick = BigInt(from.den) * BigInt(to.num);
      const off = exact - found * tick;
      const twice = off < 0n ? -2n * off : 2n * off;
      expect(twice <= tick).toBe(true);
      if (twice === tick) expect(off < 0n).toBe(exact > 0n);
    }),
  );
});

test('rescale to a finer time base and back is the identity', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), positive, fc.integer({ min: 1, max: 1000 }), (pts, base, factor) => {
      const finer = { num: base.num, den: base.den * factor };
      expect(rescale(rescale(pts, base, finer), finer, base)).toBe(pts);
    }),
  );
});

test.each([
  [1, { num: 1, den: 2 }, { num: 1, den: 1 }, 1],
  [-1, { num: 1, den: 2 }, { num: 1, den: 1 }, -1],
  [3003, { num: 1, den: 90_000 }, { num: 1, den: 1000 }, 33],
  [2 ** 52, { num: 1, den: 90_000 }, { num: 1, den: 90_000 }, 2 ** 52],
  [0, { num: 1001, den: 30_000 }, { num: 1, den: 7 }, 0],
])('rescale of %d from %o to %o is %d', (pts, from: Rational, to: Rational, expected) => {
  expect(rescale(pts, from, to)).toBe(expected);
});

test('a rational is in lowest terms, with its sign above the line', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), fc.boolean(), (num, den, negative) => {
      const value = rational(num, negative ? -den : den);
      expect(value.den).toBeGreaterThan(0);
      expect(value.num * den).toBe((negative ? -num : num) * value.den);
      for (const divisor of [2, 3, 5, 7]) expect(value.num % divisor === 0 && value.den % divisor === 0).toBe(false);
    }),
  );
});

test('a rational times its inverse is one', () => {
  fc.assert(
    fc.property(positive, (value) => {
      const { num, den } = inverse(value);
      expect(value.num * num).toBe(value.den * den);
    }),
  );
});

test.each([
  ['30000/1001', { num: 30_000, den: 1001 }],
  ['16:9', { num: 16, den: 9 }],
  ['50/2', { num: 25, den: 1 }],
  ['0/0', undefined],
  ['0:1', undefined],
  ['25/0', undefined],
  ['N/A', undefined],
  ['25', undefined],
  ['1/2/3', undefined],
  ['99999999999999999999/3', undefined],
  ['-1/5', undefined],
  [undefined, undefined],
])('parseRational reads %o as %o', (text, expected) => {
  expect(parseRational(text)).toEqual(expected);
});

test('what formatRational writes, parseRational reads', () => {
  fc.assert(
    fc.property(positive, ({ num, den }) => {
      expect(parseRational(formatRational(rational(num, den)))).toEqual(rational(num, den));
    }),
  );
});

test.each([
  ['90', 90],
  ['0', 0],
  ['1.5', 1.5],
  ['90s', 90],
  ['1:30', 90],
  ['100:30', 6030],
  ['00:01:30.5', 90.5],
  ['2:00:00', 7200],
  ['1500ms', 1.5],
  ['0.5ms', 0.0005],
])('parseTime reads %s as %d seconds', (text, seconds) => {
  expect(parseTime(text, '--start')).toBeCloseTo(seconds, 9);
});

test.each(['', ' ', '-5', '+5', '1e3', 'abc', '1:', ':30', '1:2:3:4', '1:234:5', '5m', '1,5', '0x10', 'NaN', 'Infinity', '1 30', '1:30ms', '5\n'])(
  'parseTime refuses %j and names the option',
  (text) => {
    let thrown: unknown;
    try {
      parseTime(text, '--start');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SrvidError);
    expect((thrown as SrvidError).code).toBe('SRVID_OPTION_INVALID');
    expect((thrown as SrvidError).message).toContain('--start');
  },
);
