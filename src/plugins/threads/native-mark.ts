/** Bit that the main thread sets to ask the worker to end; the bits below count calls. */
const ENDING = 1 << 30;

/**
 * Tells both sides whether a worker is inside native code. A thread that is ended there ends the process, since the
 * addon cannot throw into a thread that no longer runs JavaScript. So a worker inside is asked to end itself when it
 * comes out, and a worker outside that is to be ended does not go in.
 */
export class NativeMark {
  readonly #state: Int32Array<SharedArrayBuffer>;

  constructor(readonly memory = new SharedArrayBuffer(4)) {
    this.#state = new Int32Array(memory);
  }

  /**
   * Makes a call into native code, on the worker's side. `end` ends the thread; it is called where the main thread has
   * asked for that.
   */
  async around<T>(call: () => Promise<T>, end: () => void): Promise<T> {
    if (Atomics.add(this.#state, 0, 1) & ENDING) this.#leave(end);
    try {
      return await call();
    } finally {
      this.#leave(end);
    }
  }

  #leave(end: () => void): void {
    const ending = (Atomics.sub(this.#state, 0, 1) & ENDING) !== 0;
    Atomics.notify(this.#state, 0);
    if (ending) end();
  }

  /** Asks the worker to end, on the main thread's side. True where it is outside and may be ended at once. */
  askToEnd(): boolean {
    return (Atomics.or(this.#state, 0, ENDING) & ~ENDING) === 0;
  }

  /** Blocks until the worker is outside, for at most this long; false where it is still inside. */
  waitOutside(milliseconds: number): boolean {
    const until = performance.now() + milliseconds;
    for (;;) {
      const state = Atomics.load(this.#state, 0);
      if ((state & ~ENDING) === 0) return true;
      const left = until - performance.now();
      if (left <= 0) return false;
      Atomics.wait(this.#state, 0, state, left);
    }
  }
}
