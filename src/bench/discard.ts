import { defaultWorkers, parseEvaluationOptions } from '../options/session.js';
import { emptyFlow } from '../pipeline/engine/frame-flow.js';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { Decoder } from '../pipeline/input/decode.js';
import { openSource } from '../pipeline/input/open.js';
import type { VerifiedModel } from '../plugins/inference/library.js';
import { buildChain } from '../plugins/plan/chain.js';
import { modelsOf } from '../plugins/plan/plugin-models.js';
import { engineFor, lookUp, planProcessing } from '../processing.js';

/** The input and the chain to measure. `workers` and `threads` default to one thread on each core. */
export interface DiscardRequest {
  readonly input: string;
  readonly preset: string;
  readonly scale: number;
  /** Number of worker threads. Default: one for each core. */
  readonly workers: number | undefined;
  /** Threads inside a network. Default 1. */
  readonly threads: number | undefined;
}

/** Frames a second without an encoder: decoding, networks in worker threads and ordering. @throws the errors of a run */
export async function discardedFps(
  binary: FfmpegBinary,
  { workers = defaultWorkers(), threads = 1, ...request }: DiscardRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  const options = parseEvaluationOptions({ ...request, precision: 'int8', workers, threads });
  const [installed, { source }] = await Promise.all([lookUp(options), openSource(binary, options)]);
  const engine = engineFor(await planProcessing(options, installed, source.info), source.info, false);
  const decoder = new Decoder(binary, source, { forwarded: [], salvage: false, stallTimeoutMs: options.stallTimeoutMs });
  try {
    signal.throwIfAborted();
    await Promise.all([engine.open(), decoder.open()]);
    const flow = emptyFlow();
    const since = performance.now();
    await engine.run({ decoder, encoder: { write: async () => {} }, signal, flow });
    await engine.flush();
    return (flow.framesOut * 1000) / (performance.now() - since);
  } finally {
    await Promise.all([decoder.stop(), engine.close()]);
  }
}

/** The networks of a preset at a scale, in int8 if there is such a version. */
export async function networksOf(
  binary: FfmpegBinary,
  { input, preset, scale }: Pick<DiscardRequest, 'input' | 'preset' | 'scale'>,
): Promise<readonly VerifiedModel[]> {
  const options = parseEvaluationOptions({ input, preset, scale });
  const [installed, { source }] = await Promise.all([lookUp(options), openSource(binary, options)]);
  return modelsOf((await buildChain(options, installed.preset, installed.library, source.info)).plugins);
}
