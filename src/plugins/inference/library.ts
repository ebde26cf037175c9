import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { readBounded } from '../../bounded-file.js';
import { messageOf, SrvidError } from '../../errors.js';
import { MAX_MODEL_BYTES } from '../../onnx/model-file.js';
import type { ModelSpec } from '../contract.js';
import { type ModelEntry, PLANES_IN_WORDS, parseManifest } from './manifest.js';
import { readModelBytes } from './model-bytes.js';

export { type ModelEntry, PLANES_IN_WORDS, parseManifest } from './manifest.js';

const MAX_MANIFEST_BYTES = 4 << 20;
const OWN_FOLDER = new URL('../../../models/', import.meta.url);
const REMEDY = '--models takes a folder with networks and a manifest.json of the form of models/manifest.json; correct it, or give another folder.';

/** A model whose file has the hash that the manifest lists. */
export interface VerifiedModel {
  readonly entry: ModelEntry;
  readonly path: string;
  /** The file's bytes, verified. Every worker loads the model from them, so the file is read once in a process. */
  readonly bytes: SharedArrayBuffer;
}

/** The arithmetic of networks; 'auto' is int8 where a network comes in int8, else fp32. */
export type Precision = 'auto' | 'int8' | 'fp32';

/**
 * The models of one folder. All requests of plugins for models are resolved here, and all model files are verified
 * here.
 */
export class ModelLibrary {
  readonly #verified = new Map<string, Promise<VerifiedModel>>();

  constructor(
    readonly folder: URL,
    readonly models: readonly ModelEntry[],
  ) {}

  /**
   * Finds the model for a spec. `precision` decides where the spec does not.
   * @throws SRVID_MODEL_UNKNOWN naming the models that exist
   */
  resolve(spec: ModelSpec, precision: Precision): ModelEntry {
    const { family, scale, planes = 'y' } = spec;
    const wanted = spec.precision ?? precision;
    const found = this.#find(spec, wanted);
    if (found) return found;
    throw new SrvidError(
      'SRVID_MODEL_UNKNOWN',
      `Looked for a model of family ${family}, ${scale === undefined ? 'without a scale' : `scale ${scale}`}, planes ${planes}, precision ${wanted}; ${installed(this, family, planes)}. Choose one of these, or train it (models/training/README.md).`,
      { family, scale, planes, precision: wanted },
    );
  }

  /** True where the library has a model for the spec. */
  has(spec: ModelSpec, precision: Precision): boolean {
    return this.#find(spec, spec.precision ?? precision) !== undefined;
  }

  /** Reads a model's file and checks its hash, once for any number of calls. @throws SRVID_MODEL_INVALID */
  load(entry: ModelEntry): Promise<VerifiedModel> {
    const known = this.#verified.get(entry.id);
    if (known) return known;
    const verified = readVerified(this.folder, entry);
    this.#verified.set(entry.id, verified);
    verified.catch(() => this.#verified.delete(entry.id)); // A file that has been repaired is read again.
    return verified;
  }

  #find({ family, scale, planes = 'y' }: ModelSpec, wanted: Precision): ModelEntry | undefined {
    const fitting = this.models.filter((model) => model.family === family && model.scale === scale && model.planes === planes);
    const as = (precision: 'int8' | 'fp32') => fitting.find((model) => model.precision === precision);
    return wanted === 'auto' ? (as('int8') ?? as('fp32')) : as(wanted);
  }
}

/**
 * Libraries by their folder, kept while the manifest is unchanged. Several sessions, or a relay's streams, share the
 * files that were read and verified.
 */
const libraries = new Map<string, { readonly manifest: string; readonly library: ModelLibrary }>();

/** Loads the models of a folder with a manifest.json; without a folder, srvid's own. @throws SRVID_MODEL_INVALID */
export async function loadModelLibrary(folder = OWN_FOLDER): Promise<ModelLibrary> {
  const path = fileURLToPath(new URL('manifest.json', folder));
  try {
    const manifest = (await readBounded(path, MAX_MANIFEST_BYTES)).toString();
    const known = libraries.get(folder.href);
    if (known?.manifest === manifest) return known.library;
    const library = new ModelLibrary(folder, parseManifest(manifest));
    libraries.set(folder.href, { manifest, library });
    return library;
  } catch (error) {
    const remedy = folder.href === OWN_FOLDER.href ? 'Reinstall srvid.' : REMEDY;
    throw new SrvidError('SRVID_MODEL_INVALID', `Tried to read the list of models, ${path}: ${reasonOf(error)}. ${remedy}`, { path }, error);
  }
}

/** Names of the models for an error message: the family's on the same planes, else all. */
function installed({ models }: ModelLibrary, family: string, planes: ModelEntry['planes']): string {
  const related = models.filter((model) => model.family === family && model.planes === planes);
  const named = (related.length > 0 ? related : models).map((model) => model.id).join(', ') || 'none';
  if (related.length === 0) return `installed are: ${named}`;
  // A model without a scale is told first.
  const scales = [...new Set(related.map(({ scale = 0 }) => scale))].sort((a, b) => a - b).map((scale) => (scale ? `x${scale}` : 'one without a scale'));
  return `of ${family} on ${PLANES_IN_WORDS[planes]} only ${scales.join(', ')} is installed: ${named}`;
}

/** Loads a model from a file without checking a hash, for tests and benchmarks. @throws the error of reading */
export async function modelAt(entry: ModelEntry, path: string): Promise<VerifiedModel> {
  return { entry, path, bytes: shared(await readBounded(path, MAX_MODEL_BYTES)) };
}

function shared(bytes: Uint8Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  return memory;
}

async function readVerified(folder: URL, entry: ModelEntry): Promise<VerifiedModel> {
  const path = fileURLToPath(new URL(entry.file, folder));
  const remedy = folder.href === OWN_FOLDER.href ? 'reinstall srvid' : 'correct the folder given by --models';
  return { entry, path, bytes: shared(await readModelBytes(entry, path, remedy)) };
}

function reasonOf(error: unknown): string {
  return error instanceof z.ZodError ? error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') : messageOf(error);
}
