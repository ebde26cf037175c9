import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { readBounded } from '../../bounded-file.js';
import { messageOf, SrvidError } from '../../errors.js';
import { Graph } from '../../onnx/graph.js';
import { widenHalfEnds } from '../../onnx/half-ends.js';
import { MAX_MODEL_BYTES, modelOf, type OnnxModel, serializeModel } from '../../onnx/model-file.js';
import { toShared, type VerifiedModel } from './model-bytes.js';

/**
 * Reads a model that no manifest lists, such as one that comes with a plugin. Its entry has the file's SHA-256 and no scale: it takes
 * and gives tensors of any sizes, one or several. Inputs and outputs of float16 become float32.
 * @throws SRVID_MODEL_INVALID; SRVID_MODEL_UNSUPPORTED for values in another file
 */
export async function readUnlisted(path: string): Promise<VerifiedModel> {
  const bytes = await readBounded(path, MAX_MODEL_BYTES).catch((error) => {
    throw new SrvidError(
      'SRVID_MODEL_INVALID',
      `A plugin's model should be at ${path}, but it cannot be read: ${messageOf(error)}. Put the file there, or correct the path in "models".`,
      { path },
      error,
    );
  });
  return unlistedModel(path, widenHalfEnds(modelOf(bytes, path)), { planes: 'y', sha256: hashOf(bytes) });
}

/** A model that no manifest lists, from what its file holds. `sha256` is that of the model's bytes where it is not given. */
export function unlistedModel(path: string, model: OnnxModel, { planes, sha256 }: { planes: 'y' | 'rgb'; sha256?: string }): VerifiedModel {
  const bytes = serializeModel(model);
  const weights = model.graph.initializer.reduce((sum, { dims }) => sum + dims.reduce((product, size) => product * Number(size), 1), 0);
  return {
    path,
    bytes: toShared(bytes),
    entry: {
      id: basename(path, '.onnx'),
      family: path,
      precision: new Graph(model).nodes.some(({ opType }) => opType === 'QuantizeLinear') ? 'int8' : 'fp32',
      planes,
      file: basename(path),
      sha256: sha256 ?? hashOf(bytes),
      bytes: bytes.length,
      ...{ halo: 0, align: 1 },
      // A convolution uses each weight once a pixel; good enough to tell the cost of levels apart.
      ...{ parameters: Math.max(1, weights), macsPerPixel: Math.max(1, weights) },
      ...{ licence: 'not stated', paper: '', card: '', measured: {} },
    },
  };
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
