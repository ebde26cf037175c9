import { existsSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readBounded } from '../bounded-file.js';
import { messageOf, SrvidError } from '../errors.js';
import { didYouMean } from '../similar-name.js';
import { PLUGIN_API_VERSION, type Plugin } from './contract.js';
import { printLog } from './notes.js';
import { findSrvidAnywhere } from './threads/find-srvid.js';
import { inPlace, outOfPlace, placeNow } from './threads/place.js';
import { catchPrints } from './threads/prints.js';
import { importInTime, tryImport } from './trial.js';

export { type PluginRequest, parsePluginSpec } from '../plugin-spec.js';

/** The plugins that come with srvid. They are loaded in the same way as all others. */
export const BUILTIN_PLUGINS = [
  'abpn',
  'abpn-rgb',
  'best',
  'bicubic',
  'deblock',
  'deblur',
  'denoise',
  'denoise-fast',
  'pcsr',
  'swift',
  'ultra',
  'xlsr',
  'xlsr-rgb',
] as const;

/** Bytes of a plugin's package.json, and of the module itself, at most. */
const MAX_MANIFEST_BYTES = 1 << 20;
const MAX_MODULE_BYTES = 1 << 26;

/** A halo larger than any network's. */
const MAX_HALO = 1024;

const PACKAGE_NAME = /^(@[\w~-][\w.~-]*\/)?[\w~-][\w.~-]*$/;

/** Begins as a path, or ends as a module. */
const PATH_LIKE = /^(\.{1,2}$|\.{0,2}\/|[A-Za-z]:[\\/])|\.[cm]?[jt]s$/;

/** A plugin that was found, with valid options. Workers import it by `module`. */
export interface LoadedPlugin {
  readonly module: string;
  readonly plugin: Plugin;
  /** The options before validation. A worker validates them again, since a schema's results may not be cloneable. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly options: unknown;
}

/** Finds and imports a plugin. Paths are relative to `folder`. @throws SRVID_PLUGIN_UNKNOWN, SRVID_PLUGIN_INVALID */
export async function findPlugin(use: string, folder: string): Promise<{ module: string; plugin: Plugin }> {
  const module = await moduleOf(use, folder);
  if (!isBuiltin(use)) {
    await assertImportable(module, use);
    assertReadable(module, use);
    await tryImport(module, use);
  }
  return { module, plugin: await importPlugin(module, use) };
}

/** The address of a plugin's module, which is not imported. @throws SRVID_PLUGIN_UNKNOWN, SRVID_PLUGIN_INVALID */
export async function locatePlugin(use: string, folder: string): Promise<string> {
  return moduleOf(use, folder);
}

/** Validates a request's options. @throws SRVID_OPTION_INVALID naming plugin and option */
export function withOptions({ module, plugin }: { module: string; plugin: Plugin }, given: Readonly<Record<string, unknown>>): LoadedPlugin {
  return { module, plugin, given, options: validateOptions(plugin, given) };
}

/** Validates options by the plugin's own schema and returns the result. @throws SRVID_OPTION_INVALID */
export function validateOptions(plugin: Plugin, given: Readonly<Record<string, unknown>>): unknown {
  if (!plugin.options) {
    const names = Object.keys(given);
    if (names.length === 0) return {};
    throw new SrvidError('SRVID_OPTION_INVALID', `Plugin ${plugin.name} has no options, but was given ${names.join(', ')}.`, { plugin: plugin.name });
  }
  try {
    const { options } = plugin;
    return inPlace({ plugin: plugin.name, step: 'options' }, () => options.parse(given));
  } catch (error) {
    throw new SrvidError('SRVID_OPTION_INVALID', `The options of plugin ${plugin.name} are not valid: ${explain(error)}.`, { plugin: plugin.name }, error);
  }
}

/**
 * Asks a plugin something before the first frame, in this thread.
 * @param step the function of the plugin that is called
 * @throws SRVID_PLUGIN_FAILED naming plugin and step
 */
export function askPlugin<T>({ name }: Plugin, step: string, call: () => T): T {
  try {
    return inPlace({ plugin: name, step }, call);
  } catch (error) {
    if (error instanceof SrvidError) throw error;
    throw new SrvidError('SRVID_PLUGIN_FAILED', `Plugin ${name} failed in ${step}: ${messageOf(error)}.`, { plugin: name, step }, error);
  }
}

/** Imports a module and checks that its default export is a plugin. @throws SRVID_PLUGIN_INVALID */
export async function importPlugin(module: string, name: string): Promise<Plugin> {
  if (!isOwnModule(module)) {
    catchPrints(printAside, false);
    findSrvidAnywhere();
  }
  const imported = await inPlace({ plugin: name, step: 'import' }, () => importInTime(module, name)).catch((error: unknown) => {
    if (error instanceof SrvidError) throw error;
    throw new SrvidError('SRVID_PLUGIN_INVALID', `Tried to load plugin ${name} from ${module}: ${messageOf(error)}.`, { plugin: name, module }, error);
  });
  const plugin = defaultOf(imported as { default?: unknown });
  const complaint = complaintAbout(plugin);
  if (!complaint) return plugin as Plugin;
  throw new SrvidError('SRVID_PLUGIN_INVALID', `${module} was loaded as plugin ${name}, but ${complaint}. See docs/plugins.md.`, { plugin: name, module });
}

/** Sends what a plugin prints in this thread to standard error, with its name. */
function printAside(text: string): void {
  const plugin = placeNow()?.plugin ?? 'a plugin';
  outOfPlace(() => printLog({ type: 'log', plugin, level: 'print', message: text.replace(/\n$/, '') }));
}

/** The default export. That of a CommonJS module that was written as another kind lies one deeper. */
function defaultOf({ default: found }: { readonly default?: unknown }): unknown {
  const inner = typeof found === 'object' && found !== null && '__esModule' in found ? (found as { default?: unknown }).default : undefined;
  return inner ?? found;
}

function complaintAbout(candidate: unknown): string | undefined {
  if (typeof candidate !== 'object' || candidate === null) return 'its default export is not a plugin (export default definePlugin({ ... }))';
  const plugin = candidate as Partial<Plugin>;
  if (typeof plugin.name !== 'string' || plugin.name === '') return 'the plugin has no name';
  if (plugin.apiVersion !== PLUGIN_API_VERSION) return `it was written for plugin API ${plugin.apiVersion}, and this srvid has ${PLUGIN_API_VERSION}`;
  if (typeof plugin.process !== 'function') return 'the plugin has no function "process"';
  if (!['y', 'yuv', 'rgb'].includes(plugin.planes as string)) return `its "planes" is ${JSON.stringify(plugin.planes)}; expected 'y', 'yuv' or 'rgb'`;
  const haloValid = plugin.halo === 'global' || (Number.isInteger(plugin.halo) && (plugin.halo as number) >= 0 && (plugin.halo as number) <= MAX_HALO);
  if (!haloValid) return `its "halo" is ${JSON.stringify(plugin.halo)}; expected a number of pixels from 0 to ${MAX_HALO}, or 'global'`;
  const sized = plugin.scale === undefined || typeof plugin.scale === 'function' || isFactor(plugin.scale);
  if (!sized) return `its "scale" is ${shown(plugin.scale)}; expected a number above 0, or a function that gives one or a size`;
  if (plugin.scales !== undefined && !areFactors(plugin.scales))
    return 'its "scales" must be a list of numbers above 0, or { least, most } of two such numbers';
  const { past = 0, future = 0 } = plugin.window ?? {};
  if (![past, future].every((count) => Number.isInteger(count) && count >= 0 && count <= 16)) return 'its "window" must have past and future from 0 to 16';
  return undefined;
}

function areFactors(scales: unknown): boolean {
  if (Array.isArray(scales)) return scales.every(isFactor);
  const { least, most } = (typeof scales === 'object' && scales !== null ? scales : {}) as { readonly least?: unknown; readonly most?: unknown };
  return isFactor(least) && isFactor(most) && (least as number) <= (most as number);
}

function isFactor(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function shown(value: unknown): string {
  return typeof value === 'number' ? `${value}` : JSON.stringify(value);
}

function isBuiltin(use: string): boolean {
  return (BUILTIN_PLUGINS as readonly string[]).includes(use);
}

/** True for a module of srvid's own, by the address that a found plugin has. */
export function isOwnModule(module: string): boolean {
  return module.startsWith(new URL('.', import.meta.url).href);
}

async function moduleOf(use: string, folder: string): Promise<string> {
  if (isBuiltin(use)) return new URL(`./builtin/${use}.js`, import.meta.url).href;
  const path = resolvePath(folder, use);
  if (PATH_LIKE.test(use) && existsSync(path)) {
    return statSync(path).isDirectory() ? pathToFileURL(await packageEntry(path, use)).href : pathToFileURL(path).href;
  }
  const require = createRequire(resolvePath(folder, 'srvid'));
  // `require.resolve` refuses packages that are only for `import`, so a package's own entry is looked up here.
  const places = PACKAGE_NAME.test(use) ? (require.resolve.paths(use) ?? []) : [];
  const installed = places.map((place) => resolvePath(place, use)).find((place) => existsSync(resolvePath(place, 'package.json')));
  if (installed) return pathToFileURL(await packageEntry(installed, use)).href;
  try {
    return pathToFileURL(require.resolve(use)).href;
  } catch (error) {
    const own = `srvid's own (${BUILTIN_PLUGINS.join(', ')})`;
    const message = PATH_LIKE.test(use)
      ? `Looked for the plugin ${path}: no such file. Give the path of a module, or the name of a package or of one of ${own}.`
      : `Looked for plugin "${use}": it is none of ${own}, no file ${path}, and no package that can be imported from ${folder}.${didYouMean(use, BUILTIN_PLUGINS)} Write a path as ./${use}, or install the package.`;
    throw new SrvidError('SRVID_PLUGIN_UNKNOWN', message, { plugin: use }, error);
  }
}

async function packageEntry(path: string, use: string): Promise<string> {
  try {
    const manifest = JSON.parse((await readBounded(resolvePath(path, 'package.json'), MAX_MANIFEST_BYTES)).toString()) as { main?: string; exports?: unknown };
    return resolvePath(path, exported(manifest.exports) ?? manifest.main ?? 'index.js');
  } catch (error) {
    throw new SrvidError(
      'SRVID_PLUGIN_INVALID',
      `Plugin ${use} is a folder, ${path}, without a readable package.json: ${messageOf(error)}.`,
      { plugin: use },
      error,
    );
  }
}

/** Refuses what an import would read without end. A file that is not there is left to the import, which says so. */
async function assertImportable(module: string, use: string): Promise<void> {
  const path = module.startsWith('file:') ? fileURLToPath(module) : module;
  const found = await stat(path).catch(() => undefined);
  if (!found || (found.isFile() && found.size <= MAX_MODULE_BYTES)) return;
  const what = found.isFile() ? `has more than ${MAX_MODULE_BYTES} bytes` : `is ${found.isDirectory() ? 'a folder' : 'a device, a pipe or a socket'}`;
  throw new SrvidError('SRVID_PLUGIN_INVALID', `Plugin ${use} is to be imported from ${path}, which ${what}. Give a JavaScript file.`, { plugin: use });
}

/** Refuses TypeScript where this Node does not read it. */
function assertReadable(module: string, use: string): void {
  if (!/\.[cm]?ts$/.test(module) || (process.features as { typescript?: string | false }).typescript) return;
  throw new SrvidError(
    'SRVID_PLUGIN_INVALID',
    `Plugin ${use} is TypeScript, which this Node, ${process.version}, does not read. Node 22.18 and later do; Node 22.7 and later do with NODE_OPTIONS=--experimental-strip-types. Or compile it, such as by npx tsc --module nodenext ${use}, and give the .js file.`,
    { plugin: use, node: process.version },
  );
}

/** The file that a package.json's `exports` gives to an `import` of the package itself. */
function exported(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  if ('.' in exports) return exported(exports['.']);
  for (const [condition, target] of Object.entries(exports)) {
    const found = ['node', 'import', 'default'].includes(condition) ? exported(target) : undefined;
    if (found) return found;
  }
  return undefined;
}

function explain(error: unknown): string {
  const issues = (error as { issues?: unknown }).issues;
  if (!Array.isArray(issues)) return messageOf(error);
  return issues.map((issue: { path?: unknown[]; message?: string }) => `${issue.path?.join('.') || 'options'}: ${issue.message}`).join('; ');
}
