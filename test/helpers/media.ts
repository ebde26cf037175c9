import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { FFMPEG, FFPROBE } from './programs.js';

const run = promisify(execFile);

/** A folder for one test file's videos, removed afterwards. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'srvid-test-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Arguments by which ffmpeg reads a made-up source, such as "testsrc=s=96x64:r=25:d=0.4". */
export function lavfi(source: string): string[] {
  return ['-f', 'lavfi', '-i', source];
}

/** A folder for one test file's videos, and in it a clip of that name from a made-up source. */
export async function folderWithClip(name: string, source: string, ...options: string[]): Promise<{ folder: string; clip: string }> {
  const folder = await temporaryFolder();
  const clip = join(folder, name);
  await ffmpeg(...lavfi(source), ...options, '-pix_fmt', 'yuv420p', clip);
  return { folder, clip };
}

/** Runs ffmpeg with these arguments; fails the test with what it said. */
export async function ffmpeg(...args: string[]): Promise<void> {
  await run(FFMPEG, ['-nostdin', '-v', 'error', '-y', ...args]);
}

/** Runs ffprobe and gives its JSON. */
export async function ffprobe<T>(path: string, ...args: string[]): Promise<T> {
  const { stdout } = await run(FFPROBE, ['-v', 'error', '-of', 'json', ...args, path], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as T;
}

/** Presentation times of a video stream in seconds, ascending, as ffprobe sees the packets. */
export async function videoTimes(path: string): Promise<number[]> {
  const { packets } = await ffprobe<{ packets: { pts_time?: string }[] }>(path, '-select_streams', 'v:0', '-show_entries', 'packet=pts_time');
  return packets.map((packet) => Number(packet.pts_time)).sort((a, b) => a - b);
}

/** Seconds a tick of the video stream's time base. */
export async function videoTick(path: string): Promise<number> {
  const { streams } = await ffprobe<{ streams: { time_base: string }[] }>(path, '-select_streams', 'v:0', '-show_entries', 'stream=time_base');
  const [num, den] = (streams[0]?.time_base ?? '1/1').split('/').map(Number) as [number, number];
  return num / den;
}

/** md5 of each packet of a stream's data, as it is stored: equal for streams that were copied. */
export async function packetHashes(path: string, stream: string): Promise<string[]> {
  const { stdout } = await run(FFMPEG, ['-nostdin', '-v', 'error', '-i', path, '-map', `0:${stream}`, '-c', 'copy', '-f', 'framemd5', '-'], {
    maxBuffer: 1 << 26,
  });
  return hashes(stdout);
}

/** md5 of each decoded frame. */
export async function frameHashes(path: string, pixelFormat = 'yuv420p'): Promise<string[]> {
  const { stdout } = await run(
    FFMPEG,
    ['-nostdin', '-v', 'error', '-i', path, '-map', '0:v:0', '-fps_mode', 'passthrough', '-pix_fmt', pixelFormat, '-f', 'framemd5', '-'],
    { maxBuffer: 1 << 26 },
  );
  return hashes(stdout);
}

/** All decoded frames of a video, one after the other. */
export async function rawFrames(path: string, pixelFormat: string, ...filters: string[]): Promise<Buffer> {
  const filter = filters.length > 0 ? ['-vf', filters.join(',')] : [];
  const { stdout } = await run(
    FFMPEG,
    ['-nostdin', '-v', 'error', '-i', path, '-map', '0:v:0', ...filter, '-fps_mode', 'passthrough', '-pix_fmt', pixelFormat, '-f', 'rawvideo', '-'],
    {
      maxBuffer: 1 << 28,
      encoding: 'buffer',
    },
  );
  return stdout;
}

function hashes(framemd5: string): string[] {
  return framemd5
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',')[5]?.trim() as string);
}
