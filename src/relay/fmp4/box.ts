import { SrvidError } from '../../errors.js';

/** One box of ISO base media (ISO/IEC 14496-12 §4.2). */
export interface Box {
  /** Four characters, such as "moof". */
  readonly type: string;
  /** The bytes after the header. A view, not a copy. */
  readonly payload: Buffer;
}

/** The size and type of a box. */
export interface BoxHeader {
  readonly type: string;
  /** Bytes of the header itself: 8, or 16 if the size takes 64 bits. */
  readonly headerBytes: number;
  /** Bytes of the box, header included. */
  readonly bytes: number;
}

/**
 * Parses the box header at `offset`. `end` is the end of the valid bytes. Undefined if the header is not complete yet.
 * @throws SRVID_FRAGMENT_INVALID
 */
export function boxHeader(bytes: Buffer, offset: number, end: number): BoxHeader | undefined {
  if (end - offset < 8) return undefined;
  const type = bytes.toString('latin1', offset + 4, offset + 8);
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) throw damaged(`a box has the type 0x${bytes.toString('hex', offset + 4, offset + 8)}, which is no name`);
  const size = bytes.readUInt32BE(offset);
  if (size >= 8) return { type, headerBytes: 8, bytes: size };
  if (size !== 1) throw damaged(`the box ${type} says it is ${size} bytes long`);
  if (end - offset < 16) return undefined;
  const large = Number(bytes.readBigUInt64BE(offset + 8));
  if (large < 16) throw damaged(`the box ${type} says it is ${large} bytes long`);
  return { type, headerBytes: 16, bytes: large };
}

/** Yields the boxes in `bytes`, one at a time. @throws SRVID_FRAGMENT_INVALID if a box is longer than `bytes` */
export function* boxesIn(bytes: Buffer): Generator<Box> {
  for (let offset = 0; offset < bytes.length; ) {
    const header = boxHeader(bytes, offset, bytes.length);
    if (!header || header.bytes > bytes.length - offset) throw damaged('a box is longer than the one it lies in');
    yield { type: header.type, payload: bytes.subarray(offset + header.headerBytes, offset + header.bytes) };
    offset += header.bytes;
  }
}

/** Finds the first box with this path of types, such as 'trak', 'mdia'. Undefined if there is none. */
export function findBox(bytes: Buffer, ...path: readonly string[]): Buffer | undefined {
  const [type, ...rest] = path;
  if (type === undefined) return bytes;
  for (const box of boxesIn(bytes)) if (box.type === type) return findBox(box.payload, ...rest);
  return undefined;
}

/** Finds the first box with this path of types. @throws SRVID_FRAGMENT_INVALID if there is none */
export function requireBox(bytes: Buffer, ...path: readonly string[]): Buffer {
  const found = findBox(bytes, ...path);
  if (!found) throw damaged(`there is no box ${path.join('/')}`);
  return found;
}

/** Reads big-endian fields one after another. Reading past the end throws SRVID_FRAGMENT_INVALID, never a RangeError. */
export class Fields {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  /** Reads an unsigned integer of 1 to 8 bytes. Above 2^53 it is rounded to the nearest double. */
  unsigned(byteCount: 1 | 2 | 3 | 4 | 6 | 8): number {
    const start = this.#advance(byteCount);
    if (byteCount === 8) return Number(this.bytes.readBigUInt64BE(start));
    return this.bytes.readUIntBE(start, byteCount);
  }

  skip(byteCount: number): this {
    this.#advance(byteCount);
    return this;
  }

  /** The bytes that were not read yet. A view. */
  rest(): Buffer {
    return this.bytes.subarray(this.#at);
  }

  #advance(byteCount: number): number {
    const start = this.#at;
    if (byteCount > this.bytes.length - start) throw damaged(`a box of ${this.bytes.length} bytes ends before its fields do`);
    this.#at += byteCount;
    return start;
  }
}

/** Makes the error for damaged MP4. `found` completes the sentence "Tried to cut fragmented MP4 into its fragments, but ...". */
export function damaged(found: string): SrvidError {
  return new SrvidError(
    'SRVID_FRAGMENT_INVALID',
    `Tried to cut fragmented MP4 into its fragments, but ${found}. Write it with ffmpeg's -movflags frag_every_frame+empty_moov+default_base_moof.`,
  );
}
