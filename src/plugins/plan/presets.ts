import { readdir } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseForeignJson, readBounded } from '../../bounded-file.js';
import { messageOf, SrvidError } from '../../errors.js';
import { type Preset, presetSchema } from '../../options/preset.js';
import { parsePluginSpec } from '../../plugin-spec.js';
import { didYouMean } from '../../similar-name.js';

const FOLDER = fileURLToPath(new URL('../../../presets/', import.meta.url));
const MAX_BYTES = 1 << 20;

/** A preset, and the folder that paths in it are relative to. */
export interface LoadedPreset {
  readonly name: string;
  readonly preset: Preset;
  readonly folder: string;
  /** Options for its plugin that enlarges, from behind a question mark: "pcsr?k=0.5". They go before those of the file. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Names of the presets that come with srvid. */
export async function presetNames(): Promise<string[]> {
  const files = await readdir(FOLDER);
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

/**
 * Loads a preset by name, or by path where `nameOrPath` has a slash or ends in .json, before a question mark.
 * @throws SRVID_PRESET_UNKNOWN, SRVID_PRESET_INVALID
 */
export async function loadPreset(nameOrPath: string): Promise<LoadedPreset> {
  const { use, options } = parsePluginSpec(nameOrPath);
  const isPath = /[\\/]|\.json$/.test(use);
  const path = isPath ? resolve(use) : resolve(FOLDER, `${use}.json`);
  const text = await readBounded(path, MAX_BYTES).then(String, async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === undefined) throw invalid(path, messageOf(error), error);
    const known = await presetNames();
    const what = isPath ? `Looked for the preset file ${path}: ${messageOf(error)}.` : `There is no preset "${use}".`;
    const near = didYouMean(basename(use, '.json'), known);
    throw new SrvidError(
      'SRVID_PRESET_UNKNOWN',
      `${what}${near} Presets are: ${known.join(', ')}; or give the path of a file, such as ./${basename(use, '.json')}.json.`,
      { preset: nameOrPath },
      error,
    );
  });
  return { name: nameOrPath, preset: parsePreset(text, path), folder: isPath ? dirname(path) : process.cwd(), options };
}

/** Parses a preset file. `path` is its name in messages. @throws SRVID_PRESET_INVALID */
export function parsePreset(text: string, path: string): Preset {
  let json: unknown;
  try {
    json = parseForeignJson(text);
  } catch (error) {
    throw invalid(path, messageOf(error), error);
  }
  const parsed = presetSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw invalid(path, parsed.error.issues.map((issue) => `${issue.path.join('.') || 'preset'}: ${issue.message}`).join('; '));
}

function invalid(path: string, why: string, cause?: unknown): SrvidError {
  return new SrvidError('SRVID_PRESET_INVALID', `The preset ${path} cannot be used: ${why}. See docs/presets.md.`, { path }, cause);
}
