import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import type { WrittenPacket } from './nut.js';
import { FFMPEG } from './programs.js';

const run = promisify(execFile);

/** Packets of each stream as ffmpeg sees them: time base, pts and md5 of the bytes. */
export interface StreamSums {
  readonly timeBase: string;
  readonly packets: readonly { readonly pts: number; readonly size: number; readonly md5: string }[];
}

/** The output of ffmpeg's framemd5 for a NUT file, packets copied as they are. */
export async function framemd5(path: string): Promise<StreamSums[]> {
  const { stdout } = await run(FFMPEG, ['-nostdin', '-v', 'error', '-copyts', '-f', 'nut', '-i', path, '-map', '0', '-c', 'copy', '-f', 'framemd5', '-'], {
    maxBuffer: 1 << 26,
  });
  const timeBases = [...stdout.matchAll(/^#tb (\d+): (\S+)$/gm)].map((match) => match[2] as string);
  const rows = stdout
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(',').map((field) => field.trim()) as [string, string, string, string, string, string]);
  return timeBases.map((timeBase, index) => ({
    timeBase,
    packets: rows.filter(([stream]) => Number(stream) === index).map(([, , pts, , size, md5]) => ({ pts: Number(pts), size: Number(size), md5 })),
  }));
}

/** The same of packets in memory. */
export function sumsOf(packets: readonly WrittenPacket[], stream: number): StreamSums['packets'] {
  return packets
    .filter((packet) => packet.stream === stream)
    .map(({ pts, data }) => ({ pts, size: data.length, md5: createHash('md5').update(data).digest('hex') }));
}
