import * as z from 'zod';
import { parseForeignJson } from '../../bounded-file.js';

const measurementSchema = z.object({ psnr: z.number(), ssim: z.number(), gain: z.number(), bicubicPsnr: z.number(), lumaShift: z.number() });

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** In the models' own folder. */
const fileName = z.string().regex(/^\w[\w.-]*$/);

const entrySchema = z.object({
  id: z.string().regex(/^[a-z0-9-]+$/),
  family: z.string(),
  /** Output size ÷ input size, any real number; absent for a model whose output size is the plugin's to say. */
  scale: z.number().positive().max(16).optional(),
  precision: z.enum(['int8', 'fp32']),
  planes: z.enum(['y', 'yuv', 'rgb']),
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
  /** For a network of the user's own: the answers that were given to what its file does not say, as options of the step `onnx`. */
  hints: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});

const manifestSchema = z.object({ version: z.literal(1), models: z.array(entrySchema) });

/** One model as `models/manifest.json` lists it. `parameters` and `macsPerPixel` (per input pixel) are the unpadded network's. */
export type ModelEntry = z.infer<typeof entrySchema>;

/** The planes of a model's pictures, for messages. */
export const PLANES_IN_WORDS = { y: 'luma', yuv: 'luma and chroma', rgb: 'RGB' } as const satisfies Record<ModelEntry['planes'], string>;

/** The entries of a manifest. @throws a JSON or zod error */
export function parseManifest(json: string): readonly ModelEntry[] {
  return manifestSchema.parse(parseForeignJson(json)).models;
}
