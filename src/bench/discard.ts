import { openSource } from '../io-plan.js';
import { defaultWorkers, parseEvaluationOptions, taskTimeoutMs } from '../options/options.js';
import { LosslessEngine } from '../pipeline/engine/lossless/engine.js';
import { emptyFlow } from '../pipeline/engine/lossless/flow.js';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { Decoder } from '../pipeline/input/decode.js';
import { loadModelLibrary, type VerifiedModel } from '../plugins/inference/library.js';
import { buildChain } from '../plugins/plan/chain.js';
import { planChain } from '../plugins/plan/groups.js';
import { modelsOf } from '../plugins/plan/plugin-models.js';
import { loadPreset } from '../plugins/plan/presets.js';

export interface DiscardRequest {
  readonly input: string;
  readonly preset: string;
  readonly scale: number;
  readonly workers: number | undefined;
  readonly threads: number | undefined;
}

/** Frames a second with everything but an encoder: decoding, reading, networks in worker threads, order. */
export async function discardedFps(
  binary: FfmpegBinary,
  { workers = defaultWorkers(), threads = 1, ...request }: DiscardRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  const options = parseEvaluationOptions({ ...request, precision: 'int8' });
  const [preset, library] = await Promise.all([loadPreset(options.preset), loadModelLibrary()]);
  const { source } = await openSource(binary, options);
  const { info } = source;
  const chain = await buildChain(options, preset, library, info);
  const setup = { workers, taskTimeoutMs: taskTimeoutMs(options) };
  const origin = { color: info.color, timeBase: info.timeBase };
  const engine = new LosslessEngine(planChain(info.format, chain.plugins), { ...setup, origin, inference: { device: 'cpu', threads } });
  const decoder = new Decoder(binary, source, { forwarded: [], salvage: false, stallTimeoutMs: options.stallTimeoutMs });
  try {
    signal.throwIfAborted();
    await Promise.all([engine.open(), decoder.open()]);
    const flow = emptyFlow();
    const since = performance.now();
    await engine.run({ decoder, encoder: { write: async () => {} }, signal, flow });
    return (flow.framesOut * 1000) / (performance.now() - since);
  } finally {
    await Promise.all([decoder.stop(), engine.close()]);
  }
}

/** The networks of a preset at a scale, int8 where they come so. */
export async function networksOf(
  binary: FfmpegBinary,
  { input, preset, scale }: Pick<DiscardRequest, 'input' | 'preset' | 'scale'>,
): Promise<readonly VerifiedModel[]> {
  const options = parseEvaluationOptions({ input, preset, scale });
  const [loaded, library, { source }] = await Promise.all([loadPreset(preset), loadModelLibrary(), openSource(binary, options)]);
  return modelsOf((await buildChain(options, loaded, library, source.info)).plugins);
}
