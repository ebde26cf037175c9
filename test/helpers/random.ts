import { randomFrom } from '../../dist/eval/random.js';

/** Number of cases that the fuzz tests try: SRVID_FUZZ_CASES, else `usual`. Of cases that each take long, a `share` of the former. */
export function fuzzCases(usual: number, share = 1): number {
  const asked = process.env['SRVID_FUZZ_CASES'];
  return asked === undefined ? usual : Math.ceil(Number(asked) * share);
}

/** Bytes that follow from a seed. */
export function randomBytes(seed: number, length: number): Uint8Array {
  const random = randomFrom(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}
