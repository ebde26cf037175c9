import { SrvidError } from '../errors.js';
import type { PlainFormat } from '../pipeline/frames/frame.js';
import { Bench } from './bench.js';
import type { TestFrame } from './frames.js';
import { loadPlugin, type PluginPlace } from './load.js';

/**
 * Runs a plugin on frames, in a worker of srvid's as in a run, and gives its results.
 * @param frames at least one; all of one format and size
 * @throws the plugin's failure, and the errors of `checkPlugin`
 */
export async function runPlugin(plugin: string | URL, frames: readonly TestFrame[], place: PluginPlace = {}): Promise<TestFrame[]> {
  const [first] = frames;
  if (!first) throw new SrvidError('SRVID_OPTION_INVALID', 'runPlugin was given no frames. Give one or more, made by testFrame.');
  const format: PlainFormat = { kind: first.format, width: first.width, height: first.height };
  const bench = new Bench(await loadPlugin(plugin, place), { format, workers: 1, credits: 4, frameTimeoutMs: 30_000, complete: true });
  try {
    await bench.open();
    const results = await bench.run(frames, 0, place.signal ?? new AbortController().signal);
    const { width, height } = bench.output;
    return results.map(({ pts, bytes }) => ({ format: first.format, width, height, data: bytes, pts }));
  } finally {
    await bench.close();
  }
}
