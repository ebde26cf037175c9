/** The session's time in milliseconds; its zero is arbitrary. Tests put a clock of their own in its place. */
export interface Clock {
  now(): number;
  /** Calls `call` at `time`, or soon where that has passed. The returned function cancels it. */
  at(time: number, call: () => void): () => void;
}

/** The monotonic clock of the process (`performance.now()`) with Node's timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  at(time, call) {
    const timer = setTimeout(call, Math.max(0, time - performance.now()));
    return () => clearTimeout(timer);
  },
};

/** Waits until `time`, in the clock's milliseconds; ends early where `signal` is aborted. */
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
