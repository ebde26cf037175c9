import type { ProcessingOptions } from '../options/session.js';
import type { PlainFormat } from '../pipeline/frames/frame.js';
import type { Engine } from '../plugins/inference/backend.js';
import type { Precision } from '../plugins/inference/library.js';
import type { Chain } from '../plugins/plan/chain.js';
import { planChain } from '../plugins/plan/groups.js';
import { LevelHost } from '../plugins/workers/level-host.js';
import { retryDeaths } from '../plugins/workers/pool.js';
import { MachineLoad } from './machine-load.js';
import { fillTrialPicture } from './trial-picture.js';

/** A frame large enough that overhead around a run of a network does not matter, and small enough to be quick. */
export const TEST_FRAME = { kind: 'gray', width: 320, height: 180 } as const;
const WINDOWS = 3;
/** More windows, where the best two differ by more than the spread of a calm machine. */
const MOST_WINDOWS = 5;
const CALM_SPREAD = 1.12;
const WINDOW_MS = 80;

/** A way to run networks: their arithmetic, their engine and their threads. */
export interface Candidate {
  readonly precision: Precision;
  readonly engine: Engine;
  readonly workers: number;
  /** Threads inside each run of a network. */
  readonly threads: number;
}

/** The time of a candidate, and what it is worth. */
export interface CandidateTime {
  readonly ms: number;
  /** Nothing disturbed it: other processes left the cores free, and two windows agree. */
  readonly calm: boolean;
}

/** A candidate to time, on a chain. */
export interface TimingRequest {
  readonly candidate: Candidate;
  /** The chain with the models of the candidate's precision. */
  readonly chain: Chain;
  readonly options: Pick<ProcessingOptions, 'device' | 'taskTimeoutMs'>;
  /** The frame: its format and bytes. A trial picture of `TEST_FRAME` where not given. */
  readonly frame?: { readonly format: PlainFormat; readonly bytes: Uint8Array };
  /** Stops the timing. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Milliseconds for a frame through a chain's networks, with all workers busy: the best of three short
 * windows, because disturbances only add time. Where the best two differ, there are two more.
 * @throws the errors of plugins and workers, or the signal's reason
 */
export async function timeCandidate({ candidate, chain, options, frame, signal }: TimingRequest): Promise<CandidateTime> {
  const { workers, threads, engine } = candidate;
  const networks = chain.plugins.filter(({ models }) => models.length > 0);
  const host = new LevelHost({
    groups: planChain(frame?.format ?? TEST_FRAME, networks).slice(0, 1),
    origin: { color: {}, timeBase: { num: 1, den: 25 } },
    inference: { engine, device: options.device, threads },
    workers,
    slots: { input: workers, output: workers },
    taskTimeoutMs: options.taskTimeoutMs,
  });
  // Closing makes running tasks and later requests fail.
  const stop = () => host.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    signal?.throwIfAborted();
    await host.open();
    for (let slot = 0; slot < workers; slot++) {
      if (frame) host.input.bytes(slot).set(frame.bytes);
      else fillTrialPicture(host.input.bytes(slot));
    }
    const load = new MachineLoad();
    const times: number[] = [];
    while (times.length < WINDOWS || (times.length < MOST_WINDOWS && spreadOf(times) > CALM_SPREAD)) times.push(await timeWindow(host));
    return { ms: Math.min(...times), calm: spreadOf(times) <= CALM_SPREAD && !load.isBusy };
  } finally {
    signal?.removeEventListener('abort', stop);
    await host.close();
  }
}

/** The second best time over the best. */
function spreadOf(times: readonly number[]): number {
  const [best = 1, second = Number.POSITIVE_INFINITY] = times.toSorted((a, b) => a - b);
  return second / best;
}

async function timeWindow(host: LevelHost): Promise<number> {
  const since = performance.now();
  let frames = 0;
  const work = async () => {
    const task = { input: host.input.take(), output: host.output.take(), pts: 0 };
    do {
      await retryDeaths(host.workers, () => host.run(0, task));
      frames++;
    } while (performance.now() - since < WINDOW_MS);
    host.input.release(task.input);
    host.output.release(task.output);
  };
  await Promise.all(Array.from({ length: host.workers }, work));
  return (performance.now() - since) / frames;
}
