import { open } from 'node:fs/promises';
import type { Spherical, ViewMarks } from './spherical.js';

/** A box in memory: where it begins, where its content does, where it ends. */
interface Box {
  readonly type: string;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

const MAX_INDEX_BYTES = 1 << 29;
/** Bytes of a visual sample entry before its boxes (ISO/IEC 14496-12, VisualSampleEntry). */
const ENTRY_BYTES = 86;
/** The least box, by which room that is not needed is filled. */
const HEADER_BYTES = 8;

/** Bytes that these marks take. */
export function mp4Bytes(marks: ViewMarks): number {
  return marksOf(marks).reduce((sum, { length }) => sum + length, 0);
}

/**
 * Writes `st3d` and `sv3d` (Google's Spherical Video V2) into the first track's sample entry. The track's name, which
 * ends in as many spaces, gives up the room, so that no sample moves and the index stays true.
 */
export async function markMp4(path: string, marks: ViewMarks): Promise<boolean> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    for (let at = 0; at + HEADER_BYTES <= size; ) {
      const head = Buffer.alloc(16);
      await file.read(head, 0, 16, at);
      const short = head.readUInt32BE(0);
      const length = short === 1 ? Number(head.readBigUInt64BE(8)) : short === 0 ? size - at : short;
      if (length < HEADER_BYTES) return false;
      if (head.toString('latin1', 4, 8) === 'moov') {
        if (length > MAX_INDEX_BYTES || short < HEADER_BYTES) return false;
        const index = Buffer.alloc(length);
        await file.read(index, 0, length, at);
        const marked = markedIndex(index, marks);
        if (marked) await file.write(marked, 0, length, at);
        return marked !== undefined;
      }
      at += length;
    }
    return false;
  } finally {
    await file.close();
  }
}

/** The index with the marks, of the same length. */
function markedIndex(index: Buffer, marks: ViewMarks): Buffer | undefined {
  const track = boxesIn(index, HEADER_BYTES, index.length).find(({ type }) => type === 'trak');
  const media = track && inside(index, track, 'mdia');
  const handler = media && inside(index, media, 'hdlr');
  const grown = media ? path(index, media, ['minf', 'stbl', 'stsd']) : [];
  const table = grown[2];
  if (!handler || !table || index.toString('latin1', handler.content + 8, handler.content + 12) !== 'vide' || handler.end > table.start) return undefined;
  const entry = boxesIn(index, table.content + 8, table.end)[0];
  if (!entry) return undefined;
  const children = boxesIn(index, entry.start + ENTRY_BYTES, entry.end);
  const boxes = marksOf(marks);
  const room = mp4Bytes(marks);
  const missing = boxes.filter((box) => !children.some(({ type }) => type === box.toString('latin1', 4, 8)));
  const unused = room - missing.reduce((sum, { length }) => sum + length, 0);
  const shorter = shorterHandler(index.subarray(handler.start, handler.end), room);
  if (!shorter) return undefined;
  // QuickTime's entries may end in four zeros, which are no box.
  const place = children.at(-1)?.end ?? entry.start + ENTRY_BYTES;
  const filled = unused > 0 ? [...missing, box('free', Buffer.alloc(unused - HEADER_BYTES))] : missing;
  const marked = Buffer.concat([index.subarray(0, handler.start), shorter, index.subarray(handler.end, place), ...filled, index.subarray(place)]);
  for (const { start } of [...grown, entry]) marked.writeUInt32BE(index.readUInt32BE(start) + room, start - room);
  return marked;
}

/** The handler box with a name that is shorter by `room` spaces, in MP4's form or in QuickTime's, which counts it in a byte. */
function shorterHandler(handler: Buffer, room: number): Buffer | undefined {
  const name = 32;
  const isCounted = handler[name] === handler.length - name - 1;
  const end = isCounted ? handler.length : handler.length - 1;
  const spaces = handler.subarray(end - room, end);
  if (end - room < name || !spaces.every((byte) => byte === 0x20)) return undefined;
  const shorter = Buffer.concat([handler.subarray(0, end - room), handler.subarray(end)]);
  shorter.writeUInt32BE(shorter.length, 0);
  if (isCounted) shorter[name] = shorter.length - name - 1;
  return shorter;
}

function marksOf({ stereo, spherical }: ViewMarks): Buffer[] {
  return [
    ...(stereo === undefined ? [] : [box('st3d', Buffer.from([0, 0, 0, 0, stereo]))]),
    ...(spherical ? [box('sv3d', box('svhd', Buffer.from('\0\0\0\0srvid\0')), box('proj', pose(spherical), projection(spherical)))] : []),
  ];
}

function pose({ yaw, pitch, roll }: Spherical): Buffer {
  return box('prhd', words(0), ...[yaw, pitch, roll].map((degrees) => words(Math.round(degrees * 65536))));
}

function projection({ kind, bounds, padding }: Spherical): Buffer {
  if (kind === 'cubemap') return box('cbmp', words(0, 0, padding));
  return box('equi', words(0, bounds?.top ?? 0, bounds?.bottom ?? 0, bounds?.left ?? 0, bounds?.right ?? 0));
}

/** 32-bit words, negative ones as two's complement. */
function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * at);
  return bytes;
}

function box(type: string, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt32BE(HEADER_BYTES + body.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

function boxesIn(bytes: Buffer, from: number, to: number): Box[] {
  const boxes: Box[] = [];
  for (let start = from; start + HEADER_BYTES <= to; ) {
    const length = bytes.readUInt32BE(start);
    if (length < HEADER_BYTES || start + length > to) break;
    boxes.push({ type: bytes.toString('latin1', start + 4, start + 8), start, content: start + HEADER_BYTES, end: start + length });
    start += length;
  }
  return boxes;
}

function inside(bytes: Buffer, { content, end }: Box, type: string): Box | undefined {
  return boxesIn(bytes, content, end).find((box) => box.type === type);
}

/** The boxes along a path of types, outermost first. */
function path(bytes: Buffer, from: Box, types: readonly string[]): Box[] {
  const found: Box[] = [];
  let parent: Box | undefined = from;
  for (const type of types) {
    parent = parent && inside(bytes, parent, type);
    if (parent) found.push(parent);
  }
  return found;
}
