/** Set once the main thread wants the worker to end; the bits below count calls. */
const ENDING = 1 << 30;

/**
 * Says whether a worker is inside native code, to both sides. A thread that is ended there ends the whole process, since
 * the addon cannot throw into a thread that runs no JavaScript any more. So a worker that is inside is not ended but told
 * to end itself when it comes out, and one that is outside and to be ended does not go in.
 */
export class NativeMark {
  readonly #state: Int32Array<SharedArrayBuffer>;

  constructor(readonly memory = new SharedArrayBuffer(4)) {
    this.#state = new Int32Array(memory);
  }

  /** The worker's side: calls into native code. `end` ends the thread; called where the main thread wants that. */
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

  /** The main thread's side: wants the worker to end. True where it is outside, and may be ended at once. */
  askToEnd(): boolean {
    return (Atomics.or(this.#state, 0, ENDING) & ~ENDING) === 0;
  }

  /** Blocks until the worker is outside, for so long at most; false where it is still inside. */
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

/** The first message to a worker, which has no reply: the memory of its `NativeMark`. */
export interface MarkMessage {
  readonly mark: SharedArrayBuffer;
}
