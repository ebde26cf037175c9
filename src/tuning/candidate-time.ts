import { type SessionOptions, taskTimeoutMs } from '../options/options.js';
import { type ModelLibrary, resolveModel, verifyModel } from '../plugins/inference/library.js';
import type { Chain } from '../plugins/plan/chain.js';
import { planChain } from '../plugins/plan/groups.js';
import { LevelHost } from '../plugins/workers/level-host.js';
import { onceMore } from '../plugins/workers/pool.js';
import type { Candidate } from './execution.js';

/** Large enough that what surrounds a run of a network does not count, small enough not to be waited for. */
const TEST_FRAME = { kind: 'gray', width: 320, height: 180 } as const;
const WINDOWS = 3;
const WINDOW_MS = 80;

export interface TimingRequest {
  readonly candidate: Candidate;
  readonly options: SessionOptions;
  readonly chain: Chain;
  readonly library: ModelLibrary;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Milliseconds for a test frame of 320x180 through a chain's networks, all workers at it: the best of three short
 * windows, because everything that disturbs only adds.
 */
export async function timeCandidate({ candidate, options, chain, library, signal }: TimingRequest): Promise<number> {
  const { precision, workers, threads } = candidate;
  const networks = chain.plugins.filter(({ plugin, options: given }) => (plugin.models?.(given).length ?? 0) > 0);
  const entries = new Set(
    networks.flatMap(({ plugin, options: given }) => (plugin.models?.(given) ?? []).map((spec) => resolveModel(library, spec, precision))),
  );
  const host = new LevelHost({
    segments: planChain(TEST_FRAME, networks).slice(0, 1),
    models: await Promise.all([...entries].map((entry) => verifyModel(library, entry))),
    origin: { color: {}, timeBase: { num: 1, den: 25 } },
    precision,
    inference: { device: options.device, threads },
    workers,
    slots: { input: workers, output: workers },
    taskTimeoutMs: taskTimeoutMs(options),
  });
  // Closing fails what runs and what is asked for later.
  const stop = () => host.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    signal?.throwIfAborted();
    await host.open();
    let best = Number.POSITIVE_INFINITY;
    for (let window = 0; window < WINDOWS; window++) best = Math.min(best, await timeWindow(host));
    return best;
  } finally {
    signal?.removeEventListener('abort', stop);
    await host.close();
  }
}

async function timeWindow(host: LevelHost): Promise<number> {
  const since = performance.now();
  let frames = 0;
  const work = async () => {
    const task = { input: host.input.take(), output: host.output.take(), pts: 0 };
    do {
      await onceMore(() => host.run(0, task));
      frames++;
    } while (performance.now() - since < WINDOW_MS);
    host.input.release(task.input);
    host.output.release(task.output);
  };
  await Promise.all(Array.from({ length: host.workers }, work));
  return (performance.now() - since) / frames;
}
