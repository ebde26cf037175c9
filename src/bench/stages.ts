// The cost of each stage by itself, in CPU milliseconds a frame.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, runTool, tied } from '../pipeline/ffmpeg/tied-process.js';
import { ONNX_RUNTIME } from '../plugins/inference/backend.js';
import { type ModelEntry, modelAt, type VerifiedModel } from '../plugins/inference/library.js';
import { nativePeak } from '../plugins/inference/native-engine.js';
import type { ModelTiming } from '../plugins/inference/network-protocol.js';
import { timeModelRuns } from '../plugins/inference/network-thread.js';
import type { BenchClip } from './clip.js';
import { benchmarkMs, median, runSrvid } from './tools.js';

const RECORDER = fileURLToPath(new URL('./record-ffmpeg.js', import.meta.url));
const PEAK = fileURLToPath(new URL('../../bench/models/int8-peak.onnx', import.meta.url));
/** MACs a pixel of int8-peak.onnx, counted like `models/training/ship/peak.py` does. */
const PEAK_MACS_PER_PIXEL = 9 * (4 * 128 ** 2 + 2 * 128);
const PEAK_SIZE = { width: 160, height: 90 };

/** The engine and the threads of a network, and the number of timed runs. */
export type NetworkRun = Pick<ModelTiming, 'engine' | 'threads' | 'times'>;

/** Median milliseconds of one network on one frame, including copying the frame in and the result out. */
export async function networkMs(model: VerifiedModel, { luma, size }: BenchClip, run: NetworkRun, signal?: AbortSignal): Promise<number> {
  return median(await timeModelRuns({ model, luma, size, ...run }, signal));
}

/**
 * GMAC/s of one core in int8 at most: a bare loop of the native engine's fastest instructions, or where it is not there, large convolutions by ONNX
 * Runtime. The best of several runs, since other load only makes runs slower.
 */
export async function int8Peak(times: number, signal?: AbortSignal): Promise<number> {
  return nativePeak() ?? convolutionPeak(times, signal);
}

async function convolutionPeak(times: number, signal?: AbortSignal): Promise<number> {
  const { width, height } = PEAK_SIZE;
  const entry = { id: 'int8-peak', scale: 1, planes: 'y', align: 1 } as ModelEntry;
  const luma = new Uint8Array(width * height).fill(100);
  const model = await modelAt(entry, PEAK);
  const taken = await timeModelRuns({ model, luma, size: PEAK_SIZE, engine: ONNX_RUNTIME, threads: 1, times }, signal);
  return (PEAK_MACS_PER_PIXEL * width * height) / Math.min(...taken) / 1e6;
}

/** CPU milliseconds a frame of decoding the clip with ffmpeg. */
export async function decodeMs(ffmpeg: string, { path, frames }: BenchClip, signal?: AbortSignal): Promise<number> {
  const { stderr } = await runTool(ffmpeg, ['-nostdin', '-benchmark', '-i', path, '-map', '0:v:0', '-f', 'null', '-'], { maxBuffer: 1 << 26, signal });
  return benchmarkMs(stderr) / frames;
}

/**
 * CPU milliseconds a frame of encoding. It records the encoder's command and input during a run, and repeats the command
 * with that input from a file.
 */
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

/** Runs a command with the file descriptor `input` as stdin. Resolves with its stderr. */
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
