/** Time as a session sees it, in milliseconds from anywhere. Tests put a clock of their own in its place. */
export interface Clock {
  now(): number;
  /** Calls back at `time`, or soon where that has passed. The result calls it off. */
  at(time: number, call: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  at(time, call) {
    const timer = setTimeout(call, Math.max(0, time - performance.now()));
    return () => clearTimeout(timer);
  },
};

/** Waits until `time`; less where `signal` is aborted. */
export async function waitUntil(clock: Clock, time: number, signal: AbortSignal): Promise<void> {
  // A timer may fire a little early.
  while (clock.now() < time && !signal.aborted) {
    await new Promise<void>((resolve) => {
      const cancel = clock.at(time, done);
      signal.addEventListener('abort', done, { once: true });
      function done(): void {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      }
    });
  }
}
