import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { parseForeignJson, readBounded } from '../../bounded-file.js';
import { messageOf, SrvidError } from '../../errors.js';
import type { ModelSpec } from '../contract.js';
import { readModelBytes } from './model-bytes.js';

const measurementSchema = z.object({ psnr: z.number(), ssim: z.number(), gain: z.number(), bicubicPsnr: z.number(), lumaShift: z.number() });

const MAX_MANIFEST_BYTES = 4 << 20;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** In the models' own folder. */
const fileName = z.string().regex(/^\w[\w.-]*$/);

const entrySchema = z.object({
  id: z.string().regex(/^[a-z0-9-]+$/),
  family: z.string(),
  scale: z.number().positive().max(16),
  precision: z.enum(['int8', 'fp32']),
  planes: z.enum(['y', 'rgb']),
  file: z.string().regex(/^[\w.-]+\.onnx$/),
  sha256,
  bytes: z.number().int().positive(),
  /** Files beside it that hold values of its. */
  external: z.array(z.object({ file: fileName, sha256 })).optional(),
  halo: z.number().int().nonnegative().max(1024),
  align: z.number().int().positive().max(256),
  parameters: z.number().int().positive(),
  macsPerPixel: z.number().int().positive(),
  licence: z.string(),
  paper: z.string(),
  card: z.string(),
  measured: z.record(z.string(), measurementSchema),
});

const manifestSchema = z.object({ version: z.literal(1), models: z.array(entrySchema) });

/** One model as `models/manifest.json` lists it. `parameters` and `macsPerPixel` (per input pixel) are the unpadded network's. */
export type ModelEntry = z.infer<typeof entrySchema>;

/** The models that are installed, and where. */
export interface ModelLibrary {
  readonly folder: URL;
  readonly models: readonly ModelEntry[];
}

/** A model that was found and whose file is the one the manifest means: what a worker needs to load it. */
export interface VerifiedModel {
  readonly entry: ModelEntry;
  readonly path: string;
}

/** @throws SRVID_MODEL_INVALID */
export async function loadModelLibrary(folder = new URL('../../../models/', import.meta.url)): Promise<ModelLibrary> {
  const path = fileURLToPath(new URL('manifest.json', folder));
  try {
    return { folder, models: parseManifest((await readBounded(path, MAX_MANIFEST_BYTES)).toString()) };
  } catch (error) {
    throw new SrvidError(
      'SRVID_MODEL_INVALID',
      `Tried to read the list of models, ${path}: ${reasonOf(error)}. Correct it, or reinstall srvid.`,
      { path },
      error,
    );
  }
}

/** @throws a JSON or zod error */
export function parseManifest(json: string): readonly ModelEntry[] {
  return manifestSchema.parse(parseForeignJson(json)).models;
}

/**
 * The model that a spec means. `precision` decides where the spec does not; 'auto' is int8, else fp32.
 * @throws SRVID_MODEL_UNKNOWN naming what exists.
 */
export function resolveModel(library: ModelLibrary, spec: ModelSpec, precision: 'auto' | 'int8' | 'fp32'): ModelEntry {
  const { family, scale, planes = 'y' } = spec;
  const wanted = spec.precision ?? precision;
  const fitting = library.models.filter((model) => model.family === family && model.scale === scale && model.planes === planes);
  const found =
    wanted === 'auto'
      ? (fitting.find((model) => model.precision === 'int8') ?? fitting.find((model) => model.precision === 'fp32'))
      : fitting.find((model) => model.precision === wanted);
  if (found) return found;
  throw new SrvidError(
    'SRVID_MODEL_UNKNOWN',
    `Looked for a model of family ${family}, scale ${scale}, planes ${planes}, precision ${wanted}; ${installed(library, family, planes)}. Choose one of these, or train it (models/training/README.md).`,
    { family, scale, planes, precision: wanted },
  );
}

/** What there is in place of a model that there is not: the family's on the same planes, else all. */
function installed({ models }: ModelLibrary, family: string, planes: 'y' | 'rgb'): string {
  const related = models.filter((model) => model.family === family && model.planes === planes);
  const named = (related.length > 0 ? related : models).map((model) => model.id).join(', ') || 'none';
  if (related.length === 0) return `installed are: ${named}`;
  const scales = [...new Set(related.map((model) => model.scale))].sort((a, b) => a - b);
  return `of ${family} on ${planes === 'y' ? 'luma' : 'RGB'} only ${scales.map((one) => `x${one}`).join(', ')} is installed: ${named}`;
}

/** Checks that the file is there and is the one that was measured. @throws SRVID_MODEL_INVALID */
export async function verifyModel(library: ModelLibrary, entry: ModelEntry): Promise<VerifiedModel> {
  const path = fileURLToPath(new URL(entry.file, library.folder));
  await readModelBytes({ entry, path });
  return { entry, path };
}

function reasonOf(error: unknown): string {
  return error instanceof z.ZodError ? error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') : messageOf(error);
}
