import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { readBounded } from '../../bounded-file.js';
import { messageOf, SrvidError } from '../../errors.js';
import { MAX_MODEL_BYTES } from '../../onnx/model-file.js';
import type { ListedModel } from '../contract.js';
import { type ModelEntry, PLANES_IN_WORDS, parseManifest } from './manifest.js';
import { readModelBytes, toShared, type VerifiedModel } from './model-bytes.js';
import { type Content, familiesFor } from './twins.js';
import { readUnlisted } from './unlisted-model.js';

export { type ModelEntry, PLANES_IN_WORDS, parseManifest } from './manifest.js';
export type { VerifiedModel } from './model-bytes.js';

const MAX_MANIFEST_BYTES = 4 << 20;
const OWN_FOLDER = new URL('../../../models/', import.meta.url);
const REMEDY = '--models takes a folder with networks and a manifest.json of the form of models/manifest.json; correct it, or give another folder.';

/** The arithmetic of networks; 'auto' is int8 where a network comes in int8, else fp32. */
export type Precision = 'auto' | 'int8' | 'fp32';

/**
 * The models of one folder. All requests of plugins for models are resolved here, and all model files are verified
 * here.
 */
export class ModelLibrary {
  readonly #verified = new Map<string, Promise<VerifiedModel>>();
  /** Models that come with plugins, by their paths, each with the state of its file when it was read. */
  readonly #unlisted = new Map<string, Promise<{ readonly state: string; readonly model: VerifiedModel }>>();

  constructor(
    readonly folder: URL,
    readonly models: readonly ModelEntry[],
    /** The kind of source: a request for a family is answered by its twin for that kind, if it is installed. */
    private readonly content: Content = 'clean',
  ) {}

  /** The same models, of which those for a kind of source are preferred. */
  preferring(content: Content): ModelLibrary {
    return content === this.content ? this : new ModelLibrary(this.folder, this.models, content);
  }

  /** True where a model of a family for clean sources has a twin, of the same cost, that is for this kind of source alone. */
  hasTwin({ family, scale, planes, precision }: ModelEntry, content: Content): boolean {
    const [twin] = familiesFor(family, content);
    return this.models.some((model) => model.family === twin && model.scale === scale && model.planes === planes && model.precision === precision);
  }

  /**
   * Finds the model for a spec. `precision` decides where the spec does not.
   * @throws SRVID_MODEL_UNKNOWN naming the models that exist
   */
  resolve(spec: ListedModel, precision: Precision): ModelEntry {
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
  has(spec: ListedModel, precision: Precision): boolean {
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

  /**
   * Reads a model that comes with a plugin, once for any number of calls while its file stays as it is.
   * @param sha256 the hash that it must have; any where not given
   * @throws SRVID_MODEL_INVALID, SRVID_MODEL_UNSUPPORTED
   */
  async loadFile(path: string, sha256?: string): Promise<VerifiedModel> {
    const earlier = this.#unlisted.get(path);
    const reading = readAgain(path, earlier);
    this.#unlisted.set(path, reading);
    const { model } = await reading;
    const found = model.entry.sha256;
    if (sha256 === undefined || sha256 === found) return model;
    throw new SrvidError(
      'SRVID_MODEL_INVALID',
      `The model at ${path} is not the file that its plugin names: sha256 is ${found}, expected ${sha256}. Install the plugin again, or correct "sha256" in its "models".`,
      { path, found, expected: sha256 },
    );
  }

  #find({ family, scale, planes = 'y' }: ListedModel, wanted: Precision): ModelEntry | undefined {
    const fitting = this.models.filter((model) => model.scale === scale && model.planes === planes);
    const families = familiesFor(family, this.content);
    const of = (family: string, precision: 'int8' | 'fp32') => fitting.find((model) => model.family === family && model.precision === precision);
    const as = (precision: 'int8' | 'fp32') => families.map((name) => of(name, precision)).find((model) => model !== undefined);
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
  return { entry, path, bytes: toShared(await readBounded(path, MAX_MODEL_BYTES)) };
}

async function readVerified(folder: URL, entry: ModelEntry): Promise<VerifiedModel> {
  const path = fileURLToPath(new URL(entry.file, folder));
  const remedy = folder.href === OWN_FOLDER.href ? 'reinstall srvid' : 'correct the folder given by --models';
  return { entry, path, bytes: toShared(await readModelBytes(entry, path, remedy)) };
}

/** A model from its file, or as it was read earlier where the file has not changed since. */
async function readAgain(
  path: string,
  earlier: Promise<{ readonly state: string; readonly model: VerifiedModel }> | undefined,
): Promise<{ readonly state: string; readonly model: VerifiedModel }> {
  const known = await earlier?.catch(() => undefined);
  const state = await stat(path).then(
    ({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`,
    () => '',
  );
  return known?.state === state ? known : { state, model: await readUnlisted(path) };
}

function reasonOf(error: unknown): string {
  return error instanceof z.ZodError ? error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') : messageOf(error);
}
