/** Wall-clock time in milliseconds since 1970, with a fraction. Never goes back while the process runs. It is `at` in the protocol. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
