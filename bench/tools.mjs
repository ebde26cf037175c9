import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const run = promisify(execFile);
export const FFMPEG = process.env.FFMPEG_PATH || 'ffmpeg';

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export async function withTemporaryFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), 'srvid-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** User and system milliseconds that ffmpeg says it used, from its -benchmark line. */
export function benchmarkMs(stderr) {
  const match = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(stderr);
  if (!match) throw new Error(`ffmpeg printed no benchmark line: ${stderr.slice(-400)}`);
  return (Number(match[1]) + Number(match[2])) * 1000;
}
