import { type FileHandle, open } from 'node:fs/promises';

/** Ticks of an MPEG system clock's base a second (ISO/IEC 13818-1 §2.4.2.1). */
const TICKS = 90_000;
/** Places of a file that are looked at. */
const PLACES = 128;
/** Bytes that are read at a place; most streams tell their clock ten times a second. */
const CHUNK = 1 << 17;
/** The same jumps that ffmpeg closes, see joined-clock.ts; those ahead also where a stream goes this many times slower than on average. */
const BACK_SECONDS = 0.1;
const AHEAD_SECONDS = 10;
const AHEAD_TIMES = 8;
const SYNC = 0x47;

/** A program clock at a place of the file. */
interface ClockPoint {
  readonly byte: number;
  readonly seconds: number;
}

/**
 * True where the system clock of an MPEG transport or program stream jumps between some of its places: files were joined, a recorder started
 * anew, or 33 bits ran over. ffmpeg seeks in such a file by the clock, and lands anywhere.
 */
export async function clockJumps(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const points: ClockPoint[] = [];
    let pid: number | undefined;
    for (let place = 0; place < PLACES; place++) {
      const byte = Math.floor((size * place) / PLACES);
      const clocks = await clocksAt(file, byte);
      pid ??= clocks.keys().next().value;
      const ticks = pid === undefined ? undefined : clocks.get(pid);
      if (ticks !== undefined && byte !== points.at(-1)?.byte) points.push({ byte, seconds: ticks / TICKS });
    }
    return hasJump(points);
  } finally {
    await file.close();
  }
}

function hasJump(points: readonly ClockPoint[]): boolean {
  const steps = points.slice(1).map((point, index) => {
    const before = points[index] as ClockPoint;
    return { seconds: point.seconds - before.seconds, bytes: point.byte - before.byte };
  });
  const rates = steps.map(({ seconds, bytes }) => seconds / bytes).sort((a, b) => a - b);
  const usual = rates[Math.floor(rates.length / 2)] ?? 0;
  return steps.some(({ seconds, bytes }) => seconds < -BACK_SECONDS || seconds > Math.max(AHEAD_SECONDS, AHEAD_TIMES * usual * bytes));
}

/** The first clock of each program in the bytes from here on, in ticks, by its packets' identifier; 0 stands for a program stream's. */
async function clocksAt(file: FileHandle, byte: number): Promise<Map<number, number>> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, byte);
  const bytes = buffer.subarray(0, bytesRead);
  const packets = transportPackets(bytes);
  if (packets) return transportClocks(bytes, packets);
  const scr = packClock(bytes);
  return new Map(scr === undefined ? [] : [[0, scr]]);
}

/** The offset of the first packet and the distance between packets: 188 bytes, 192 with a time stamp in front (M2TS), 204 with error correction. */
function transportPackets(bytes: Buffer): { readonly first: number; readonly size: number } | undefined {
  for (const size of [188, 192, 204]) {
    for (let first = 0; first < size; first++) {
      const synced = [0, 1, 2, 3, 4].every((packet) => bytes[first + packet * size] === SYNC);
      if (synced) return { first, size };
    }
  }
  return undefined;
}

/** Program clock references (ISO/IEC 13818-1 §2.4.3.5). */
function transportClocks(bytes: Buffer, { first, size }: { readonly first: number; readonly size: number }): Map<number, number> {
  const clocks = new Map<number, number>();
  for (let at = first; at + 12 <= bytes.length; at += size) {
    const hasAdaptation = bytes[at] === SYNC && ((bytes[at + 3] as number) & 0x20) !== 0;
    if (!hasAdaptation || (bytes[at + 4] as number) < 7 || ((bytes[at + 5] as number) & 0x10) === 0) continue;
    const pid = bytes.readUInt16BE(at + 1) & 0x1fff;
    if (!clocks.has(pid)) clocks.set(pid, bytes.readUInt32BE(at + 6) * 2 + ((bytes[at + 10] as number) >> 7));
  }
  return clocks;
}

/** The system clock reference of the first pack, of MPEG-2 (ISO/IEC 13818-1 §2.5.3.3) or MPEG-1. */
function packClock(bytes: Buffer): number | undefined {
  const at = bytes.indexOf(Buffer.from([0, 0, 1, 0xba]));
  if (at < 0 || at + 9 > bytes.length) return undefined;
  const [a, b, c, d, e] = bytes.subarray(at + 4, at + 9) as unknown as [number, number, number, number, number];
  const isSecond = (a & 0xc0) === 0x40;
  const high = isSecond ? ((a & 0x38) >> 1) | (a & 3) : (a & 0x0e) << 1;
  if (isSecond) return high * 2 ** 28 + b * 2 ** 20 + ((c & 0xf8) << 12) + ((c & 3) << 13) + (d << 5) + (e >> 3);
  return high * 2 ** 28 + b * 2 ** 22 + ((c & 0xfe) << 14) + (d << 7) + (e >> 1);
}
