import type { Fragment } from './segments.js';

/**
 * The fragments that wait for a `for await`. A WebSocket has no back-pressure, so the queue is bounded. Over the bound,
 * fragments are skipped up to the next keyframe, which carries a `gap` with the reason `consumer`.
 */
export class FragmentQueue implements AsyncIterableIterator<Fragment> {
  readonly #waiting: Fragment[] = [];
  #bytes = 0;
  #ended = false;
  #error: Error | undefined;
  #take: { readonly resolve: (result: IteratorResult<Fragment>) => void; readonly reject: (error: Error) => void } | undefined;
  #skipped: { readonly from: number; count: number } | undefined;

  constructor(
    private readonly maxBytes: number,
    private readonly onReturn: () => void,
  ) {}

  /** Adds a fragment, or skips it if the queue is full. */
  push(fragment: Fragment): void {
    if (this.#ended) return;
    const full = this.#bytes + fragment.data.byteLength > this.maxBytes;
    if (full || (this.#skipped && !fragment.keyframe)) {
      this.#skipped ??= { from: fragment.time, count: 0 };
      this.#skipped.count += 1;
      return;
    }
    const next = this.#skipped ? withGap(fragment, this.#skipped) : fragment;
    this.#skipped = undefined;
    if (this.#take) {
      this.#answer({ done: false, value: next });
      return;
    }
    this.#waiting.push(next);
    this.#bytes += next.data.byteLength;
  }

  /** Adds no more. The fragments that wait are still yielded, then `error` is thrown, if there is one. */
  end(error?: Error): void {
    this.#ended = true;
    if (error && this.#take) this.#take.reject(error);
    else this.#error = error;
    this.#answer({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<Fragment>> {
    const value = this.#waiting.shift();
    if (value) {
      this.#bytes -= value.data.byteLength;
      return Promise.resolve({ done: false, value });
    }
    const error = this.#error;
    this.#error = undefined;
    if (error) return Promise.reject(error);
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#take = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Fragment>> {
    this.#waiting.length = 0;
    this.end();
    this.onReturn();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #answer(result: IteratorResult<Fragment>): void {
    const take = this.#take;
    this.#take = undefined;
    take?.resolve(result);
  }
}

function withGap(fragment: Fragment, { from, count }: { readonly from: number; readonly count: number }): Fragment {
  return { ...fragment, gap: { type: 'gap', from, to: fragment.time, fragments: count, reason: 'consumer' } };
}
