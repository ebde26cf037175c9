import { open } from 'node:fs/promises';
import type { Spherical, ViewMarks } from './spherical.js';

/** An EBML element in memory (RFC 8794): its id with the marker bits, where it begins, where its content does, where it ends. */
interface Element {
  readonly id: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

const ID = {
  segment: 0x18538067,
  cluster: 0x1f43b675,
  tracks: 0x1654ae6b,
  entry: 0xae,
  name: 0x536e,
  video: 0xe0,
  projection: 0x7670,
  crc32: 0xbf,
  void: 0xec,
} as const;
/** The longest element header: an id of 4 bytes and a size of 8. */
const HEADER_BYTES = 12;
const MAX_TRACKS_BYTES = 1 << 26;
/** The headers of elements may grow by some bytes, and what is left over must be room for an element. */
const SLACK_BYTES = 16;

/** Bytes that these marks take, with slack. */
export function matroskaBytes({ spherical }: ViewMarks): number {
  return (spherical ? projection(spherical).length : 0) + SLACK_BYTES;
}

/**
 * Writes the Projection element of Matroska into the first track. The track's name, which ends in as many spaces, gives
 * up the room, so that nothing else moves in the file.
 */
export async function markMatroska(path: string, marks: ViewMarks): Promise<boolean> {
  if (!marks.spherical) return true;
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(HEADER_BYTES);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(head, 0, HEADER_BYTES, at);
      const { id, content, end } = elementAt(head.subarray(0, bytesRead), 0) ?? { id: ID.cluster, content: 0, end: 0 };
      if (id === ID.cluster) return false;
      if (id !== ID.tracks) {
        at += id === ID.segment ? content : end;
        continue;
      }
      const length = end - content;
      if (length > MAX_TRACKS_BYTES) return false;
      const tracks = Buffer.alloc(length);
      await file.read(tracks, 0, length, at + content);
      const marked = markedTracks(tracks, marks.spherical, matroskaBytes(marks));
      if (marked) await file.write(marked, 0, length, at + content);
      return marked !== undefined;
    }
    return false;
  } finally {
    await file.close();
  }
}

/** The content of Tracks with the marks, of the same length. */
function markedTracks(tracks: Buffer, spherical: Spherical, room: number): Buffer | undefined {
  const elements = elementsIn(tracks, 0, tracks.length);
  const entry = elements.find(({ id }) => id === ID.entry);
  const checksum = elements[0]?.id === ID.crc32 ? elements[0] : undefined;
  if (!entry) return undefined;
  const children = elementsIn(tracks, entry.content, entry.end);
  const name = children.find(({ id }) => id === ID.name);
  if (!name || !children.some(({ id }) => id === ID.video)) return undefined;
  const text = tracks.subarray(name.content, name.end);
  if (text.length < room || !text.subarray(text.length - room).every((byte) => byte === 0x20)) return undefined;
  const parts = children.flatMap(({ id, start, content, end }) => {
    if (id === ID.name) return text.length > room ? [element(ID.name, text.subarray(0, text.length - room))] : [];
    if (id !== ID.video || elementsIn(tracks, content, end).some((child) => child.id === ID.projection)) return [tracks.subarray(start, end)];
    return [element(ID.video, tracks.subarray(content, end), projection(spherical))];
  });
  const left = entry.end - entry.content - parts.reduce((sum, { length }) => sum + length, 0);
  if (left < 2) return undefined;
  const marked = Buffer.concat([tracks.subarray(0, entry.content), ...parts, filler(left), tracks.subarray(entry.end)]);
  if (checksum) marked.writeUInt32LE(crc32(marked.subarray(checksum.end)), checksum.content);
  return marked;
}

function projection({ kind, yaw, pitch, roll, bounds, padding }: Spherical): Buffer {
  const words = (...values: readonly number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at);
    return bytes;
  };
  const float = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return bytes;
  };
  const { top, bottom, left, right } = bounds ?? { top: 0, bottom: 0, left: 0, right: 0 };
  return element(
    ID.projection,
    element(0x7671, Buffer.from([kind === 'cubemap' ? 2 : 1])),
    element(0x7672, kind === 'cubemap' ? words(0, 0, padding) : words(0, top, bottom, left, right)),
    element(0x7673, float(yaw)),
    element(0x7674, float(pitch)),
    element(0x7675, float(roll)),
  );
}

function element(id: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const digits = id.toString(16);
  return Buffer.concat([Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex'), sizeOf(body.length), body]);
}

/** A size in as few bytes as hold it, none of whose values is the one for "unknown". */
function sizeOf(length: number): Buffer {
  let bytes = 1;
  while (length >= 2 ** (7 * bytes) - 1) bytes++;
  const coded = Buffer.alloc(8);
  coded.writeBigUInt64BE(BigInt(length) | (1n << BigInt(7 * bytes)));
  return coded.subarray(8 - bytes);
}

/** A Void element of `length` bytes, at least 2. */
function filler(length: number): Buffer {
  const bytes = length < 100 ? 1 : 4;
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes === 1 ? 0x80 | (length - 2) : 0x10000000 | (length - 5));
  return Buffer.concat([Buffer.from([ID.void]), size.subarray(4 - bytes), Buffer.alloc(length - 1 - bytes)]);
}

function elementsIn(bytes: Buffer, from: number, to: number): Element[] {
  const found: Element[] = [];
  for (let at = from; at < to; ) {
    const element = elementAt(bytes, at);
    if (!element || element.end > to) break;
    found.push(element);
    at = element.end;
  }
  return found;
}

function elementAt(bytes: Buffer, start: number): Element | undefined {
  const idBytes = Math.clz32(bytes[start] ?? 0) - 23;
  const sizeBytes = Math.clz32(bytes[start + idBytes] ?? 0) - 23;
  const content = start + idBytes + sizeBytes;
  if (idBytes > 4 || sizeBytes > 8 || content > bytes.length) return undefined;
  let size = (bytes[start + idBytes] as number) & (0xff >> sizeBytes);
  for (let at = start + idBytes + 1; at < content; at++) size = size * 256 + (bytes[at] as number);
  return { id: bytes.readUIntBE(start, idBytes), start, content, end: content + size };
}

/** The checksum of EBML's CRC-32 element: ISO 3309, as in PNG and zip. */
function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}
