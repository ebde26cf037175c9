import type { Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { messageOf, SrvidError } from '../../errors.js';

/**
 * A program's stream that receives what an encoder writes, no faster than it takes it. It is ended after the last byte,
 * and only then: nobody shall take half a video for a whole one.
 */
export class StreamTarget {
  readonly #flowing: Promise<void>;

  /** @param onFailure called where the stream fails, or is closed by its owner */
  constructor(
    written: Readable,
    private readonly writable: Writable,
    onFailure: (error: SrvidError) => void,
  ) {
    this.#flowing = pipeline(written, writable, { end: false }).catch((error: unknown) => {
      const message = `Tried to write to the stream that was given as the output: ${messageOf(error)}.`;
      const failure = new SrvidError('SRVID_OUTPUT_UNWRITABLE', message, {}, error);
      onFailure(failure);
      throw failure;
    });
    this.#flowing.catch(() => {}); // `end` reports it.
  }

  /** Waits until all bytes are with the stream, and ends it. @throws SRVID_OUTPUT_UNWRITABLE */
  async end(): Promise<void> {
    await this.#flowing;
    // Standard output and standard error cannot be ended.
    if (this.writable === process.stdout || this.writable === process.stderr) return;
    this.writable.end();
    await finished(this.writable, { readable: false }).catch((error: unknown) => {
      throw new SrvidError('SRVID_OUTPUT_UNWRITABLE', `The stream that was given as the output failed at its end: ${messageOf(error)}.`, {}, error);
    });
  }
}
