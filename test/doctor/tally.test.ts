import { expect, test } from 'vitest';
import { Tally } from '../../dist/doctor/tally.js';

const scale = { bytes: 'it', value: 'it', step: 0.5, signed: false };
const tensor = <T extends Uint8Array | Int8Array | Float32Array>(data: T) => ({ dims: [data.length], data });

test('range, use and saturation follow from the bytes; the lower end of a ReLU is no cut', () => {
  // 900 values in 0..99, 50 at 0, 50 at 255.
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => (index < 900 ? index % 100 : index < 950 ? 0 : 255));
  const relu = new Tally({ ...scale, zero: 0 });
  relu.add(tensor(bytes), undefined);
  expect(relu.report(false)).toEqual({ low: 0, high: 127.5, used: 1, saturated: 0.05 });
  const centred = new Tally({ ...scale, zero: 128 });
  centred.add(tensor(bytes), undefined);
  expect(centred.report(false)).toEqual({ low: -64, high: 63.5, used: 1, saturated: 0.109 });
  expect(centred.report(true).saturated).toBe(0);
});

test('the rarest thousandth counts as no use', () => {
  const tally = new Tally({ ...scale, zero: 0 });
  tally.add(tensor(Uint8Array.from({ length: 10_000 }, (_, index) => (index < 4 ? 255 : 10 + (index % 51)))), undefined);
  expect(tally.report(false).used).toBeCloseTo(50 / 255, 6);
});

test.each([false, true])('signal to noise is the variance of the exact values over the mean square of what 8 bits lost (int8: %s)', (signed) => {
  const bytes = signed ? Int8Array.of(-128, -128, 127, 127) : Uint8Array.of(0, 0, 255, 255);
  const tally = new Tally({ ...scale, zero: signed ? -128 : 0, signed });
  // The bytes stand for 0, 0, 127.5, 127.5; off by 0.25 each: variance 63.75², noise 0.25².
  tally.add(tensor(bytes), tensor(Float32Array.of(0.25, 0.25, 127.75, 127.75)));
  expect(tally.report(false).snr).toBeCloseTo(20 * Math.log10(63.75 / 0.25), 4);
});

test('values that 8 bits hold exactly have 100 dB, and a tensor that never changes has none unless it is exact', () => {
  const exact = new Tally({ ...scale, zero: 0 });
  exact.add(tensor(Uint8Array.of(0, 2)), tensor(Float32Array.of(0, 1)));
  expect(exact.report(false).snr).toBe(100);
  const flat = new Tally({ ...scale, zero: 0 });
  flat.add(tensor(Uint8Array.of(2, 2)), tensor(Float32Array.of(1.2, 1.2)));
  expect(flat.report(false).snr).toBe(0);
});

test('what is lost is the share of values other than 0 that are stored as 0', () => {
  const tally = new Tally({ ...scale, zero: 100 });
  tally.add(tensor(Uint8Array.of(100, 100, 100, 101, 90)), tensor(Float32Array.of(0, 0.1, -0.2, 0.5, -5)));
  expect(tally.report(false).lost).toBe(0.5);
});
