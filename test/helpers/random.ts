/** How many cases the fuzz tests try: SRVID_FUZZ_CASES, else `usual`. Of cases that each take long, a `share` of the former. */
export function fuzzCases(usual: number, share = 1): number {
  const asked = process.env['SRVID_FUZZ_CASES'];
  return asked === undefined ? usual : Math.ceil(Number(asked) * share);
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bytes that follow from a seed. */
export function randomBytes(seed: number, length: number): Uint8Array {
  const random = randomFrom(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}
