import type { Bench } from './bench.js';
import type { TestFrame } from './frames.js';
import type { Fault } from './report.js';

/** Measurements of memory in a run; the first is left out, since code is still being compiled and caches fill. */
const MEASUREMENTS = 6;
const WARMING = 1;
/** Measurements that are made however long they take. */
const LEAST = 4;
/** Bytes a frame that are no leak: the collector's own unrest. */
const UNREST = 512;

/** Frames between two measurements: enough for objects of some hundred bytes each to be told from unrest. */
export const MEASURE_EVERY = 60;

/** Runs some hundred frames and watches the memory of the plugin's thread. Stops early where frames take long. */
export async function faultOfMemory(bench: Bench, frames: readonly TestFrame[], signal: AbortSignal, limitMs: number): Promise<Fault | undefined> {
  const { tally } = bench;
  const before = tally.samples.length;
  const until = performance.now() + limitMs;
  const made = () => tally.samples.length - before;
  while (made() < LEAST || (made() < MEASUREMENTS && performance.now() < until)) await bench.stream(frames, 0, signal, () => {});
  const samples = tally.samples.slice(before + WARMING);
  const growths = samples.slice(1).map((bytes, index) => (bytes - (samples[index] as number)) / MEASURE_EVERY);
  // A cache grows until it is full, a leak most of the time: only code that is thrown away hides it now and then.
  if ((growths.toSorted((a, b) => a - b)[Math.floor((growths.length - 1) / 2)] as number) <= UNREST) return undefined;
  const mean = growths.reduce((sum, bytes) => sum + bytes, 0) / growths.length;
  const frameSize = (frames[0] as TestFrame).data.length;
  const about = mean > frameSize / 2 ? `, and a frame here has ${frameSize}` : '';
  return {
    cause: `its memory grew by ${Math.round(mean)} bytes a frame over ${growths.length * MEASURE_EVERY} frames, after everything unused had been collected${about}`,
    remedy: 'Something is kept for every frame: an array that only grows, a map without an end, copies of frames. Keep a fixed number of them, made in init.',
  };
}
