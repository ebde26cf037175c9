import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeCause, SrvidError } from '../errors.js';
import { type EvaluationOptions, type EvaluationRequest, parseEvaluationOptions } from '../options/session.js';
import { findFfmpeg } from '../pipeline/ffmpeg/binary.js';
import { loadModelLibrary } from '../plugins/inference/library.js';
import { nativeEngineHere } from '../plugins/inference/native-engine.js';
import { buildChain } from '../plugins/plan/chain.js';
import { enginesFor } from '../plugins/plan/engine-choice.js';
import { modelsOf } from '../plugins/plan/plugin-models.js';
import { loadPreset } from '../plugins/plan/presets.js';
import { borderOf, type Job, scaleOf } from './chain-run.js';
import { EvaluatedChains } from './chains.js';
import { evaluateClip } from './clip.js';
import { isPicture } from './picture-file.js';
import { evaluatePictures } from './pictures.js';
import type { Evaluation } from './report.js';

/** Signal and progress callback of an evaluation. */
export interface EvaluationHooks {
  /** Stops the evaluation, which then fails with SRVID_INTERRUPTED. */
  readonly signal?: AbortSignal;
  readonly onItem?: Job['onItem'];
}

/** A stand-in for the stream that a chain is built for. Only --size and --height depend on the stream, and an evaluation does not have them. */
const ANY_STREAM = {
  format: { kind: 'yuv444p', width: 240, height: 240 },
  color: {},
  timeBase: { num: 1, den: 1 },
  frameRate: { num: 1, den: 1 },
  sampleAspect: undefined,
} as const;

/**
 * Measures how well a chain restores pictures or frames. The originals are reduced by the chain's factor. The chain,
 * bicubic and Lanczos enlarge them again, and the results are compared with the originals. What they get may be harmed by
 * blur, noise and compression; a chain that keeps the size is compared with the harmed pictures themselves.
 * @throws SRVID_OPTION_INVALID, SRVID_INPUT_NOT_FOUND, SRVID_INPUT_UNREADABLE, SRVID_INPUT_UNSUPPORTED,
 * SRVID_INTERRUPTED, and the errors of presets, networks and plugins
 */
export async function evaluate(request: EvaluationRequest, { signal, onItem = () => {} }: EvaluationHooks = {}): Promise<Evaluation> {
  const options = parseEvaluationOptions(request);
  const binary = await findFfmpeg();
  const modelFolder = options.models === undefined ? undefined : pathToFileURL(`${resolve(options.models)}/`);
  const [preset, library] = await Promise.all([loadPreset(options.preset), loadModelLibrary(modelFolder)]);
  const own = await buildChain(options, preset, library, ANY_STREAM);
  const chains = new EvaluatedChains(own, library, options);
  const chain = await chains.onReduced();
  const { blur, noise } = options;
  const degradation = (blur ?? noise) === undefined ? undefined : { blur, noise };
  const scale = scaleOf(chain, degradation !== undefined || options.compress !== undefined);
  // Both engines give the same bytes, so that nothing is measured to choose one.
  const { engines } = enginesFor(options, modelsOf(chain.plugins), nativeEngineHere);
  const { stop, dispose } = stopOf(signal);
  try {
    const job: Job = { options, chain, chainsOn: (measure) => chains.onCompressed(measure), engine: engines[0], scale, degradation, signal: stop, onItem };
    const path = resolve(options.input);
    const found = await stat(path).catch(() => undefined);
    const ofPictures = found?.isDirectory() || (found?.isFile() && isPicture(path));
    assertCompressible(options, ofPictures === true);
    const { comparison, vmaf, warnings, measured } = ofPictures
      ? { comparison: await evaluatePictures(job, binary, path, found?.isDirectory() === true), vmaf: undefined, warnings: [], measured: { chain } }
      : await evaluateClip(job, binary);
    return {
      v: 1,
      type: 'eval',
      input: options.input,
      kind: ofPictures ? 'pictures' : 'clip',
      preset: basename(preset.name, '.json'),
      models: modelsOf(measured.chain.plugins).map(({ entry }) => entry.id),
      ...(measured.videoChain ? { videoModels: modelsOf(measured.videoChain.plugins).map(({ entry }) => entry.id) } : {}),
      precision: [...new Set(modelsOf(measured.chain.plugins).map(({ entry }) => entry.precision))].join('+') || 'none',
      scale,
      ...(request.compress === undefined ? {} : { compression: request.compress }),
      ...(request.blur === undefined ? {} : { blur: request.blur }),
      ...(noise === undefined ? {} : { noise }),
      border: borderOf(scale),
      count: comparison.items.length,
      scores: comparison.scores(vmaf),
      items: comparison.items,
      warnings,
    };
  } finally {
    dispose();
  }
}

/** @throws SRVID_OPTION_INVALID where what cannot be compressed, or read twice, is to be */
function assertCompressible({ compress, input }: EvaluationOptions, ofPictures: boolean): void {
  if (!compress || (!ofPictures && input !== '-')) return;
  const why = ofPictures ? 'pictures are no video that an encoder could compress' : 'the original is read twice, which standard input cannot be';
  throw new SrvidError('SRVID_OPTION_INVALID', `--compress was given, but ${why}. Give the path of a video file, or leave --compress out.`);
}

/** Wraps the caller's signal, so that its reason is a SrvidError. */
function stopOf(signal: AbortSignal | undefined): { stop: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const interrupt = () => {
    const cause = signal?.reason === undefined ? undefined : describeCause(signal.reason);
    controller.abort(new SrvidError('SRVID_INTERRUPTED', 'The evaluation was interrupted.', {}, cause));
  };
  signal?.addEventListener('abort', interrupt, { once: true });
  if (signal?.aborted) interrupt();
  return { stop: controller.signal, dispose: () => signal?.removeEventListener('abort', interrupt) };
}
