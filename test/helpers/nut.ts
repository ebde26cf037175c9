import { Readable, Writable } from 'node:stream';
import { NutReader } from '../../dist/pipeline/nut/reader.js';
import { crc32, FILE_ID, type NutStream, type PacketKind, START_CODES, uint32, varint } from '../../dist/pipeline/nut/syntax.js';
import { NutWriter } from '../../dist/pipeline/nut/writer.js';

export interface WrittenPacket {
  readonly stream: number;
  readonly pts: number;
  readonly data: Uint8Array;
}

/** Everything that was written to it, as one buffer. */
export class ByteSink extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** A byte stream that hands out `bytes` in pieces of these sizes, over and over. */
export function inPieces(bytes: Uint8Array, sizes: readonly number[] = [65536]): Readable {
  function* pieces() {
    for (let at = 0, index = 0; at < bytes.length; index++) {
      const size = Math.max(1, sizes[index % sizes.length] as number);
      yield Buffer.from(bytes.subarray(at, at + size));
      at += size;
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** Packets as srvid writes them. */
export async function writeNut(streams: readonly NutStream[], packets: readonly WrittenPacket[]): Promise<Buffer> {
  const sink = new ByteSink();
  const writer = new NutWriter(sink, streams);
  await writer.writeHeaders();
  for (const { stream, pts, data } of packets) await writer.write(pts, [{ stream, data }]);
  writer.end();
  return sink.bytes;
}

/** Reads to the end. */
export async function readNut(source: Readable, maxPacketBytes = 1 << 24): Promise<{ streams: readonly NutStream[]; packets: WrittenPacket[] }> {
  const reader = new NutReader(source, maxPacketBytes);
  const packets: WrittenPacket[] = [];
  if (!(await reader.open())) return { streams: [], packets };
  for (let packet = await reader.next(); packet; packet = await reader.next()) {
    if (packet.size > maxPacketBytes) throw new Error(`a packet of ${packet.size} bytes was let through`);
    const data = new Uint8Array(packet.size);
    await reader.readPayload(data);
    packets.push({ stream: packet.stream, pts: packet.pts, data });
  }
  return { streams: reader.streams, packets };
}

/** A header packet with valid checksums around any body. */
export function headerPacket(kind: PacketKind, body: readonly number[]): number[] {
  const head = [...START_CODES[kind].flatMap(uint32), ...varint(body.length + 4)];
  return [...head, ...(body.length + 4 > 4096 ? uint32(crc32(head)) : []), ...body, ...uint32(crc32(body))];
}

export const FILE_START: readonly number[] = [...FILE_ID];
