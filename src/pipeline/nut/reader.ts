import type { Readable } from 'node:stream';
import { type Rational, rational } from '../frames/time.js';
import { ByteReader } from './byte-reader.js';
import { type FrameCode, frameCodeTable } from './frame-codes.js';
import { corrupt, crc32, FILE_ID, FLAG, type NutStream, PacketBody, type PacketKind, packetKind, STREAM_KINDS } from './syntax.js';

/** The head of a packet; its payload must be taken by `readPayload` before the next one is asked for. */
export interface NutPacket {
  /** Index into `NutReader.streams`. */
  readonly stream: number;
  /** Presentation time, in ticks of that stream's time base. */
  readonly pts: number;
  readonly key: boolean;
  /** Bytes of payload. */
  readonly size: number;
}

const MAX_HEADER_BYTES = 1 << 20;
const MAX_STREAMS = 256;
/** A frame's head has a dozen numbers. Without a bound, a number without end would fill the memory. */
const MAX_FRAME_HEAD_BYTES = 4096;

/**
 * Reads NUT from a pipe, packet by packet, for any number of streams. Sizes and counts are bounded, so that no input
 * can fill the memory.
 */
export class NutReader {
  readonly #bytes: ByteReader;
  #codes: FrameCode[] = [];
  #timeBases: Rational[] = [];
  #elision: Uint8Array[] = [new Uint8Array(0)];
  #streams: (NutStream & { readonly ptsShift: number })[] = [];
  #lastPts: number[] = [];
  #expectedStreams = 0;
  #head: number[] = [];
  #prefix: Uint8Array = new Uint8Array(0);
  #pending: { code: number } | undefined;
  #payload = 0;

  /** `maxPacketBytes`: a packet that announces more is refused before anything is allocated for it. */
  constructor(
    stream: Readable,
    private readonly maxPacketBytes: number,
  ) {
    this.#bytes = new ByteReader(stream);
  }

  get streams(): readonly NutStream[] {
    return this.#streams;
  }

  /** Milliseconds spent waiting for the writer of the pipe. */
  get waitedMs(): number {
    return this.#bytes.waitedMs;
  }

  /** Reads up to the first packet. False where the stream is empty. @throws SRVID_STREAM_CORRUPT */
  async open(): Promise<boolean> {
    const first = await this.#bytes.byte();
    if (first === undefined) return false;
    for (let index = 0, byte: number | undefined = first; index < FILE_ID.length; index++) {
      if (byte !== FILE_ID[index]) throw corrupt('it does not begin as NUT does');
      if (index + 1 < FILE_ID.length) byte = await this.#bytes.byte();
    }
    this.#pending = await this.#skipToFrame();
    if (this.#streams.length === 0) throw corrupt('it has no stream header');
    return true;
  }

  /** The next packet's head, or undefined at the end. @throws SRVID_STREAM_CORRUPT */
  async next(): Promise<NutPacket | undefined> {
    if (this.#payload > 0) throw new Error('NutReader.next: the payload of the packet before has not been taken');
    const frame = this.#pending ?? (await this.#skipToFrame());
    this.#pending = undefined;
    return frame && this.#frame(frame.code);
  }

  /** Reads the payload into `target`, whose length must be the packet's size. @throws SRVID_STREAM_CORRUPT */
  async readPayload(target: Uint8Array): Promise<void> {
    target.set(this.#prefix);
    this.#payload = 0;
    if (!(await this.#bytes.into(target.subarray(this.#prefix.length)))) throw corrupt('it ends in the middle of a frame');
  }

  async #skipToFrame(): Promise<{ code: number } | undefined> {
    for (;;) {
      const code = await this.#bytes.byte();
      if (code === undefined) return undefined;
      if (code !== 0x4e) return { code };
      await this.#headerPacket();
    }
  }

  async #headerPacket(): Promise<void> {
    const rest = await this.#exactly(7);
    const view = Buffer.from([0x4e, ...rest]);
    const kind = packetKind(view.readUInt32BE(0), view.readUInt32BE(4));
    if (!kind) throw corrupt(`a packet begins with ${view.toString('hex')}`);
    this.#head = [];
    const length = await this.#varint();
    if (length > MAX_HEADER_BYTES || length < 4) throw corrupt(`a ${kind} packet announces ${length} bytes`);
    if (length > 4096) await this.#exactly(4);
    const packet = await this.#exactly(length);
    const body = packet.subarray(0, length - 4);
    if (crc32(body) !== Buffer.from(packet.buffer, packet.byteOffset).readUInt32BE(length - 4)) throw corrupt(`a ${kind} packet fails its checksum`);
    this.#takeHeader(kind, new PacketBody(body));
  }

  #takeHeader(kind: PacketKind, body: PacketBody): void {
    if (kind === 'main') this.#mainHeader(body);
    else if (kind === 'stream') this.#streamHeader(body);
    else if (kind === 'syncpoint') this.#syncpoint(body);
  }

  #mainHeader(body: PacketBody): void {
    const version = body.varint();
    if (version < 2 || version > 4) throw corrupt(`it is NUT version ${version}`);
    if (version > 3) body.varint();
    this.#expectedStreams = body.varint();
    if (this.#expectedStreams < 1 || this.#expectedStreams > MAX_STREAMS) throw corrupt(`it announces ${this.#expectedStreams} streams`);
    body.varint();
    const bases = body.varint();
    if (bases < 1 || bases > MAX_STREAMS) throw corrupt(`it announces ${bases} time bases`);
    this.#timeBases = Array.from({ length: bases }, () => {
      const [num, den] = [body.varint(), body.varint()];
      if (num === 0 || den === 0) throw corrupt('a time base is zero');
      return rational(num, den);
    });
    this.#codes = frameCodeTable(body);
    if (body.remaining > 0) {
      const count = body.varint();
      if (count > 127) throw corrupt(`it announces ${count} elision headers`);
      this.#elision = [new Uint8Array(0), ...Array.from({ length: count }, () => body.data())];
    }
    this.#streams = [];
  }

  #streamHeader(body: PacketBody): void {
    const id = body.varint();
    if (id !== this.#streams.length) {
      if (id < this.#streams.length) return; // Headers may be repeated.
      throw corrupt(`stream ${id} is announced after ${this.#streams.length} streams`);
    }
    const kind = STREAM_KINDS[body.varint()];
    if (!kind || id >= this.#expectedStreams) throw corrupt(`stream ${id} is of no known kind`);
    const fourcc = Buffer.from(body.data()).toString('latin1');
    const timeBase = this.#timeBases[body.varint()];
    if (!timeBase) throw corrupt(`stream ${id} has no time base`);
    const ptsShift = body.varint();
    if (ptsShift > 16) throw corrupt(`stream ${id} has a pts shift of ${ptsShift}`);
    body.varint(); // max_pts_distance
    const decodeDelay = body.varint();
    body.varint(); // stream flags
    const common = { kind, fourcc, timeBase, ptsShift, decodeDelay, codecData: body.data() };
    this.#streams.push(kind === 'video' ? { ...common, video: videoFields(body) } : kind === 'audio' ? { ...common, audio: audioFields(body) } : common);
    this.#lastPts.push(0);
  }

  #syncpoint(body: PacketBody): void {
    const coded = body.varint();
    const base = this.#timeBases[coded % this.#timeBases.length];
    if (!base) throw corrupt('a syncpoint comes before the main header');
    const pts = Math.floor(coded / this.#timeBases.length);
    this.#lastPts = this.#streams.map(({ timeBase }) => {
      const ticks = (BigInt(pts) * BigInt(base.num) * BigInt(timeBase.den)) / (BigInt(base.den) * BigInt(timeBase.num));
      return Number(ticks);
    });
  }

  async #frame(codeByte: number): Promise<NutPacket> {
    this.#head = [codeByte];
    const code = this.#codes[codeByte];
    if (!code) throw corrupt('a frame comes before the main header');
    let flags = code.flags;
    if (flags & FLAG.coded) flags ^= await this.#varint();
    if (flags & FLAG.invalid) throw corrupt(`a frame begins with the invalid code ${codeByte}`);
    const stream = flags & FLAG.streamId ? await this.#varint() : code.stream;
    const info = this.#streams[stream];
    if (!info) throw corrupt(`a frame belongs to stream ${stream}, of ${this.#streams.length}`);
    const last = this.#lastPts[stream] as number;
    const pts = flags & FLAG.codedPts ? decodePts(await this.#varint(), last, info.ptsShift) : last + code.ptsDelta;
    if (!Number.isSafeInteger(pts)) throw corrupt(`a frame has the pts ${pts}`);
    const size = code.sizeLsb + (flags & FLAG.sizeMsb ? code.multiplier * (await this.#varint()) : 0);
    if (flags & FLAG.matchTime) await this.#varint();
    const headerIndex = flags & FLAG.headerIndex ? await this.#varint() : code.headerIndex;
    const reserved = flags & FLAG.reserved ? await this.#varint() : code.reserved;
    if (reserved > 64) throw corrupt(`a frame has ${reserved} reserved fields`);
    for (let index = 0; index < reserved; index++) await this.#varint();
    if (flags & FLAG.checksum) await this.#checkHead();
    if (flags & FLAG.sideData) throw corrupt('a frame carries side data, which raw frames have none of');
    if (size > this.maxPacketBytes) throw corrupt(`a frame announces ${size} bytes, more than the ${this.maxPacketBytes} a frame can have`);
    this.#prefix = (size > 4096 ? undefined : this.#elision[headerIndex]) ?? new Uint8Array(0);
    if (this.#prefix.length > size) throw corrupt('a frame is shorter than its elided header');
    this.#lastPts[stream] = pts;
    this.#payload = size;
    return { stream, pts, key: (flags & FLAG.key) !== 0, size };
  }

  async #checkHead(): Promise<void> {
    const expected = crc32(this.#head);
    const found = Buffer.from(await this.#exactly(4)).readUInt32BE(0);
    if (expected !== found) throw corrupt('a frame header fails its checksum');
  }

  async #varint(): Promise<number> {
    let value = 0;
    for (;;) {
      const byte = await this.#bytes.byte();
      if (byte === undefined) throw corrupt('it ends in the middle of a header');
      this.#head.push(byte);
      value = value * 128 + (byte & 127);
      if (value > Number.MAX_SAFE_INTEGER) throw corrupt('a header holds a number above 2^53');
      if (this.#head.length > MAX_FRAME_HEAD_BYTES) throw corrupt(`a header goes on for more than ${MAX_FRAME_HEAD_BYTES} bytes`);
      if (byte < 128) return value;
    }
  }

  async #exactly(count: number): Promise<Uint8Array> {
    const target = new Uint8Array(count);
    if (!(await this.#bytes.into(target))) throw corrupt('it ends in the middle of a header');
    return target;
  }
}

function decodePts(coded: number, last: number, shift: number): number {
  const period = 2 ** shift;
  if (coded >= period) return coded - period;
  const lowest = last - (period / 2 - 1);
  return lowest + ((((coded - lowest) % period) + period) % period);
}

function videoFields(body: PacketBody): NonNullable<NutStream['video']> {
  const [width, height, aspectWidth, aspectHeight] = [body.varint(), body.varint(), body.varint(), body.varint()];
  const sampleAspect = aspectWidth > 0 && aspectHeight > 0 ? rational(aspectWidth, aspectHeight) : undefined;
  return { width, height, sampleAspect };
}

function audioFields(body: PacketBody): NonNullable<NutStream['audio']> {
  const [num, den, channels] = [body.varint(), body.varint(), body.varint()];
  if (num === 0 || den === 0) throw corrupt('an audio stream has a sample rate of zero');
  return { sampleRate: rational(num, den), channels };
}
