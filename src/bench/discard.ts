import { defaultWorkers, parseEvaluationOptions } from '../options/session.js';
import type { EngineRequest } from '../options/table.js';
import { emptyFlow } from '../pipeline/engine/frame-flow.js';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { Decoder } from '../pipeline/input/decode.js';
import { openSource } from '../pipeline/input/open.js';
import type { Engine } from '../plugins/inference/backend.js';
import type { VerifiedModel } from '../plugins/inference/library.js';
import { buildChain, type Chain } from '../plugins/plan/chain.js';
import { modelsOf } from '../plugins/plan/plugin-models.js';
import { engineFor, lookUp, planProcessing } from '../processing.js';

/** The input and the chain to measure. `workers` and `threads` default to one thread on each core. */
export interface DiscardRequest {
  readonly input: string;
  readonly preset: string;
  /** 1 for a preset that keeps the size. */
  readonly scale: number;
  /** Number of worker threads. Default: one for each core. */
  readonly workers: number | undefined;
  /** Threads inside a network. Default 1. */
  readonly threads: number | undefined;
  /** The engine, by the option's words. */
  readonly engine: EngineRequest;
}

/** Frames a second without an encoder: decoding, networks in worker threads and ordering. @throws the errors of a run */
export async function discardedFps(
  binary: FfmpegBinary,
  { workers = defaultWorkers(), threads = 1, ...request }: DiscardRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  const options = parseEvaluationOptions({ ...request, scale: scaleOption(request.scale), precision: 'int8', workers, threads });
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

/** The networks of a case, and the way in which a run chooses to run them. */
export interface CasePlan {
  readonly chain: Chain;
  readonly models: readonly VerifiedModel[];
  readonly engine: Engine;
  readonly engineReason: string;
}

/**
 * The networks of a preset at a scale, in int8 if there is such a version, and the engine that a run chooses for them,
 * which may have to be measured.
 */
export async function planCase(
  binary: FfmpegBinary,
  { input, preset, scale, engine }: Pick<DiscardRequest, 'input' | 'preset' | 'scale' | 'engine'>,
  signal?: AbortSignal,
): Promise<CasePlan> {
  const options = parseEvaluationOptions({ input, preset, scale: scaleOption(scale), engine });
  const [installed, { source }] = await Promise.all([lookUp(options), openSource(binary, options)]);
  const chain = await buildChain(options, installed.preset, installed.library, source.info);
  const models = modelsOf(chain.plugins);
  const layout = { workers: defaultWorkers(), threads: 1 };
  const settled = models.length > 0 ? { ...options, ...layout, precision: precisionOf(models) } : { ...options, ...layout };
  const { execution } = await planProcessing(settled, installed, source.info, { signal });
  return { chain: execution.chain, models, engine: execution.engine, engineReason: execution.reasons[0] ?? execution.engineReason };
}

/** The precision to ask for: int8 where any of the networks has it. Those that come in float alone run in float at either. */
export function precisionOf(models: readonly VerifiedModel[]): 'int8' | 'fp32' {
  return models.some(({ entry }) => entry.precision === 'int8') ? 'int8' : 'fp32';
}

function scaleOption(scale: number): number | undefined {
  return scale === 1 ? undefined : scale;
}
