import { SrvidError } from '../../errors.js';
import type { Rational } from '../frames/time.js';

/*
 * The NUT container (M. Niedermayer, "NUT Open Container Format", version 3), as far as frames between ffmpeg and this
 * program need it. NUT is the one streamable format in which ffmpeg gives and takes raw frames with their exact pts.
 */

/** One stream of a NUT container. */
export interface NutStream {
  readonly kind: 'video' | 'audio' | 'subtitle' | 'data';
  /** Codec tag from ffmpeg's tables, one character a byte: "I420", "Y800" ... */
  readonly fourcc: string;
  /** Seconds a tick of this stream's pts. */
  readonly timeBase: Rational;
  /** Set-up data that the codec needs before its first packet; empty for raw video. */
  readonly codecData?: Uint8Array;
  /** Number of frames by which decoding may run behind presentation. */
  readonly decodeDelay?: number;
  readonly video?: {
    readonly width: number;
    readonly height: number;
    readonly sampleAspect?: Rational | undefined;
    /**
     * Written only. ffmpeg takes the last frame's duration from it, and passes it to encoders and muxers. No pts
     * depends on it.
     */
    readonly frameRate?: Rational | undefined;
  };
  readonly audio?: { readonly sampleRate: Rational; readonly channels: number };
}

/** The kinds of streams, by their number in a stream header. */
export const STREAM_KINDS = ['video', 'audio', 'subtitle', 'data'] as const;

/** The first bytes of every NUT stream. */
export const FILE_ID = Buffer.from('nut/multimedia container\0', 'latin1');

/** First eight bytes of each kind of packet, as two 32-bit halves. */
export const START_CODES = {
  main: [0x4e4d7a56, 0x1f5f04ad],
  stream: [0x4e531140, 0x5bf2f9db],
  syncpoint: [0x4e4be4ad, 0xeeca4569],
  index: [0x4e58dd67, 0x2f23e64e],
  info: [0x4e49ab68, 0xb596ba78],
} as const;

/** The kinds of packets that begin with a start code. */
export type PacketKind = keyof typeof START_CODES;

/** The kind of packet that begins with these 64 bits, given as two 32-bit halves; undefined for other bits. */
export function packetKind(high: number, low: number): PacketKind | undefined {
  return (Object.keys(START_CODES) as PacketKind[]).find((kind) => START_CODES[kind][0] === high && START_CODES[kind][1] === low);
}

/** Bits of a frame code's flags. */
export const FLAG = {
  key: 1,
  codedPts: 8,
  streamId: 16,
  sizeMsb: 32,
  checksum: 64,
  reserved: 128,
  sideData: 256,
  headerIndex: 1024,
  matchTime: 2048,
  coded: 4096,
  invalid: 8192,
} as const;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let remainder = index << 24;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ (remainder & 0x80000000 ? 0x04c11db7 : 0);
  return remainder >>> 0;
});

/** CRC-32 with polynomial 04C11DB7, most significant bit first, start 0, no final inversion. */
export function crc32(bytes: Iterable<number>): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC_TABLE[((crc >>> 24) ^ byte) & 255] as number)) >>> 0;
  return crc;
}

/** A variable-length unsigned integer: seven bits a byte, most significant first, high bit set on all but the last. */
export function varint(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest % 128) | 128);
  return bytes;
}

/** A variable-length signed integer: 0, 1, -1, 2, -2 ... are written as 0, 1, 2, 3, 4. */
export function signedVarint(value: number): number[] {
  return varint(value > 0 ? 2 * value - 1 : -2 * value);
}

/** The four bytes of an unsigned integer, most significant first. */
export function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/**
 * Reads the body of a packet of known length. It throws at the end and never reads past it.
 * @throws SRVID_STREAM_CORRUPT
 */
export class PacketBody {
  #position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get remaining(): number {
    return this.bytes.length - this.#position;
  }

  varint(): number {
    let value = 0;
    for (;;) {
      if (this.remaining === 0) throw corrupt('a header ends in the middle of a number');
      const byte = this.bytes[this.#position++] as number;
      value = value * 128 + (byte & 127);
      if (value > Number.MAX_SAFE_INTEGER) throw corrupt('a header holds a number above 2^53');
      if (byte < 128) return value;
    }
  }

  /** Skips a number of any size. */
  skipVarint(): void {
    while (this.remaining > 0) if ((this.bytes[this.#position++] as number) < 128) return;
    throw corrupt('a header ends in the middle of a number');
  }

  signedVarint(): number {
    const value = this.varint() + 1;
    return value % 2 === 1 ? (1 - value) / 2 : value / 2;
  }

  data(): Uint8Array {
    const length = this.varint();
    if (length > this.remaining) throw corrupt(`a header announces ${length} bytes and has ${this.remaining}`);
    this.#position += length;
    return this.bytes.slice(this.#position - length, this.#position);
  }
}

/** The error for a NUT stream that cannot be read; `what` says what was found. */
export function corrupt(what: string): SrvidError {
  return new SrvidError(
    'SRVID_STREAM_CORRUPT',
    `The frames that ffmpeg sent cannot be read: ${what}. If it happens again, check the ffmpeg build with "srvid doctor".`,
    { what },
  );
}
