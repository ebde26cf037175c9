import { createReadStream, type ReadStream } from 'node:fs';
import { rescale } from '../pipeline/frames/time.js';
import { NutReader } from '../pipeline/nut/reader.js';
import type { NutStream } from '../pipeline/nut/syntax.js';
import { type Container, NOTHING_CARRIED } from '../pipeline/output/container.js';
import type { EncodePlan } from '../pipeline/output/encode-plan.js';
import { codedTimeBase } from '../pipeline/output/mux-options.js';

/**
 * Seconds added to all times in a piece. An encoder that reorders frames begins to decode before the first one is shown, and NUT
 * cannot say a time before 0.
 */
const LATER_SECONDS = 3600;
const MICROSECOND = { num: 1, den: 1_000_000 };
/** A coded frame is no larger than this. */
const MAX_PACKET_BYTES = 1 << 28;

/** Pieces are NUT, whose times are exact in any time base. */
const PIECE: Container = {
  ...NOTHING_CARRIED,
  muxer: 'nut',
  options: () => ['-write_index', '0', '-avoid_negative_ts', 'disabled', '-output_ts_offset', String(LATER_SECONDS)],
};

/** The plan of a piece: the same frames and the same encoder, counted as the whole will count, and nothing beside the pictures. */
export function piecePlan(whole: EncodePlan, output: string): EncodePlan {
  return {
    ...whole,
    ...{ container: PIECE, output, codedTimeBase: codedTimeBase(whole), endSeconds: undefined, shiftSeconds: 0 },
    ...{ tags: [], carry: { from: 'nothing' }, sideData: undefined },
  };
}

/** One coded frame of a piece. */
export interface CodedPacket {
  /** In ticks of the whole's `codedTimeBase`, on the whole's clock. */
  readonly pts: number;
  readonly key: boolean;
  readonly data: Uint8Array;
}

/** A piece, opened for its packets in the order of decoding. */
export class PieceFile {
  readonly #bytes: ReadStream;
  readonly #reader: NutReader;

  private constructor(
    path: string,
    private readonly whole: EncodePlan,
  ) {
    this.#bytes = createReadStream(path, { highWaterMark: 1 << 18 });
    this.#reader = new NutReader(this.#bytes, MAX_PACKET_BYTES);
  }

  /** @throws SRVID_STREAM_CORRUPT, or the system's error */
  static async open(path: string, whole: EncodePlan): Promise<PieceFile> {
    const piece = new PieceFile(path, whole);
    await piece.#reader.open();
    return piece;
  }

  /** The pictures' stream, with the time base of the whole. */
  get stream(): NutStream {
    const { sampleAspect } = this.whole;
    const [stream] = this.#reader.streams as [NutStream];
    const { width, height } = stream.video as NonNullable<NutStream['video']>;
    return {
      ...stream,
      timeBase: codedTimeBase(this.whole),
      video: { width, height, sampleAspect: stream.video?.sampleAspect ?? sampleAspect, frameRate: this.whole.frameRate },
    };
  }

  /** Lets go of the file, where it is not read to its end. */
  close(): void {
    this.#bytes.destroy();
  }

  /** The next packet, or undefined at the end. */
  async next(): Promise<CodedPacket | undefined> {
    const packet = await this.#reader.next();
    if (!packet) return undefined;
    const data = new Uint8Array(packet.size);
    await this.#reader.readPayload(data);
    const { timeBase } = this.#reader.streams[0] as NutStream;
    const since = packet.pts - rescale(LATER_SECONDS * 1_000_000, MICROSECOND, timeBase);
    return { pts: rescale(since, timeBase, codedTimeBase(this.whole)), key: packet.key, data };
  }
}
