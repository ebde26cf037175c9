import { basename } from 'node:path';
import { SrvidError } from '../errors.js';
import type { OutputMultiple } from '../onnx/fast-conv.js';
import { Graph } from '../onnx/graph.js';
import { type OnnxModel, readModelFile, serializeModel } from '../onnx/model-file.js';
import type { Size } from '../plugins/contract.js';
import { nativeEngineHere, obstacleToNative } from '../plugins/inference/native-engine.js';
import { outputMultipleHere } from './cpu.js';
import { type PictureNetwork, pictureNetwork } from './picture-network.js';
import { loadPictures } from './pictures.js';
import { measureQuality, type Reference } from './quality.js';
import { type Examination, PLANES_IN_WORDS } from './report.js';
import { measureSpeed } from './speed.js';
import type { Tile } from './tiles.js';
import { findingsOf } from './verdict.js';

/** Options of an examination. Each has a default. */
export interface ExaminationOptions {
  /** Path of the float network that the model was made from. Without it the model's own float twin is the reference. */
  readonly reference?: string;
  /** A folder of pictures, a picture or a video; the bundled clip where not given. */
  readonly images?: string;
  /** The value of white for float inputs; read from the network where not given. */
  readonly white?: 1 | 255;
  /** Size of the picture for timing, where the network takes any size. */
  readonly size?: Size;
  /** The multiple of output channels to rewrite for; this CPU's where not given. */
  readonly outputMultiple?: OutputMultiple | undefined;
  /** Stops the examination, which then fails with SRVID_INTERRUPTED. */
  readonly signal?: AbortSignal;
}

const TIMED_AT: Size = { width: 640, height: 360 };

/**
 * Examines a user's network: the operators that make it slow on this CPU, the quality that 8 bits have cost, and
 * remedies.
 * @throws SRVID_MODEL_INVALID, SRVID_MODEL_UNSUPPORTED, SRVID_INPUT_NOT_FOUND, SRVID_INTERRUPTED and others
 */
export async function examine(path: string, options: ExaminationOptions = {}): Promise<{ readonly examination: Examination; readonly tiles: readonly Tile[] }> {
  const name = basename(path);
  const model = await readModelFile(path);
  const network = pictureNetwork(name, new Graph(model), options.white);
  const reference = options.reference === undefined ? undefined : await readReference(options.reference, network, options.white);
  const pictures = await loadPictures(options.images, network.size ?? reference?.network.size);
  const speed = await measureSpeed(
    model,
    network,
    network.size ?? options.size ?? TIMED_AT,
    options.outputMultiple ?? (await outputMultipleHere()),
    options.signal,
  );
  const { quality, layers, tiles, obstacle } = await measureQuality(name, model, network, reference, pictures, options.signal);
  const isInt8 = layers.length > 0 || obstacle !== undefined;
  const judged = isInt8 || reference ? quality : undefined;
  const findings = findingsOf(path, model, speed, judged, layers);
  const size = network.size && `${network.size.width}x${network.size.height}`;
  const examination: Examination = {
    v: 1,
    type: 'doctor',
    model: path,
    input: { type: network.inputs[0]?.type ?? 'uint8', planes: network.planes, ...(size ? { size } : {}) },
    ...nativeVerdict(model, name),
    speed,
    ...(judged ? { quality: judged } : {}),
    layers,
    findings,
    healthy: findings.every(({ severity }) => severity !== 'illness'),
    warnings:
      obstacle === undefined
        ? []
        : [
            `No float twin can be made of ${name}, since ${obstacle}.${reference ? '' : ' Give its float network with --reference to see what quantisation has cost.'}`,
          ],
  };
  return { examination, tiles };
}

function nativeVerdict(model: OnnxModel, name: string): Pick<Examination, 'native'> {
  const here = nativeEngineHere();
  if ('missing' in here) return {};
  return { native: obstacleToNative(serializeModel(model), name, here.kernels[0] ?? 'portable') ?? true };
}

async function readReference(path: string, { inputs, planes, white }: PictureNetwork, asked: 1 | 255 | undefined): Promise<Reference> {
  const name = basename(path);
  const model: OnnxModel = await readModelFile(path);
  const network = pictureNetwork(name, new Graph(model), asked ?? (inputs[0]?.type === 'float32' ? white : undefined));
  if (network.planes === planes) return { name, model, network };
  throw new SrvidError(
    'SRVID_MODEL_UNSUPPORTED',
    `The reference ${name} reads ${PLANES_IN_WORDS[network.planes]}, the network ${PLANES_IN_WORDS[planes]}. Give the float network that it was made from.`,
    {
      name,
    },
  );
}
