import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadModelLibrary } from '../plugins/inference/library.js';
import { describeOwnNetwork, OWN_NETWORK } from '../plugins/own/describe.js';
import { type ChainPlugin, withModels } from '../plugins/plan/plugin-models.js';
import { findPlugin, parsePluginSpec, withOptions } from '../plugins/registry.js';

/** The way to a plugin in a test. */
export interface PluginPlace {
  /** Options of the plugin, added to those of a "?". */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The folder that a path or a package's name is relative to; the working folder where not given. */
  readonly folder?: string;
  /** A folder of networks with a manifest, as for `--models`; srvid's own where not given. */
  readonly models?: string;
  readonly signal?: AbortSignal;
}

/**
 * Loads a plugin as the command would: by a path, a package's name or a built-in's, "?" and options behind it, or by a file URL.
 * @throws SRVID_PLUGIN_UNKNOWN, SRVID_PLUGIN_INVALID, SRVID_OPTION_INVALID, and the errors of models
 */
export async function loadPlugin(plugin: string | URL, { options = {}, folder = process.cwd(), models, signal }: PluginPlace): Promise<ChainPlugin> {
  const { use, options: named } = parsePluginSpec(typeof plugin === 'string' && !plugin.startsWith('file:') ? plugin : pathOf(plugin));
  const request = { use, options: { ...named, ...options } };
  const library = await loadModelLibrary(models === undefined ? undefined : pathToFileURL(`${resolve(folder, models)}/`));
  if (use !== OWN_NETWORK) return withModels(withOptions(await findPlugin(use, folder), request.options), library, 'auto');
  const own = await describeOwnNetwork(request, folder, signal);
  return withModels({ ...withOptions(own, own.options), own: own.own }, library, 'auto');
}

/** The path in a file URL, with its options. */
function pathOf(plugin: string | URL): string {
  const { href, search } = new URL(plugin);
  return `${fileURLToPath(href.slice(0, href.length - search.length))}${search}`;
}
