import { clone, fromBinary, toBinary } from '@bufbuild/protobuf';
import { readBounded } from '../bounded-file.js';
import { messageOf, SrvidError } from '../errors.js';
import { externalFiles } from './external-data.js';
import { type ModelProto, ModelSchema, type OnnxModel } from './schema.js';

export type { OnnxModel } from './schema.js';

/** The largest model file. Larger ones serve other purposes than frames of video; protobuf ends at 2 GB. */
export const MAX_MODEL_BYTES = 512 << 20;

/**
 * Reads a model's file.
 * @throws SRVID_INPUT_NOT_FOUND, SRVID_MODEL_INVALID; SRVID_MODEL_UNSUPPORTED for values in another file, which is not
 * opened
 */
export async function readModelFile(path: string): Promise<OnnxModel> {
  const bytes = await readBounded(path, MAX_MODEL_BYTES).catch((error) => {
    throw new SrvidError('SRVID_INPUT_NOT_FOUND', `Tried to read the model ${path}: ${messageOf(error)}. Check the path.`, { path }, error);
  });
  return modelOf(bytes, path);
}

/**
 * The model in a file's bytes.
 * @throws SRVID_MODEL_INVALID; SRVID_MODEL_UNSUPPORTED for values in another file, which is not opened
 */
export function modelOf(bytes: Uint8Array, path: string): OnnxModel {
  const model = parseModel(bytes, path);
  const [file] = externalFiles(model);
  if (file === undefined) return model;
  throw new SrvidError(
    'SRVID_MODEL_UNSUPPORTED',
    `The model ${path} keeps values in another file, ${JSON.stringify(file)}. Save it as one file (in Python: onnx.save(onnx.load(path), path)).`,
    { path, file },
  );
}

/** Parses the bytes of a model's file. `name` is its name in messages. @throws SRVID_MODEL_INVALID */
export function parseModel(bytes: Uint8Array, name: string): OnnxModel {
  let model: ModelProto;
  try {
    model = fromBinary(ModelSchema, bytes);
  } catch (error) {
    throw new SrvidError(
      'SRVID_MODEL_INVALID',
      `Tried to read ${name} as an ONNX model: ${messageOf(error)}. Check that it is a whole .onnx file.`,
      { name },
      error,
    );
  }
  // Protobuf has no magic number: many short texts parse as an empty message.
  if (isWhole(model)) return model;
  throw new SrvidError(
    'SRVID_MODEL_INVALID',
    `${name} is not an ONNX model: it holds no graph with nodes and an output. Check that it is a whole .onnx file.`,
    { name },
  );
}

/** The bytes of a model's file; equal models give equal bytes. */
export function serializeModel(model: ModelProto): Uint8Array {
  return toBinary(ModelSchema, model);
}

/** A copy of a model, which can be changed independently. */
export function copyModel(model: OnnxModel): OnnxModel {
  return clone(ModelSchema, model) as OnnxModel;
}

function isWhole(model: ModelProto): model is OnnxModel {
  return model.graph !== undefined && model.graph.node.length > 0 && model.graph.output.length > 0;
}
