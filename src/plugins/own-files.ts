import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isOwnModule, locatePlugin, parsePluginSpec } from './registry.js';

/** The parts of a request that may name a user's files. */
export interface NamedFiles {
  readonly plugins?: readonly (string | URL | { readonly use: string | URL })[] | undefined;
  readonly pluginsBefore?: readonly (string | URL | { readonly use: string | URL })[] | undefined;
  readonly preset?: string | undefined;
  readonly model?: string | undefined;
}

/**
 * The files of a user that make the result and may be edited: plugins, a preset's file, a network of one's own. Those that come with srvid
 * are left out.
 * @throws SRVID_PLUGIN_UNKNOWN
 */
export async function ownFiles({ plugins = [], pluginsBefore = [], preset, model }: NamedFiles): Promise<string[]> {
  const uses = [...pluginsBefore, ...plugins].map((plugin) => String(typeof plugin === 'string' || plugin instanceof URL ? plugin : plugin.use));
  const modules = await Promise.all(uses.map((use) => locatePlugin(use, process.cwd())));
  return [
    ...modules.filter((module) => !isOwnModule(module)).map((module) => fileURLToPath(module)),
    ...(preset !== undefined && /[/\\]|\.json$/.test(preset) ? [resolve(preset)] : []),
    ...(model === undefined ? [] : [resolve(parsePluginSpec(model).use)]),
  ];
}
