// What each stage costs by itself, in milliseconds of one core a frame.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, runTool, tied } from '../pipeline/ffmpeg/tied-process.js';
import { type ModelEntry, modelAt, type VerifiedModel } from '../plugins/inference/library.js';
import { timeModelRuns } from '../plugins/inference/network-thread.js';
import type { BenchClip } from './clip.js';
import { benchmarkMs, median, runSrvid } from './tools.js';

const RECORDER = fileURLToPath(new URL('./record-ffmpeg.js', import.meta.url));
const PEAK = fileURLToPath(new URL('../../bench/models/int8-peak.onnx', import.meta.url));
/** As `models/training/ship/peak.py` counts them. */
const PEAK_MACS_PER_PIXEL = 9 * (4 * 128 ** 2 + 2 * 128);
const PEAK_SIZE = { width: 160, height: 90 };

/** Milliseconds of one run of a network on one frame, median: bytes in, network, bytes out. */
export async function networkMs(model: VerifiedModel, { luma, size }: BenchClip, threads: number, times: number, signal?: AbortSignal): Promise<number> {
  return median(await timeModelRuns({ model, luma, size, threads, times }, signal));
}

/** GMAC/s of one core in large int8 convolutions: the best of some runs, since disturbances only add. */
export async function int8Peak(times: number, signal?: AbortSignal): Promise<number> {
  const { width, height } = PEAK_SIZE;
  const entry = { id: 'int8-peak', scale: 1, planes: 'y', align: 1 } as ModelEntry;
  const luma = new Uint8Array(width * height).fill(100);
  const taken = await timeModelRuns({ model: await modelAt(entry, PEAK), luma, size: PEAK_SIZE, threads: 1, times }, signal);
  return (PEAK_MACS_PER_PIXEL * width * height) / Math.min(...taken) / 1e6;
}

export async function decodeMs(ffmpeg: string, { path, frames }: BenchClip, signal?: AbortSignal): Promise<number> {
  const { stderr } = await runTool(ffmpeg, ['-nostdin', '-benchmark', '-i', path, '-map', '0:v:0', '-f', 'null', '-'], { maxBuffer: 1 << 26, signal });
  return benchmarkMs(stderr) / frames;
}

/** The very encoder command of a run, fed again with the frames it was fed, from a file. */
export async function encodeMs(ffmpeg: string, { path, frames }: BenchClip, args: readonly string[], folder: string, signal?: AbortSignal): Promise<number> {
  const recording = join(folder, 'recording');
  const env = { FFMPEG_PATH: RECORDER, BENCH_RECORDING: recording, BENCH_FFMPEG: ffmpeg };
  await runSrvid([path, join(folder, 'recorded.mp4'), ...args], { env, signal });
  const command = JSON.parse(readFileSync(`${recording}.json`, 'utf8')) as string[];
  const input = openSync(`${recording}.nut`, 'r');
  try {
    return benchmarkMs(await said(tied(ffmpeg, ['-benchmark', ...command, '-v', 'info']), input, signal)) / frames;
  } finally {
    closeSync(input);
  }
}

/** What a command says on standard error until it ends. */
async function said({ file, args }: Command, input: number, signal: AbortSignal | undefined): Promise<string> {
  const child = spawn(file, args, { stdio: [input, 'ignore', 'pipe', 'ignore'] });
  const stop = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await new Promise((resolve) => child.once('close', resolve));
  signal?.removeEventListener('abort', stop);
  signal?.throwIfAborted();
  return text;
}
