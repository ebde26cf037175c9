import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { SrvidError } from '../errors.js';
import type { SessionRequest } from '../options/requests.js';
import { flagOf } from '../options/table.js';
import type { EncodePlan } from '../pipeline/output/encode-plan.js';
import { ownFiles } from '../plugins/own-files.js';
import { modelsOfGroups } from '../plugins/plan/groups.js';
import type { WorkRun } from '../prepare.js';
import { packageVersion } from '../version.js';
import type { Journal } from './journal.js';
import type { Fingerprint } from './scheduler.js';
import { fileHash } from './source-mark.js';

/** Options that change when and how fast a result is there, and not the result. Input and output are compared as files. */
const WITHOUT_EFFECT = new Set([
  ...['input', 'output', 'overwrite', 'retune', 'workers', 'threads', 'resume'],
  ...['taskTimeoutMs', 'stallTimeoutMs', 'progressIntervalMs'],
]);

/** All that makes a result beside the source, as texts by name. Equal texts make equal results. */
export async function makesOf({ options, groups, preset, binary }: WorkRun, { encoder }: EncodePlan): Promise<Readonly<Record<string, string>>> {
  const given = Object.entries(options).filter(([name, value]) => value !== undefined && !WITHOUT_EFFECT.has(name));
  const networks = modelsOfGroups(groups).map(({ entry }) => [`the network ${entry.id}`, entry.sha256] as const);
  const files = await Promise.all((await ownFiles(options)).map(async (path) => [`the file ${path}`, await fileHash(path)] as const));
  return {
    ...Object.fromEntries(given.map(([name, value]) => [flagOf(name) ?? name, textOf(value)])),
    ...Object.fromEntries([...networks, ...files]),
    'the preset': hashOf(JSON.stringify(preset.preset)),
    'the encoder': textOf(encoder),
    srvid: packageVersion(),
    ffmpeg: binary.version,
  };
}

/** The name of a job: equal source, options and output have equal names. */
export function nameOfWhole(source: Fingerprint, makes: Readonly<Record<string, string>>, output: string): string {
  return hashOf(JSON.stringify([source.sha256, source.bytes, Object.entries(makes).sort(), output])).slice(0, 16);
}

/**
 * Compares a job that was begun with one that is asked for.
 * @throws SRVID_JOB_DIFFERS naming each difference
 */
export function assertSameJob(folder: string, begun: Journal, asked: Pick<Journal, 'source' | 'makes'>): void {
  const differences = [...sourceDifferences(begun.source, asked.source), ...differencesOf(begun.makes, asked.makes)];
  if (differences.length === 0) return;
  const done = Object.keys(begun.pieces).length;
  throw new SrvidError(
    'SRVID_JOB_DIFFERS',
    `${begun.output} was begun by an earlier run, of which ${done} of ${begun.spans.length} segments are kept, but not in this way: ${differences.join('; ')}. Give the same source and options to go on, remove what is kept by "srvid jobs clean ${begun.output}", or give --no-resume to leave it alone.`,
    { folder, differences },
  );
}

/**
 * A session's options as plain JSON that means the same in any folder.
 * @param input the source's absolute path
 */
export function portableOptions({ options }: WorkRun, input: string): SessionRequest & Readonly<Record<string, unknown>> {
  const { preset, model, models, plugins, pluginsBefore } = options;
  const isPath = (name: string) => /[/\\]/.test(name) && !name.startsWith('@');
  const step = (plugin: (typeof plugins)[number]) => ({ ...plugin, use: isPath(plugin.use) ? resolve(plugin.use) : plugin.use });
  const absolute = {
    ...{ input, output: resolve(options.output), preset: isPath(preset) ? resolve(preset) : preset },
    ...{ plugins: plugins.map(step), pluginsBefore: pluginsBefore.map(step) },
    ...(model !== undefined && { model: isPath(model) ? resolve(model) : model }),
    ...(models !== undefined && { models: resolve(models) }),
  };
  return JSON.parse(JSON.stringify({ ...options, ...absolute }));
}

function sourceDifferences(begun: Fingerprint, asked: Fingerprint): string[] {
  if (begun.bytes !== asked.bytes) return [`the source had ${begun.bytes} bytes, and ${asked.path} has ${asked.bytes}`];
  if (begun.sha256 !== asked.sha256) return [`the source ${asked.path} has other contents`];
  return begun.changedMs === asked.changedMs ? [] : [`the source ${asked.path} was changed since`];
}

function differencesOf(begun: Readonly<Record<string, string>>, asked: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(begun), ...Object.keys(asked)])].flatMap((name) => {
    const [before, now] = [begun[name], asked[name]];
    if (before === now) return [];
    if (now === undefined) return [`${name} was ${shown(before)}, and is not given now`];
    if (before === undefined) return [`${name} is ${shown(now)}, and was not given`];
    return [/^[0-9a-f]{64}$/.test(now) ? `${name} has changed` : `${name} was ${shown(before)}, and is ${shown(now)}`];
  });
}

function shown(text: string | undefined): string {
  return text !== undefined && /^[0-9a-f]{64}$/.test(text) ? 'there' : (text ?? '');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
