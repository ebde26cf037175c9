import { type Command, InvalidArgumentError } from 'commander';
import { messageOf } from '../errors.js';
import type { SessionRequest } from '../options.js';
import { parseTime } from '../pipeline/time.js';
import { parsePluginSpec } from '../plugins/registry.js';

/** What commander makes of the main command's options. */
export interface RunFlags {
  readonly preset?: string;
  readonly plugin?: readonly string[];
  readonly scale?: number;
  readonly size?: { readonly width: number; readonly height: number };
  readonly height?: number;
  readonly encoder?: string;
  readonly crf?: number;
  readonly encoderOption?: readonly (readonly [string, string])[];
  readonly pixFmt?: string;
  readonly deinterlace?: 'auto' | 'off';
  readonly allowReferences?: boolean;
  readonly maxPixels?: number;
  readonly strict?: boolean;
  readonly salvage?: boolean;
  readonly models?: string;
  readonly start?: number;
  readonly duration?: number;
  readonly workers?: number;
  readonly threads?: number;
  readonly precision?: 'auto' | 'int8' | 'fp32';
  readonly device?: string;
  readonly retune?: boolean;
  readonly realtime?: boolean;
  readonly budgetMs?: number;
  readonly policy?: string;
  readonly levels?: readonly string[];
  readonly format?: string;
  readonly inputFormat?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly yes?: boolean;
}

/** Declares `srvid <input> <output> [options]`. */
export function addRunOptions(command: Command): Command {
  return command
    .argument('<input>', 'a video file, or - for standard input')
    .argument('<output>', 'the file to write, or - for standard output')
    .option('--preset <name|file>', 'what to run: a name that "srvid presets" lists, or a JSON file (default: abpn)')
    .option('--plugin <spec>', "add a plugin after the preset's: name, ./file.js, package; options as ?name=value (repeatable)", collect)
    .option('--scale <n>', 'enlarge n times (default: 2)', number)
    .option('--size <WxH>', 'enlarge to exactly this size', size)
    .option('--height <n>', 'enlarge to this height, keeping the aspect', number)
    .option('--encoder <name>', "video encoder by ffmpeg's name (default: libx264)")
    .option('--crf <n>', "quality of the encoder, smaller is better (default: the preset's)", number)
    .option('--encoder-option <k=v>', 'an option of the encoder (repeatable)', collectPair)
    .option('--pix-fmt <name>', "pixel format to encode (default: the source's)")
    .option('--deinterlace <mode>', 'auto or off: what to do with interlaced sources (default: auto)')
    .option('--allow-references', 'let the input name other files to open: playlists, scripts, numbered pictures')
    .option('--max-pixels <n>', 'refuse frames of more pixels (default: 35389440, 8K)', number)
    .option('--strict', 'refuse what would lose something, instead of warning')
    .option('--salvage', 'keep what can be decoded of a damaged input, instead of failing')
    .option('--models <dir>', "networks from this folder's manifest.json instead of srvid's own")
    .option('--start <time>', 'begin at this time of the input: 90, 1:30, 1500ms', (text) => time(text, '--start'))
    .option('--duration <time>', 'stop after this much of the input', (text) => time(text, '--duration'))
    .option('--realtime', 'process frames under deadlines: a file at its own rate, standard input as it comes (docs/realtime.md)')
    .option('--budget-ms <n>', 'in real time: from arrival to the encoder (default: 100)', number)
    .option('--policy <name>', 'in real time, for frames without time: bypass, drop-oldest, drop-newest or block (default: bypass)')
    .option('--levels <names>', 'in real time: networks to choose among, such as abpn,swift (default: all that are cheaper)', list)
    .option('--workers <n>', 'threads that run networks (default: measured once on this machine)', number)
    .option('--threads <n>', 'threads inside each run of a network (default: measured once on this machine)', number)
    .option('--precision <p>', 'auto, int8 or fp32 (default: auto, the faster one here, measured once)')
    .option('--device <name>', 'cpu, cuda, webgpu, coreml or dml (default: cpu)')
    .option('--retune', 'measure again what was measured once')
    .option('--format <name>', 'kind of file to write, where the name does not say it: mp4, matroska ...')
    .option('--input-format <name>', 'kind of file that standard input is, where its bytes do not say it')
    .option('--json', 'tell what happens as JSON lines on standard output')
    .option('-q, --quiet', 'say nothing but errors')
    .option('--verbose', 'say how the run is planned; print stacks of errors')
    .option('-y, --yes', 'overwrite the output where it exists');
}

/** Flags to a session's options; those not given stay away, so that the defaults stand in one place. */
export function requestFrom(input: string, output: string, flags: RunFlags): SessionRequest {
  const { plugin, encoderOption, yes, json, quiet, verbose, ...same } = flags;
  return {
    ...same,
    input,
    output,
    ...(plugin ? { plugins: plugin.map(parsePluginSpec).map(({ use, options }) => ({ use, options: { ...options } })) } : {}),
    ...(encoderOption ? { encoderOptions: encoderOption.map(([name, value]): [string, string] => [name, value]) } : {}),
    overwrite: yes ?? false,
  } as SessionRequest;
}

export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

export function list(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim());
}

function collectPair(value: string, previous: readonly (readonly [string, string])[] = []): readonly (readonly [string, string])[] {
  const mark = value.indexOf('=');
  if (mark < 1) throw new InvalidArgumentError('Expected name=value, such as preset=slow.');
  return [...previous, [value.slice(0, mark), value.slice(mark + 1)]];
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

export function size(text: string): { width: number; height: number } {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (!match) throw new InvalidArgumentError('Expected WIDTHxHEIGHT, such as 1920x1080.');
  return { width: Number(match[1]), height: Number(match[2]) };
}

/** A parser for an option that is one of a few numbers. */
export function oneOf<const T extends number>(...allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((value) => String(value) === text);
    if (found === undefined) throw new InvalidArgumentError(`Expected ${allowed.join(' or ')}.`);
    return found;
  };
}

export function time(text: string, option: string): number {
  try {
    return parseTime(text, option);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}
