import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { DROP_POLICY_NAMES } from '../pipeline/policies/drop-policies.js';
import { parsePluginSpec } from '../plugin-spec.js';
import { didYouMean } from '../similar-name.js';

/** The sections of the help, by the subject of their options. */
export const OPTION_GROUPS = ['Input', 'Processing', 'Output', 'Real time', 'Speed', 'Viewers', 'Messages', 'Other'] as const;

/** The form of an option's text in the command. `pairs` and `plugins` may be repeated. A `switch` has no value. */
export type TextForm = 'switch' | 'text' | 'number' | 'size' | 'time' | 'list' | 'pairs' | 'plugins';

/** One option of a session: its name in the command, its valid values, and its help. */
export interface SessionOption {
  /** The command's flag with its value's placeholder; absent where only programs have the option. */
  readonly flag?: string;
  readonly form?: TextForm;
  readonly group: (typeof OPTION_GROUPS)[number];
  readonly help: string;
  /** Help of the flag with "no-" in it, of a switch that is neither on nor off where not given. */
  readonly negated?: string;
  /** The default in words. The value itself stands in the schema, a preset or a measurement. */
  readonly fallback?: string;
  readonly schema: z.ZodType;
  /** The type of the value that programs give, in TypeScript, where the schema does not say it. */
  readonly type?: string;
}

/** The largest frame that is accepted by default: 8K, 8192x4320 pixels. */
export const DEFAULT_MAX_PIXELS = 8192 * 4320;
/** An object with any names but `__proto__`, which would vanish silently wherever fields are copied. */
export const namesOnly = z.custom<Record<string, unknown>>((value) => typeof value !== 'object' || value === null || !Object.hasOwn(value, '__proto__'), {
  message: '"__proto__" cannot be the name of an option',
});
/** An encoder option's name, without ffmpeg's dash. */
export const encoderOptionName = z.string().regex(/^[a-z][a-z0-9_-]*$/i, 'an encoder option is letters, digits, _ and -');
/** An encoder's name in ffmpeg. */
export const encoderName = z.string().regex(/^[a-z0-9][\w-]*$/i, 'an encoder is a name such as libx264');
/** A plugin with its options, in the form in which a caller asks for it. */
export const pluginRequest = z.strictObject({ use: z.string().min(1), options: namesOnly.pipe(z.record(z.string(), z.unknown())).default({}) });
/** Width or height of the output in pixels. */
export const outputHeight = z.int().min(2).max(16384);
/** Quality of an encoder, on the encoder's own scale. */
export const crf = z.number().min(0).max(63);
/** Milliseconds from a frame's arrival to its deadline. */
export const budgetMs = z.number().min(5).max(10_000);
/** The name of a drop policy, for frames without time. */
export const dropPolicy = z.enum(DROP_POLICY_NAMES);
/** The engine that runs networks; "native:avx2" names one of its kernels. */
export const engine = z.union([z.enum(['auto', 'ort', 'native']), z.templateLiteral(['native:', z.string().regex(/^[a-z0-9-]+$/)])], {
  error: 'an engine is auto, ort, native or native:KERNEL',
});
/** An engine as it is asked for: auto, ort, native, or native with a kernel's name. */
export type EngineRequest = z.output<typeof engine>;
/** Names of plugins that may replace the chain's scaler. */
export const levels = z.array(z.string().min(1)).min(1);

/** A step of the chain as a program may write it: "./x.js?radius=2", the URL of a module, or a request. */
const pluginStep = z.unknown().transform((given, context): z.output<typeof pluginRequest> => {
  const complain = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (typeof given === 'object' && given !== null && typeof (given as { process?: unknown }).process === 'function')
    return complain(
      'this is a plugin itself, and plugins run in worker threads, to which functions cannot be sent: give its module, as a path, the name of a package, or new URL("./sharpen.js", import.meta.url)',
    );
  if (typeof given === 'string') {
    const { use, options } = parsePluginSpec(given);
    return use === '' ? complain('a plugin is a name, a path or a package, and this text is empty') : { use: pathOf(use), options: { ...options } };
  }
  const parsed = pluginRequest.safeParse(given instanceof URL ? { use: given.href } : withPath(given));
  if (parsed.success) return { ...parsed.data, use: pathOf(parsed.data.use) };
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});

function withPath(given: unknown): unknown {
  const { use } = (given ?? {}) as { use?: unknown };
  return use instanceof URL ? { ...(given as object), use: use.href } : given;
}

/** A module's URL as a path, and any other name as it is. */
function pathOf(use: string): string {
  return use.startsWith('file:') && URL.canParse(use) ? fileURLToPath(use) : use;
}

/** Options of an encoder, in order: pairs, or an object. */
const pairs = z.array(z.tuple([encoderOptionName, z.string()]));
const optionValue = z.union([z.string(), z.number(), z.boolean()]).transform((value) => (typeof value === 'boolean' ? String(Number(value)) : String(value)));
const encoderOptions = z.union([pairs, namesOnly.pipe(z.record(encoderOptionName, optionValue)).transform((given) => Object.entries(given))]);

const size = z.strictObject({ width: outputHeight, height: outputHeight });
const TRACKS = ['all', 'none', 'audio', 'subtitle', 'data', 'attachment', 'video'];
/** A word of the option tracks. */
const track = z.string().regex(new RegExp(`^-?(${TRACKS.join('|')}|\\d{1,4})$`), {
  error: ({ input }) => {
    const meant = didYouMean(String(input).replace(/^-/, ''), TRACKS);
    return `a track is ${TRACKS.join(', ')} or the number of a stream, with or without - in front${meant && `.${meant}`}`;
  },
});
const inputFormat = z.string().regex(/^\w+$/);
const pixFmt = z.string().regex(/^[a-z0-9]+$/, 'a pixel format is a name such as yuv420p');
const threads = z.int().min(1).max(256);
const milliseconds = z.int().positive();
const pixels = z
  .int()
  .positive()
  .max(16384 * 16384);

const MEASURED = 'measured once on this machine';
/** The names of the drop policies in words: "bypass, drop-oldest, drop-newest or block". */
export const POLICIES = [DROP_POLICY_NAMES.slice(0, -1).join(', '), DROP_POLICY_NAMES.at(-1)].join(' or ');

// biome-ignore format: a line an option
/**
 * The table of options: every option of a session, by its name in a program. The schema, the command's options and
 * help, the texts of errors and docs/options.md follow from it. A new option is a new line here. Every default of srvid
 * stands here, in a preset file or in a plugin's own options.
 */
export const SESSION_OPTIONS = {
  input: { group: 'Input', help: 'a video file or its http address, a picture, numbered pictures (shots/%05d.png), or - for standard input; in the command also a folder, or a pattern in quotes (docs/folders.md)', schema: z.string().min(1) },
  output: { group: 'Output', help: 'the file to write, numbered pictures (out/%05d.png), or - for standard output; a folder for a folder', schema: z.string().min(1) },
  preset: { flag: '--preset <name|file>', group: 'Processing', help: 'the preset to run: a name that "srvid presets" lists, or a JSON file', fallback: 'abpn', schema: z.string().min(1).default('abpn') },
  plugins: { flag: '--plugin <spec>', form: 'plugins', group: 'Processing', help: "add a plugin after the preset's: name, ./file.js, package; options as ?name=value (repeatable)", schema: z.array(pluginStep).default([]), type: 'readonly PluginStep[]' },
  pluginsBefore: { flag: '--plugin-before <spec>', form: 'plugins', group: 'Processing', help: "add a plugin before the preset's, in the size of the source (repeatable)", schema: z.array(pluginStep).default([]), type: 'readonly PluginStep[]' },
  onPluginError: { flag: '--on-plugin-error <what>', group: 'Processing', help: 'fail: the run ends; bypass: the frame passes without the plugin', fallback: 'fail', schema: z.enum(['fail', 'bypass']).default('fail') },
  model: { flag: '--model <file>', group: 'Processing', help: "run this ONNX network instead of the preset's plugins (docs/own-network.md)", schema: z.string().min(1).optional() },
  scale: { flag: '--scale <n>', form: 'number', group: 'Processing', help: 'enlarge n times', fallback: '2', schema: z.number().positive().max(16).optional() },
  size: { flag: '--size <WxH>', form: 'size', group: 'Processing', help: "enlarge to exactly this size; the pixel's shape makes up for another aspect", schema: size.optional() },
  height: { flag: '--height <n>', form: 'number', group: 'Processing', help: 'make the output this high, keeping the aspect; a height below the source\'s reduces it after the network', schema: outputHeight.optional() },
  debugMap: { flag: '--debug-map', form: 'switch', group: 'Processing', help: 'paint over the picture which pixels a network took for hard ones, which it decides for each (docs/pcsr.md)', schema: z.boolean().default(false) },
  content: { flag: '--content <kind>', group: 'Processing', help: 'auto, clean, video or coarse: networks for clean, compressed or strongly compressed sources, where there are such (docs/compressed-video.md)', fallback: 'auto, by the source', schema: z.enum(['auto', 'clean', 'video', 'coarse']).default('auto') },
  encoder: { flag: '--encoder <name>', group: 'Output', help: "video encoder by ffmpeg's name", fallback: 'libx264', schema: encoderName.optional() },
  crf: { flag: '--crf <n>', form: 'number', group: 'Output', help: 'quality of the encoder, smaller is better', fallback: "the preset's", schema: crf.optional() },
  encoderOptions: { flag: '--encoder-option <k=v>', form: 'pairs', group: 'Output', help: 'an option of the encoder, by ffmpeg\'s name (repeatable)', schema: encoderOptions.default([]), type: 'EncoderOptions' },
  pixFmt: { flag: '--pix-fmt <name>', group: 'Output', help: 'pixel format to encode', fallback: "the source's", schema: pixFmt.optional() },
  deinterlace: { flag: '--deinterlace <mode>', group: 'Input', help: 'auto or off: what to do with interlaced sources', fallback: 'auto', schema: z.enum(['auto', 'off']).default('auto') },
  allowReferences: { flag: '--allow-references', form: 'switch', group: 'Input', help: 'let the input name other files to open: playlists, scripts', schema: z.boolean().default(false) },
  maxPixels: { flag: '--max-pixels <n>', form: 'number', group: 'Input', help: 'refuse frames of more pixels', fallback: `${DEFAULT_MAX_PIXELS}, 8K`, schema: pixels.default(DEFAULT_MAX_PIXELS) },
  frameRate: { flag: '--frame-rate <n>', form: 'number', group: 'Input', help: 'frames a second of numbered pictures, and of frames that a program gives without times', fallback: '25', schema: z.number().positive().max(1000).optional() },
  startNumber: { flag: '--start-number <n>', form: 'number', group: 'Input', help: 'number of the first picture, of numbered pictures in and out', fallback: 'the lowest there is, and out 1', schema: z.int().min(0).max(2 ** 31 - 1).optional() },
  strict: { flag: '--strict', form: 'switch', group: 'Input', help: 'refuse what would lose something, instead of warning', schema: z.boolean().default(false) },
  salvage: { flag: '--salvage', form: 'switch', group: 'Input', help: 'keep what can be decoded of a damaged input, instead of failing', schema: z.boolean().default(false) },
  models: { flag: '--models <dir>', group: 'Processing', help: "networks from this folder's manifest.json instead of srvid's own", schema: z.string().min(1).optional() },
  start: { flag: '--start <time>', form: 'time', group: 'Input', help: 'begin at this time of the input: 90, 1:30, 1500ms', schema: z.number().nonnegative().optional() },
  duration: { flag: '--duration <time>', form: 'time', group: 'Input', help: 'stop after this much of the input', schema: z.number().positive().optional() },
  keepStart: { flag: '--keep-start', form: 'switch', group: 'Output', help: "keep the input's clock, whatever time it begins at, instead of beginning at 0", schema: z.boolean().default(false) },
  realtime: { flag: '--realtime', form: 'switch', group: 'Real time', help: 'process frames under deadlines: a file at its own rate, standard input as it comes (docs/realtime.md)', schema: z.boolean().default(false) },
  budgetMs: { flag: '--budget-ms <n>', form: 'number', group: 'Real time', help: 'in real time: from arrival to the encoder', fallback: '100', schema: budgetMs.optional() },
  policy: { flag: '--policy <name>', group: 'Real time', help: `in real time, for frames without time: ${POLICIES}`, fallback: 'bypass', schema: dropPolicy.optional() },
  levels: { flag: '--levels <names>', form: 'list', group: 'Real time', help: 'in real time: networks to choose among, such as abpn,swift', fallback: 'all that are cheaper', schema: levels.optional() },
  workers: { flag: '--workers <n>', form: 'number', group: 'Speed', help: 'threads that run networks', fallback: MEASURED, schema: threads.optional() },
  threads: { flag: '--threads <n>', form: 'number', group: 'Speed', help: 'threads inside each run of a network', fallback: MEASURED, schema: threads.optional() },
  precision: { flag: '--precision <p>', group: 'Speed', help: 'auto, int8 or fp32', fallback: 'auto, the faster one here, measured once', schema: z.enum(['auto', 'int8', 'fp32']).default('auto') },
  engine: { flag: '--engine <name>', group: 'Speed', help: 'auto, ort (ONNX Runtime) or native (docs/native.md)', fallback: 'auto, the faster one here, measured once', schema: engine.default('auto') },
  device: { flag: '--device <name>', group: 'Speed', help: 'cpu, cuda, webgpu, coreml or dml', fallback: 'cpu', schema: z.enum(['cpu', 'cuda', 'webgpu', 'coreml', 'dml']).default('cpu') },
  retune: { flag: '--retune', form: 'switch', group: 'Speed', help: 'measure again what was measured once', schema: z.boolean().default(false) },
  format: { flag: '--format <name>', group: 'Output', help: 'kind of file to write, where the name does not say it: mp4, matroska ...', schema: z.string().optional() },
  tracks: { flag: '--tracks <list>', form: 'list', group: 'Output', help: 'streams that come along beside the video: all, none, audio, subtitle, data, attachment, video (covers, other cameras) or numbers of streams; with - in front it is left out', fallback: 'all', schema: z.array(track).min(1).optional() },
  inputFormat: { flag: '--input-format <name>', group: 'Input', help: 'kind of file that standard input is, where its bytes do not say it', schema: inputFormat.optional() },
  overwrite: { flag: '-y, --yes', form: 'switch', group: 'Output', help: 'overwrite the output where it exists', schema: z.boolean().default(false) },
  resume: { flag: '--resume', form: 'switch', group: 'Output', help: 'work in segments that are kept until all are done: the same command goes on where it was stopped (docs/long-jobs.md)', negated: 'work in one piece, of which nothing is kept', fallback: 'for inputs of more than ten minutes', schema: z.boolean().optional() },
  segment: { flag: '--segment <seconds>', form: 'number', group: 'Output', help: 'work in segments of at least so many seconds, from a keyframe to a keyframe', fallback: '30', schema: z.number().min(1).max(600).optional() },
  taskTimeoutMs: { group: 'Other', help: "milliseconds that one task in a worker may take, far above any frame's time: it ends only what would never end", fallback: '120000', schema: milliseconds.default(120_000) },
  stallTimeoutMs: { group: 'Other', help: 'milliseconds in which ffmpeg may neither give nor take data before it counts as hung; the reader of standard output, or of a stream, may pause for any time', fallback: '60000', schema: milliseconds.default(60_000) },
  progressIntervalMs: { group: 'Other', help: 'milliseconds between two reports of progress', fallback: '500', schema: milliseconds.default(500) },
} as const satisfies Readonly<Record<string, SessionOption>>;

/** The name of a session option in a program. */
export type SessionOptionName = keyof typeof SESSION_OPTIONS;

/** The table's schemas alone, in the form of a zod object's fields. */
export function sessionShape(): { [name in SessionOptionName]: (typeof SESSION_OPTIONS)[name]['schema'] } {
  const schemas = Object.entries(SESSION_OPTIONS).map(([name, { schema }]) => [name, schema]);
  return Object.fromEntries(schemas) as { [name in SessionOptionName]: (typeof SESSION_OPTIONS)[name]['schema'] };
}

/**
 * A message in the words of programs: the command's flags in it become the names of options, "-y" becomes
 * "overwrite: true".
 */
export function inWordsOfPrograms(message: string): string {
  return Object.entries(SESSION_OPTIONS as Readonly<Record<string, SessionOption>>).reduce((text, [name, { flag, form, negated }]) => {
    if (flag === undefined) return text;
    const words = form === 'switch' ? `${name}: true` : name;
    const spellings = flag.split(/[ ,]+/).filter((part) => part.startsWith('-'));
    const inWords = (before: string, spelling: string, after: string) => before.replaceAll(new RegExp(`(?<![\\w-])${spelling}(?![\\w-])`, 'g'), after);
    const positive = spellings.reduce((changed, spelling) => inWords(changed, spelling, words), text);
    return negated === undefined ? positive : inWords(positive, negatedFlag(flag), `${name}: false`);
  }, message);
}

/** The flag that switches an option off, such as "--no-resume" for "--resume". */
export function negatedFlag(flag: string): string {
  return flag.replace('--', '--no-');
}

/** The command's flag for a program's option, such as "--budget-ms"; undefined where it has none. */
export function flagOf(name: string): string | undefined {
  const { flag }: Partial<SessionOption> = Object.hasOwn(SESSION_OPTIONS, name) ? SESSION_OPTIONS[name as SessionOptionName] : {};
  return /--[a-z-]+/.exec(flag ?? '')?.[0];
}
