import type { ModelSpec } from '../contract.js';
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
  const answers = specsOf(loaded).map((spec) => ({ spec, entry: library.resolve(spec, precision) }));
  return { ...loaded, models: await Promise.all(answers.map(async ({ spec, entry }) => ({ spec, model: await library.load(entry) }))) };
}

/** True where the library has all models that the plugins ask for. */
export function areInstalled(plugins: readonly UnresolvedPlugin[], library: ModelLibrary, precision: Precision): boolean {
  return plugins.every((loaded) => loaded.own !== undefined || specsOf(loaded).every((spec) => library.has(spec, precision)));
}

/** The models of several plugins, each once. */
export function modelsOf(plugins: readonly ChainPlugin[]): readonly VerifiedModel[] {
  const models = plugins.flatMap((plugin) => plugin.models.map(({ model }) => model));
  return [...new Map(models.map((model) => [model.entry.id, model])).values()];
}

/** The key of a spec in maps: equal specs have equal keys. */
export function specKey({ family, scale, planes = 'y', precision }: ModelSpec): string {
  return `${family} ${scale === undefined ? 'without a scale' : `x${scale}`} ${planes} ${precision ?? 'any precision'}`;
}

function specsOf({ plugin, options }: LoadedPlugin): readonly ModelSpec[] {
  return askPlugin(plugin, 'models', () => plugin.models?.(options)) ?? [];
}
