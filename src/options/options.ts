import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { SrvidError } from '../errors.js';
import type { DropPolicyName } from '../pipeline/engine/realtime/policies.js';
import { budgetMs, crf, dropPolicy, encoderName, encoderOptionName, flagOf, levels, namesOnly, outputHeight, pluginRequest, sessionShape } from './table.js';

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

export type Preset = z.infer<typeof presetSchema>;

const sessionFields = z.strictObject(sessionShape());

/** The options that say where frames come from. */
const inputFields = sessionFields.pick({
  input: true,
  inputFormat: true,
  start: true,
  duration: true,
  deinterlace: true,
  strict: true,
  salvage: true,
  stallTimeoutMs: true,
  allowReferences: true,
  maxPixels: true,
});

/** The options that say what is done to frames: nothing of input or output. */
const processingFields = sessionFields.pick({
  ...{ preset: true, plugins: true, scale: true, size: true, height: true },
  ...{ realtime: true, budgetMs: true, policy: true, levels: true },
  ...{ workers: true, threads: true, precision: true, device: true, retune: true, models: true, taskTimeoutMs: true },
});

/** The rules that hold among options of processing. */
function checkProcessing(options: z.output<typeof processingFields>, context: z.RefinementCtx): void {
  const { scale, size, height, realtime, budgetMs, policy, levels } = options;
  const complain = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message });
  if ([scale, size, height].filter((given) => given !== undefined).length > 1)
    complain('scale', 'scale, size and height each set the output size: give one of them');
  if (!realtime && (budgetMs ?? policy ?? levels) !== undefined) complain('realtime', 'budgetMs, policy and levels are for real time: give --realtime, too');
}

const inputSchema = inputFields;
const processingSchema = processingFields.superRefine(checkProcessing);
/** Input and processing, for what encodes nothing. */
const evaluationSchema = z.strictObject({ ...inputFields.shape, ...processingFields.shape }).superRefine(checkProcessing);
/** Everything a session can be told; each option stands in the table of options/table.ts. */
export const sessionSchema = sessionFields.superRefine(checkProcessing);

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
  .pick({ plugins: true, scale: true, size: true, height: true, inputFormat: true, policy: true, levels: true, workers: true, threads: true })
  .extend(sessionFields.pick({ precision: true, device: true, models: true, deinterlace: true, allowReferences: true, maxPixels: true }).shape)
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
    /** How long the source may give nothing before it counts as gone. */
    silenceMs: z.int().min(1000).default(15_000),
    /** How long an encoder may take nothing before it counts as hung. */
    stallTimeoutMs: z.int().positive().default(10_000),
  });

export type StreamOptions = z.output<typeof streamSchema>;

/** A relay's configuration file: streams by name. */
export const relaySchema = z.strictObject({
  version: z.literal(1),
  streams: z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'a name is 1 to 64 letters, digits, _ and -'), streamSchema),
});

/** Options of a session as a caller gives them. */
export type SessionRequest = z.input<typeof sessionSchema>;
/** Options of a session, checked, with their defaults. */
export type SessionOptions = z.output<typeof sessionSchema>;
/** Where frames come from. */
export type InputOptions = z.output<typeof inputSchema>;
/** What is done to frames. */
export type ProcessingOptions = z.output<typeof processingSchema>;
export type ProcessingRequest = z.input<typeof processingSchema>;
/** Where frames go to: a session's options that are neither of input nor of processing. */
export type OutputOptions = Omit<SessionOptions, keyof ProcessingOptions | keyof InputOptions>;
export type EvaluationRequest = z.input<typeof evaluationSchema>;
export type EvaluationOptions = z.output<typeof evaluationSchema>;

/** How frames are treated under deadlines. */
export interface RealtimeSettings {
  readonly budgetMs: number;
  readonly policy: DropPolicyName;
  readonly levels: readonly string[] | undefined;
}

/** What the caller says goes before the preset, that before the default; undefined where frames have no deadlines. */
export function realtimeSettings(options: ProcessingOptions, { realtime: preset }: Preset): RealtimeSettings | undefined {
  if (!options.realtime) return undefined;
  return {
    budgetMs: options.budgetMs ?? preset?.budgetMs ?? 100,
    policy: options.policy ?? preset?.policy ?? 'bypass',
    levels: options.levels ?? preset?.levels,
  };
}

/** A hang costs a real-time session one worker until it is ended; a file only time. */
export function taskTimeoutMs({ taskTimeoutMs, realtime }: Pick<ProcessingOptions, 'taskTimeoutMs' | 'realtime'>): number {
  return taskTimeoutMs ?? (realtime ? 10_000 : 120_000);
}

/** As many threads as there are cores, each working by itself: the choice where nothing was measured. */
export function defaultWorkers(): number {
  return availableParallelism();
}

/**
 * What bounds the relay. Bytes and counts are limits; a client that exceeds one is refused or closed, never waited for.
 */
export const RELAY_DEFAULTS = {
  /** The longest fragment that is taken from an encoder. */
  maxFragmentBytes: 64 << 20,
  /** What is kept for late joiners since the last keyframe; a longer group of pictures is not kept at all. */
  maxBacklogBytes: 3 << 20,
  /** What may wait for one viewer: four seconds at 8 Mbit/s. More than the backlog, so that nobody joins with a gap. */
  maxViewerBytes: 4 << 20,
  /** A viewer that takes nothing at all, and one that gets no keyframe through, are closed after so long. */
  stuckMs: 10_000,
  behindMs: 30_000,
  maxViewers: 100,
  /** Connections that are not (yet) viewers or pushers: pages, scrapers, handshakes. */
  maxOtherConnections: 100,
  /** Of one address: so many requests at once, and then so many a second. A page is a dozen. */
  attemptBurst: 200,
  attemptsPerSecond: 10,
  maxMessageBytes: 64 << 10,
  messagesPerSecond: 20,
  maxIngestMessageBytes: 4 << 20,
  /** What a pusher's stream may hold that was not read yet; beyond it the socket is not read. */
  maxIngestBytes: 1 << 20,
  /** Until a request's headers must be there. */
  handshakeMs: 10_000,
  pingMs: 15_000,
  /** Without a sign of life for so long a connection is ended. */
  silentMs: 30_000,
  /** Until a connection that was asked to close is ended. */
  closeMs: 3_000,
} as const satisfies Readonly<Record<string, number>>;

export type RelayLimits = { readonly [name in keyof typeof RELAY_DEFAULTS]: number };

/** Encoder settings where neither preset nor caller has any. */
export const DEFAULT_ENCODER = { name: 'libx264', crf: 18, options: { preset: 'veryfast' } } as const;

/** Encoders for containers that cannot hold what presets encode to, by muxer; used where the caller names none. */
export const CONTAINER_ENCODERS: Readonly<Record<string, NonNullable<Preset['encoder']>>> = {
  webm: { name: 'libvpx-vp9', crf: 24, options: { b: '0', deadline: 'good', 'cpu-used': '4', 'row-mt': '1' } },
};

/** Options of a session. @throws SRVID_OPTION_INVALID naming each option that is wrong */
export const parseSessionOptions = (request: SessionRequest): SessionOptions => parse(sessionSchema, request);

/** Options of input alone. @throws SRVID_OPTION_INVALID */
export const parseInputOptions = (request: z.input<typeof inputSchema>): InputOptions => parse(inputSchema, request);

/** Options of processing alone. @throws SRVID_OPTION_INVALID */
export const parseProcessingOptions = (request: ProcessingRequest): ProcessingOptions => parse(processingSchema, request);

/** Options of input and processing. @throws SRVID_OPTION_INVALID */
export const parseEvaluationOptions = (request: EvaluationRequest): EvaluationOptions => parse(evaluationSchema, request);

function parse<Options>(schema: z.ZodType<Options>, request: unknown): Options {
  const parsed = schema.safeParse(request);
  if (parsed.success) return Object.freeze(parsed.data);
  const complaints = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`);
  const flags = parsed.error.issues.flatMap((issue) => flagOf(String(issue.path[0])) ?? []);
  throw new SrvidError('SRVID_OPTION_INVALID', `These options are not valid: ${complaints.join('; ')}.`, { options: complaints, flags });
}
