import * as z from 'zod';
import { budgetMs, crf, dropPolicy, encoderName, encoderOptionName, levels, namesOnly, outputHeight, pluginRequest } from './table.js';

/** A preset's plugin: one, or the first of several of srvid's own that is installed at the scale asked for. */
const presetPlugin = pluginRequest.extend({ use: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]) });

/** A preset file: which plugins, in order, and how to encode. */
export const presetSchema = z.strictObject({
  version: z.literal(1),
  description: z.string(),
  plugins: z.array(presetPlugin).min(1),
  /** Output height where the caller gives no size. */
  height: outputHeight.optional(),
  /** For --realtime; what the caller gives goes before it. */
  realtime: z.strictObject({ budgetMs: budgetMs.optional(), policy: dropPolicy.optional(), levels: levels.optional() }).optional(),
  encoder: z
    .strictObject({
      name: encoderName,
      crf: crf.optional(),
      options: namesOnly.pipe(z.record(encoderOptionName, z.string())).default({}),
    })
    .optional(),
});

/** A preset file's content, checked. */
export type Preset = z.infer<typeof presetSchema>;
