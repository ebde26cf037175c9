import * as z from 'zod';
import { sessionFields } from './session.js';
import { budgetMs } from './table.js';

/** Bits a second: 8000000, "8M", "800k". */
const bitrate = z.union([z.number(), z.string().regex(/^\d+(\.\d+)?[kM]?$/, 'a bitrate is bits a second, such as 8M or 800k')]).transform((given, context) => {
  const text = String(given);
  const bits = Number.parseFloat(text) * (text.endsWith('M') ? 1e6 : text.endsWith('k') ? 1e3 : 1);
  if (bits >= 50_000 && bits <= 500e6) return Math.round(bits);
  context.addIssue({ code: 'custom', message: 'a bitrate lies between 50k and 500M' });
  return z.NEVER;
});

/** One stream of a relay: its source, and how it is processed. */
export const streamSchema = sessionFields
  .pick({ model: true, plugins: true, pluginsBefore: true, onPluginError: true, scale: true, size: true, height: true, models: true })
  .extend(sessionFields.pick({ policy: true, levels: true, workers: true, threads: true, precision: true, engine: true, device: true }).shape)
  .extend(sessionFields.pick({ inputFormat: true, deinterlace: true, allowReferences: true, maxPixels: true }).shape)
  .extend({
    /** A URL, a capture device ("v4l2:/dev/video0"), a file, "-" for standard input, "push" for what a client sends. */
    input: z.string().min(1),
    preset: z.string().min(1).default('live-1080p'),
    /** More than a preset's: what comes and goes over a network is late by more than these 20 ms, which let far more frames be processed. */
    budgetMs: budgetMs.default(120),
    /** Begin a file anew when it ends. */
    loop: z.boolean().default(false),
    /** Run only while somebody watches. */
    onDemand: z.boolean().default(false),
    /** At most, of the super-resolved rendition. */
    bitrate: bitrate.default(8_000_000),
    /** File that the super-resolved rendition is written to as well. */
    record: z.string().min(1).optional(),
    /** Milliseconds without data after which the source counts as gone. */
    silenceMs: z.int().min(1000).default(15_000),
    /** Milliseconds after which an encoder that takes nothing counts as hung. */
    stallTimeoutMs: z.int().positive().default(10_000),
  });

/** Options of a relay's stream, checked, with their defaults. */
export type StreamOptions = z.output<typeof streamSchema>;

/** A relay's configuration file: streams by name. */
export const relaySchema = z.strictObject({
  version: z.literal(1),
  streams: z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'a name is 1 to 64 letters, digits, _ and -'), streamSchema),
});
