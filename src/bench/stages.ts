// What each stage costs by itself, in milliseconds of one core a frame.
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelEntry, VerifiedModel } from '../plugins/model.js';
import { loadModel } from '../plugins/onnx.js';
import type { BenchClip } from './clip.js';
import { benchmarkMs, median, run, runSrvid } from './tools.js';

const RECORDER = fileURLToPath(new URL('./record-ffmpeg.js', import.meta.url));
const PEAK = fileURLToPath(new URL('../../bench/models/int8-peak.onnx', import.meta.url));
/** As `models/training/ship/peak.py` counts them. */
const PEAK_MACS_PER_PIXEL = 9 * (4 * 128 ** 2 + 2 * 128);
const PEAK_SIZE = { width: 160, height: 90 };

/** Milliseconds of one run of a network on one frame, median: bytes in, network, bytes out. */
export async function networkMs(model: VerifiedModel, { luma, size }: BenchClip, threads: number, times: number): Promise<number> {
  const taken = await timeModel(model, luma, size, threads, times);
  return median(taken);
}

/** GMAC/s of one core in large int8 convolutions: the best of some runs, since disturbances only add. */
export async function int8Peak(times: number): Promise<number> {
  const { width, height } = PEAK_SIZE;
  const entry = { id: 'int8-peak', scale: 1, planes: 'y', align: 1 } as ModelEntry;
  const taken = await timeModel({ entry, path: PEAK }, new Uint8Array(width * height).fill(100), PEAK_SIZE, 1, times);
  return (PEAK_MACS_PER_PIXEL * width * height) / Math.min(...taken) / 1e6;
}

async function timeModel(model: VerifiedModel, luma: Uint8Array, { width, height }: BenchClip['size'], threads: number, times: number): Promise<number[]> {
  const { scale } = model.entry;
  const loaded = await loadModel(model, { device: 'cpu', threads });
  const input = { data: luma, dims: [1, 1, height, width] };
  const output = { data: new Uint8Array(width * height * scale * scale), dims: [1, 1, height * scale, width * scale] };
  const taken: number[] = [];
  for (let index = -3; index < times; index++) {
    const since = performance.now();
    await loaded.run(input, output);
    if (index >= 0) taken.push(performance.now() - since);
  }
  await loaded.release();
  return taken;
}

export async function decodeMs(ffmpeg: string, { path, frames }: BenchClip): Promise<number> {
  const { stderr } = await run(ffmpeg, ['-nostdin', '-benchmark', '-i', path, '-map', '0:v:0', '-f', 'null', '-'], { maxBuffer: 1 << 26 });
  return benchmarkMs(stderr) / frames;
}

/** The very encoder command of a run, fed again with the frames it was fed, from a file. */
export async function encodeMs(ffmpeg: string, { path, frames }: BenchClip, args: readonly string[], folder: string): Promise<number> {
  const recording = join(folder, 'recording');
  const env = { FFMPEG_PATH: RECORDER, BENCH_RECORDING: recording, BENCH_FFMPEG: ffmpeg };
  await runSrvid([path, join(folder, 'recorded.mp4'), ...args], env);
  const command = JSON.parse(readFileSync(`${recording}.json`, 'utf8')) as string[];
  const child = spawn(ffmpeg, ['-benchmark', ...command, '-v', 'info'], { stdio: [openSync(`${recording}.nut`, 'r'), 'ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return benchmarkMs(said) / frames;
}
