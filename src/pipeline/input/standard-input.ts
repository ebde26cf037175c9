import { Readable } from 'node:stream';

/** Enough bytes for ffprobe to recognise any streamable format. */
const HEAD_BYTES = 4 << 20;

/** A stream that can be read only once, and a copy of its first bytes for probing. */
export interface PeekedStream {
  readonly head: Buffer;
  /** The stream ended within its head. */
  readonly whole: boolean;
  /** The complete stream, head included. */
  readonly bytes: Readable;
  /** The error with which the stream broke off; undefined as long as it did not. ffmpeg sees an end in its place. */
  readonly failure: () => unknown;
}

/** Reads the beginning of a stream without losing it. */
export async function peekStream(stream: Readable): Promise<PeekedStream> {
  const chunks: Buffer[] = [];
  let held = 0;
  let whole = false;
  const iterator = stream.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  while (held < HEAD_BYTES) {
    const { value, done } = await iterator.next();
    if (done) {
      whole = true;
      break;
    }
    chunks.push(value);
    held += value.length;
  }
  let failure: unknown;
  async function* all() {
    yield* chunks;
    try {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return { head: Buffer.concat(chunks), whole, bytes: Readable.from(all(), { objectMode: false }), failure: () => failure };
}
