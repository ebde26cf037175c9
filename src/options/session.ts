import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { SrvidError } from '../errors.js';
import type { DropPolicyName } from '../pipeline/policies/drop-policies.js';
import { didYouMean } from '../similar-name.js';
import { blur } from './blur.js';
import { compression } from './compression.js';
import type { Preset } from './preset.js';
import type { InputRequest, ProcessingRequest, SessionRequest } from './requests.js';
import { flagOf, sessionShape } from './table.js';

/** The fields of a session's options, for schemas that take some of them. */
export const sessionFields = z.strictObject(sessionShape());

/** The options that say where frames come from. */
export const inputFields = sessionFields.pick({
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
  frameRate: true,
  startNumber: true,
});

/** The options that say what is done to frames: nothing of input or output. */
export const processingFields = sessionFields.pick({
  ...{
    preset: true,
    model: true,
    plugins: true,
    pluginsBefore: true,
    onPluginError: true,
    scale: true,
    size: true,
    height: true,
    content: true,
    debugMap: true,
  },
  ...{ realtime: true, budgetMs: true, policy: true, levels: true },
  ...{ workers: true, threads: true, precision: true, engine: true, device: true, retune: true, models: true, taskTimeoutMs: true },
});

/** The options that say what is written: all others. */
export const outputFields = sessionFields.omit({ ...maskOf(inputFields), ...maskOf(processingFields) });

/** The rules that hold among options of processing. */
function checkProcessing(options: z.output<typeof processingFields>, context: z.RefinementCtx): void {
  const { scale, size, height, realtime, budgetMs, policy, levels } = options;
  const complain = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message });
  if ([scale, size, height].filter((given) => given !== undefined).length > 1)
    complain('scale', '--scale, --size and --height each set the output size: give one of them');
  if (!realtime && (budgetMs ?? policy ?? levels) !== undefined)
    complain('realtime', '--budget-ms, --policy and --levels are for real time: give --realtime, too');
}

const processingSchema = processingFields.superRefine(checkProcessing);
/** Noise that an evaluation adds: the deviation of Gaussian noise in levels, or that of a sensor. */
const noise = z.union([z.number().positive().max(100), z.literal('poisson')]);
/** Input and processing, for what encodes nothing. */
const evaluationSchema = z
  .strictObject({ ...inputFields.shape, ...processingFields.shape, blur: blur.optional(), noise: noise.optional(), compress: compression.optional() })
  .superRefine(checkProcessing);
/** Everything a session can be told; each option stands in the table of options/table.ts. */
export const sessionSchema = sessionFields.superRefine(checkProcessing).superRefine(({ keepStart, start, duration }, context) => {
  if (keepStart && (start ?? duration) !== undefined)
    context.addIssue({ code: 'custom', path: ['keepStart'], message: 'a cut begins at 0: leave --keep-start out, or --start and --duration' });
});

/** Options of a session, checked, with their defaults. */
export type SessionOptions = z.output<typeof sessionSchema>;
/** Options of input, checked, with their defaults: where frames come from. */
export type InputOptions = z.output<typeof inputFields>;
/** Options of processing, checked, with their defaults. */
export type ProcessingOptions = z.output<typeof processingSchema>;
/** Options of output, checked, with their defaults: a session's options that are neither of input nor of processing. */
export type OutputOptions = Omit<SessionOptions, keyof ProcessingOptions | keyof InputOptions>;
/** Options of input and processing as a caller gives them: `input` is a folder of pictures, a picture or a video. */
export interface EvaluationRequest extends InputRequest, ProcessingRequest {
  readonly input: string;
  /** A blur and its size, "motion:9:45", for what the chain gets: see `--blur` in docs/eval.md. */
  readonly blur?: string | undefined;
  /** Noise to add to what the chain gets: the deviation of Gaussian noise in levels of 0 to 255, or 'poisson'. */
  readonly noise?: number | 'poisson' | undefined;
  /** A codec and its quality, "x264:28": the small frames of a clip are compressed by it. */
  readonly compress?: string | undefined;
}
/** Options of input and processing, checked, with their defaults. */
export type EvaluationOptions = z.output<typeof evaluationSchema>;

/** Treatment of frames under deadlines. */
export interface RealtimeSettings {
  readonly budgetMs: number;
  readonly policy: DropPolicyName;
  readonly levels: readonly string[] | undefined;
}

/** Settings of real time: the caller's options go before the preset's, and those before the defaults; undefined where frames have no deadlines. */
export function realtimeSettings(options: ProcessingOptions, { realtime: preset }: Preset): RealtimeSettings | undefined {
  if (!options.realtime) return undefined;
  return {
    budgetMs: options.budgetMs ?? preset?.budgetMs ?? 100,
    policy: options.policy ?? preset?.policy ?? 'bypass',
    levels: options.levels ?? preset?.levels,
  };
}

/** One single-threaded worker per core: the layout where nothing was measured. */
export function defaultWorkers(): number {
  return availableParallelism();
}

/** Options of a session. @throws SRVID_OPTION_INVALID naming each option that is wrong */
export const parseSessionOptions = (request: SessionRequest): SessionOptions => parse(sessionSchema, request);

/** Options of processing alone. @throws SRVID_OPTION_INVALID */
export const parseProcessingOptions = (request: ProcessingRequest): ProcessingOptions => parse(processingSchema, request);

/** Options of input and processing. @throws SRVID_OPTION_INVALID */
export const parseEvaluationOptions = (request: EvaluationRequest): EvaluationOptions => parse(evaluationSchema, request);

function maskOf<Shape extends z.ZodRawShape>({ shape }: z.ZodObject<Shape>): { [name in keyof Shape]: true } {
  return Object.fromEntries(Object.keys(shape).map((name) => [name, true])) as { [name in keyof Shape]: true };
}

function parse<Options>(schema: z.ZodType<Options>, request: unknown): Options {
  const parsed = schema.safeParse(request);
  if (parsed.success) return Object.freeze(parsed.data);
  const complaints = parsed.error.issues.map((issue) => {
    const flag = flagOf(String(issue.path[0]));
    // The place in a list says nothing to whoever typed it; the field of a size does.
    const asTyped = flag && [flag, ...issue.path.slice(1).filter((key) => typeof key === 'string')].join('.');
    return { flag, asTyped, name: issue.path.join('.') || 'options', text: wordsOf(issue, request) };
  });
  const message = complaints.map(({ name, asTyped, text }) => `${asTyped ?? name}: ${text}`).join('; ');
  const details = { options: complaints.map(({ name, text }) => `${name}: ${text}`), flags: complaints.flatMap(({ flag }) => flag ?? []) };
  throw new SrvidError('SRVID_OPTION_INVALID', `These options are not valid: ${message}.`, details);
}

/** A schema's complaint. A word that is none of those allowed, and a name that is no option, are answered with the nearest that is. */
function wordsOf(issue: z.core.$ZodIssue, request: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(sessionFields.shape);
    return issue.keys
      .map((key) => `there is no option ${JSON.stringify(key)}.${didYouMean(key, known)}`)
      .join(' ')
      .replace(/\.$/, '');
  }
  const given: unknown = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], request);
  if (issue.code !== 'invalid_value' || typeof given !== 'string') return issue.message;
  const allowed = issue.values.map(String);
  return `${JSON.stringify(given)} is not ${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}.${didYouMean(given, allowed)}`.replace(/\.$/, '');
}
