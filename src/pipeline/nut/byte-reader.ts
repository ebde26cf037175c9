import type { Readable } from 'node:stream';

/** Bytes that are held before the stream is paused. A paused stream fills the pipe and so stops its writer. */
const HIGH_WATER_BYTES = 256 * 1024;

/** Pulls bytes from a pipe, copying each chunk once, straight to where it is wanted. */
export class ByteReader {
  #chunks: Buffer[] = [];
  #offset = 0;
  #held = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  #waitedMs = 0;

  constructor(private readonly stream: Readable) {
    stream.on('data', (chunk: Buffer) => {
      if (chunk.length === 0) return;
      this.#chunks.push(chunk);
      this.#held += chunk.length;
      if (this.#held >= HIGH_WATER_BYTES) stream.pause();
      this.#wake?.();
    });
    stream.on('error', (error) => {
      this.#failure = error;
      this.#wake?.();
    });
    stream.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
    stream.on('end', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  /** Milliseconds spent waiting for bytes to arrive. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** The next byte, or undefined where the stream ended. */
  async byte(): Promise<number | undefined> {
    if (this.#held === 0 && !(await this.#pull())) return undefined;
    const head = this.#chunks[0] as Buffer;
    const value = head[this.#offset] as number;
    this.#advance(1);
    return value;
  }

  /** Fills `target` completely; false where the stream ended first. */
  async into(target: Uint8Array): Promise<boolean> {
    let filled = 0;
    while (filled < target.length) {
      if (this.#held === 0 && !(await this.#pull())) return false;
      const head = this.#chunks[0] as Buffer;
      const count = Math.min(target.length - filled, head.length - this.#offset);
      target.set(head.subarray(this.#offset, this.#offset + count), filled);
      filled += count;
      this.#advance(count);
    }
    return true;
  }

  #advance(count: number): void {
    this.#offset += count;
    this.#held -= count;
    if (this.#offset === (this.#chunks[0] as Buffer).length) {
      this.#chunks.shift();
      this.#offset = 0;
    }
  }

  async #pull(): Promise<boolean> {
    const since = performance.now();
    while (this.#held === 0) {
      if (this.#failure) throw this.#failure;
      if (this.#ended) return false;
      this.stream.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    this.#waitedMs += performance.now() - since;
    return true;
  }
}
