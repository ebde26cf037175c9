import { SrvidError } from '../../errors.js';
import type { ProcessingOptions } from '../../options/session.js';
import { type Engine, ONNX_RUNTIME } from '../inference/backend.js';
import type { VerifiedModel } from '../inference/library.js';
import { isSlowKernel, type NativeEngineHere, obstacleToNative } from '../inference/native-engine.js';

/** The engines that a run may use, the first of which is the usual one, and the reason why there are no others. */
export interface EngineChoice {
  readonly engines: readonly [Engine, ...Engine[]];
  /** The engine of float networks. */
  readonly float32: Engine;
  readonly why: string;
}

/** The options that bear on the engine. */
export type EngineOptions = Pick<ProcessingOptions, 'engine' | 'device'>;

/**
 * The engines among which the faster one is to be found for a chain's networks. Both are there only where nothing was
 * asked for, the native engine's add-on is there and uses this processor's int8 instructions, and it runs at least one
 * of the networks. `native` looks for it, which takes a fiftieth of a second.
 * @throws SRVID_ENGINE_UNAVAILABLE where the native engine was asked for and does not run all networks
 */
export function enginesFor({ engine, device }: EngineOptions, models: readonly VerifiedModel[], native: () => NativeEngineHere): EngineChoice {
  const ortAlone = (why: string): EngineChoice => ({ engines: [ONNX_RUNTIME], float32: ONNX_RUNTIME, why });
  const [first] = models;
  if (!first) return ortAlone('there are no networks');
  if (engine === 'ort') return ortAlone('as asked for');
  if (engine !== 'auto') return { engines: [asked(engine, device, models, native())], float32: ONNX_RUNTIME, why: 'as asked for' };
  if (device !== 'cpu') return ortAlone(`the native engine does not run on ${device}`);
  const here = native();
  if ('missing' in here) return ortAlone('the native engine is not there');
  const { kernels, build } = here;
  const kernel = kernels[0] ?? 'portable';
  if (isSlowKernel(kernel)) return ortAlone('the native engine has no kernel for this processor');
  const obstacles = models.map((model) => obstacleOf(model, kernel));
  if (obstacles.every((obstacle) => obstacle !== undefined)) return ortAlone(`the native engine does not run ${first.entry.id}: ${obstacles[0]}`);
  return { engines: [ONNX_RUNTIME, { name: 'native', kernel, build }], float32: ONNX_RUNTIME, why: 'measured' };
}

/** The native engine with the kernel that was asked for, "native:portable", else with the fastest one. */
function asked(engine: string, device: string, models: readonly VerifiedModel[], here: NativeEngineHere): Engine {
  const refused = (found: string, todo: string) =>
    new SrvidError('SRVID_ENGINE_UNAVAILABLE', `Tried to run networks by the native engine: ${found}. ${todo}`, { engine });
  if (device !== 'cpu') throw refused(`it runs on the CPU, and --device is ${device}`, 'Leave out one of the two options.');
  if ('missing' in here) throw refused(here.missing, 'Build it (docs/native.md), or leave out --engine.');
  const kernel = engine.split(':')[1] ?? here.kernels[0] ?? 'portable';
  if (!here.kernels.includes(kernel)) throw refused(`it has no kernel "${kernel}" here`, `There are: ${here.kernels.join(', ')}.`);
  for (const model of models) {
    const obstacle = obstacleOf(model, kernel);
    if (obstacle !== undefined) throw refused(`it does not run ${model.entry.id}: ${obstacle}`, 'Leave out --engine, and ONNX Runtime runs it.');
  }
  return { name: 'native', kernel, build: here.build };
}

function obstacleOf({ entry, path, bytes }: VerifiedModel, kernel: string): string | undefined {
  if (entry.precision !== 'int8') return 'it is not an int8 network';
  // Texts are not decoded from shared memory.
  return obstacleToNative(Uint8Array.from(new Uint8Array(bytes)), path, kernel);
}
