/** Milliseconds since 1970 with fractions, never going back while the process runs: `at` in the protocol. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
