import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { readBounded } from '../../bounded-file.js';
import { messageOf, SrvidError } from '../../errors.js';
import { externalFiles, withExternalData } from '../../onnx/external-data.js';
import { MAX_MODEL_BYTES, parseModel, serializeModel } from '../../onnx/model-file.js';
import type { ModelEntry } from './manifest.js';

/** A model whose bytes are those that were hashed. */
export interface VerifiedModel {
  readonly entry: ModelEntry;
  readonly path: string;
  /** The file's bytes, verified. Every worker loads the model from them, so the file is read once in a process. */
  readonly bytes: SharedArrayBuffer;
}

/**
 * Reads a model's file, verified against the manifest, as a model without external data. ONNX Runtime would look for
 * external files in the working folder, where nobody has checked them. Files that the manifest lists are verified and
 * merged into the model.
 * @param remedy what to do where a file is missing or damaged, for the error
 * @throws SRVID_MODEL_INVALID
 */
export async function readModelBytes(entry: ModelEntry, path: string, remedy: string): Promise<Uint8Array> {
  const bytes = await readListed(`Model ${entry.id}`, path, entry.sha256, remedy);
  const model = parseModel(bytes, path);
  const names = externalFiles(model);
  if (names.length === 0) return bytes;
  const listed = new Map((entry.external ?? []).map(({ file, sha256 }) => [file, sha256]));
  const files = new Map<string, Uint8Array>();
  for (const name of names) {
    const sha256 = listed.get(name);
    if (sha256 === undefined) {
      throw new SrvidError(
        'SRVID_MODEL_INVALID',
        `Model ${entry.id} at ${path} has values in another file, ${JSON.stringify(name)}, which the manifest does not list with its sha256. List it as "external": [{ "file": ..., "sha256": ... }], or save the values into the model: onnx.save(onnx.load(path), path).`,
        { path, file: name },
      );
    }
    files.set(name, await readListed(`A file of model ${entry.id}`, join(dirname(path), name), sha256, remedy));
  }
  try {
    return serializeModel(withExternalData(model, files));
  } catch (error) {
    throw new SrvidError('SRVID_MODEL_INVALID', `Model ${entry.id} at ${path} cannot be put together: ${messageOf(error)}.`, { path }, error);
  }
}

/** A copy of bytes in memory that all threads share. */
export function toShared(bytes: Uint8Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  return memory;
}

async function readListed(what: string, path: string, expected: string, remedy: string): Promise<Uint8Array> {
  const bytes = await readBounded(path, MAX_MODEL_BYTES).catch((error) => {
    throw new SrvidError(
      'SRVID_MODEL_INVALID',
      `${what} should be at ${path}, but it cannot be read: ${messageOf(error)}. To mend it, ${remedy}.`,
      { path },
      error,
    );
  });
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === expected) return bytes;
  throw new SrvidError(
    'SRVID_MODEL_INVALID',
    `${what} at ${path} is not the file that the manifest lists: sha256 is ${found}, expected ${expected}. It is damaged or was changed; ${remedy}.`,
    { path, found, expected },
  );
}
