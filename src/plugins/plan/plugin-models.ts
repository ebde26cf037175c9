import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SrvidError } from '../../errors.js';
import type { ListedModel, ModelSpec } from '../contract.js';
import type { ModelLibrary, Precision, VerifiedModel } from '../inference/library.js';
import { askPlugin, type LoadedPlugin } from '../registry.js';

/** A plugin whose models are not yet resolved. */
export interface UnresolvedPlugin extends LoadedPlugin {
  /** The network of a step that runs a user's own; all other steps find theirs in the library. */
  readonly own?: VerifiedModel;
}

/** A plugin of a chain with a verified model for each spec that its `models` returned, in that order. */
export interface ChainPlugin extends UnresolvedPlugin {
  readonly models: readonly { readonly spec: ModelSpec; readonly model: VerifiedModel }[];
}

/** Finds and verifies a plugin's models. @throws SRVID_MODEL_UNKNOWN, SRVID_MODEL_INVALID */
export async function withModels(loaded: UnresolvedPlugin, library: ModelLibrary, precision: Precision): Promise<ChainPlugin> {
  const { own } = loaded;
  if (own) return { ...loaded, models: specsOf(loaded).map((spec) => ({ spec, model: own })) };
  const load = async (spec: ModelSpec) =>
    isListed(spec) ? library.load(library.resolve(spec, precision)) : library.loadFile(pathOf(spec.file, loaded.module), spec.sha256);
  return { ...loaded, models: await Promise.all(specsOf(loaded).map(async (spec) => ({ spec, model: await load(spec) }))) };
}

/** True where the library has all models that the plugins ask for. */
export function areInstalled(plugins: readonly UnresolvedPlugin[], library: ModelLibrary, precision: Precision): boolean {
  return plugins.every((loaded) => loaded.own !== undefined || specsOf(loaded).every((spec) => !isListed(spec) || library.has(spec, precision)));
}

/** The models of several plugins, each once. */
export function modelsOf(plugins: readonly ChainPlugin[]): readonly VerifiedModel[] {
  const models = plugins.flatMap((plugin) => plugin.models.map(({ model }) => model));
  return [...new Map(models.map((model) => [modelKey(model), model])).values()];
}

/** True for a model of the library, false for one in a file of the plugin's. */
export function isListed(spec: ModelSpec): spec is ListedModel {
  return !('file' in spec);
}

/** The key of a spec in maps: equal specs of one plugin have equal keys. */
export function specKey(spec: ModelSpec): string {
  if (!isListed(spec)) return `the file ${spec.file}`;
  const { family, scale, planes = 'y', precision } = spec;
  return `${family} ${scale === undefined ? 'without a scale' : `x${scale}`} ${planes} ${precision ?? 'any precision'}`;
}

/** The key of a model in maps: files of one name have different keys where they differ. */
export function modelKey({ entry }: VerifiedModel): string {
  return `${entry.id} (${entry.sha256.slice(0, 12)})`;
}

function specsOf({ plugin, options }: LoadedPlugin): readonly ModelSpec[] {
  const specs = askPlugin(plugin, 'models', () => plugin.models?.(options)) ?? [];
  for (const spec of specs) {
    const { family, file } = spec as Partial<ListedModel> & { readonly file?: unknown };
    if ([typeof family === 'string', typeof file === 'string' || file instanceof URL].filter(Boolean).length === 1) continue;
    throw new SrvidError(
      'SRVID_PLUGIN_INVALID',
      `Plugin ${plugin.name} asks in "models" for ${JSON.stringify(spec)}; expected either a "family" of srvid's networks or the "file" of one of its own. See docs/plugins.md.`,
      { plugin: plugin.name },
    );
  }
  return specs;
}

/** The path of a plugin's file; `module` is the plugin's own. */
function pathOf(file: string | URL, module: string): string {
  return `${file}`.startsWith('file:') ? fileURLToPath(file) : resolve(dirname(fileURLToPath(module)), `${file}`);
}
