/**
 * Credits bound the frames in flight. A frame enters the graph against a credit, which comes back when the frame is
 * done, written or not. Without a credit the reader stops, the pipe fills and ffmpeg waits. This is the only bound
 * between decode and encode, and it is enough: every ring has a slot for each credit.
 */
export class Credits {
  #available: number;
  #waiting: ((granted: boolean) => void) | undefined;
  #waitedMs = 0;
  #closed = false;

  constructor(readonly total: number) {
    this.#available = total;
  }

  get inFlight(): number {
    return this.total - this.#available;
  }

  /** Milliseconds that the source has waited for credits. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** Waits for a credit; false once credits are closed. Only one caller may wait at a time. */
  async take(): Promise<boolean> {
    if (this.#closed) return false;
    if (this.#available > 0) {
      this.#available--;
      return true;
    }
    const since = performance.now();
    const granted = await new Promise<boolean>((resolve) => {
      this.#waiting = resolve;
    });
    this.#waitedMs += performance.now() - since;
    return granted;
  }

  give(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(true);
    else if (++this.#available > this.total) throw new Error('Credits: a credit was given back twice');
  }

  /** Ends all waiting. No more frames may enter. */
  close(): void {
    this.#closed = true;
    this.#waiting?.(false);
    this.#waiting = undefined;
  }
}
