/** The encoder's pace, as the dispatcher sees it: finished frames that wait for it, and the time that it takes for one. */
export class EncoderPace {
  #waiting = 0;
  /** Without stalls, which must not make every later frame look late before it has begun. */
  #handoverMs = 1;
  #frameMs = 1;

  constructor(private readonly budgetMs: number) {}

  /** Milliseconds that the encoder takes for a frame. */
  get frameMs(): number {
    return this.#frameMs;
  }

  /** True where finished frames wait while the encoder takes another. */
  get lags(): boolean {
    return this.#waiting > 1;
  }

  /** Notes a finished frame, which the encoder is to take. */
  finished(): void {
    this.#waiting++;
  }

  /** Notes that the encoder took so long for a frame. */
  took(milliseconds: number): void {
    this.#waiting--;
    this.#handoverMs += (Math.min(milliseconds, this.budgetMs / 4) - this.#handoverMs) / 8;
    this.#frameMs += (Math.min(milliseconds, 2 * this.budgetMs) - this.#frameMs) / 8;
  }

  /** Time by which a result must be ready for the encoder to have it by `deadline`: now at the latest, where the encoder has too much before it. */
  due(deadline: number, now: number): number {
    const due = deadline - this.#handoverMs;
    return this.lags && now + (this.#waiting + 1) * this.#frameMs > deadline ? Math.min(due, now) : due;
  }
}
