import { SrvidError } from '../../errors.js';
import type { ProcessingOptions } from '../../options/session.js';
import type { StreamInfo } from '../../pipeline/frames/stream-info.js';
import { toNumber } from '../../pipeline/frames/time.js';
import type { Size } from '../contract.js';
import type { ModelLibrary, Precision } from '../inference/library.js';
import { describeOwnNetwork, OWN_NETWORK } from '../own/describe.js';
import { BUILTIN_PLUGINS, findPlugin, type LoadedPlugin, type PluginRequest, parsePluginSpec, withOptions } from '../registry.js';
import { isRange, offersScale } from '../scales.js';
import { optionsOf } from '../schema-options.js';
import { outputSize } from './groups.js';
import { areInstalled, type ChainPlugin, type UnresolvedPlugin, withModels } from './plugin-models.js';
import type { LoadedPreset } from './presets.js';

/** The plugins of a run in order, each with the models it needs. */
export interface Chain {
  readonly plugins: readonly ChainPlugin[];
}

type Found = PluginRequest & Pick<UnresolvedPlugin, 'module' | 'plugin' | 'own'> & { /** Before the preset's plugins. */ readonly early?: boolean };

/**
 * Loads the preset's plugins and the extra ones, and determines the scale.
 * @param signal stops the trial runs of a user's own network
 * @throws the errors of plugins, options and models, before the first frame
 */
export async function buildChain(
  options: ProcessingOptions,
  preset: LoadedPreset,
  library: ModelLibrary,
  info: StreamInfo,
  signal?: AbortSignal,
): Promise<Chain> {
  const found: Found[] = [];
  const { size, height = preset.preset.height } = options;
  const sized = size !== undefined || (options.scale === undefined && height !== undefined);
  for (const request of options.pluginsBefore) found.push({ ...(await find(request, process.cwd(), signal)), early: true });
  if (options.model !== undefined) found.push(await find(ownRequest(options.model), process.cwd(), signal));
  else
    for (const { use, options: given } of preset.preset.plugins)
      found.push(await findFirst([use].flat(), given, preset.folder, { options, library, sized, signal }));
  withPresetOptions(found, options.model === undefined ? preset.options : {}, options.debugMap);
  for (const request of options.plugins) found.push(await find(request, process.cwd(), signal));
  const target = sized ? targetSize({ size, height }, info) : undefined;
  const scaled = target ? await reaching(target, found, options, library, info) : atScale(options.scale, found);
  return withPrecision({ plugins: scaled }, library, options.precision);
}

/** The same chain with the models of another precision. @throws SRVID_MODEL_UNKNOWN, SRVID_MODEL_INVALID */
export async function withPrecision(
  { plugins }: { readonly plugins: readonly UnresolvedPlugin[] },
  library: ModelLibrary,
  precision: Precision,
): Promise<Chain> {
  return { plugins: await Promise.all(plugins.map((loaded) => withModels(loaded, library, precision))) };
}

/** Gives the options that follow a preset's name, and the wish for a map, to the plugin that they are for. @throws SRVID_OPTION_INVALID */
function withPresetOptions(found: Found[], options: Found['options'] = {}, map: boolean): void {
  const place = Math.max(0, scalerIn(found));
  const scaler = found[place] as Found;
  if (map && !optionsOf(scaler.plugin.options)?.some(({ name }) => name === 'map')) {
    const names = found.map(({ plugin }) => plugin.name).join(', ');
    throw new SrvidError('SRVID_OPTION_INVALID', `--debug-map was given, but of this chain (${names}) no plugin decides for each pixel. Leave it out.`, {
      names,
    });
  }
  found[place] = { ...scaler, options: { ...scaler.options, ...options, ...(map && { map }) } };
}

/** Finds what a step asks for: a plugin, or a network of the user's own. */
async function find(request: PluginRequest, folder: string, signal: AbortSignal | undefined): Promise<Found> {
  if (request.use !== OWN_NETWORK) return { ...request, ...(await findPlugin(request.use, folder)) };
  return { use: OWN_NETWORK, ...(await describeOwnNetwork(request, folder, signal)) };
}

/** The step for `--model`: "x4.onnx", or with options "x4.onnx?white=255". */
function ownRequest(text: string): PluginRequest {
  const { use, options } = parsePluginSpec(text);
  return { use: OWN_NETWORK, options: { ...options, model: use } };
}

/** Finds one plugin, or the first of several of srvid's own that has networks installed for the scale. */
async function findFirst(
  uses: readonly string[],
  given: Readonly<Record<string, unknown>>,
  folder: string,
  { options, library, sized, signal }: { options: ProcessingOptions; library: ModelLibrary; sized: boolean; signal: AbortSignal | undefined },
): Promise<Found> {
  for (const use of uses) {
    if (uses.length > 1 && !(BUILTIN_PLUGINS as readonly string[]).includes(use)) continue;
    const found = await find({ use, options: given }, folder, signal);
    const { scales: own = [] } = found.plugin;
    // For a given size any of its scales may serve; else only the given scale, or its own default.
    const scales = options.scale === undefined && sized && !isRange(own) ? own : [options.scale];
    const serves = (scale?: number) => scale === undefined || offersScale(own, scale);
    if (uses.length === 1 || scales.some((scale) => serves(scale) && areInstalled(atScale(scale, [found]), library, options.precision))) return found;
  }
  const at = options.scale === undefined ? '' : ` at scale ${options.scale}`;
  throw new SrvidError(
    'SRVID_PLUGIN_UNKNOWN',
    `The preset takes the first of ${uses.join(', ')} that is installed${at}, and none is. Choose another scale or preset.`,
    {
      plugins: uses,
    },
  );
}

/** The output size that --size or --height asks for. With --height, the width follows from the displayed aspect. */
export function targetSize(options: Pick<ProcessingOptions, 'size' | 'height'>, info: StreamInfo): Size | undefined {
  if (options.size) return options.size;
  if (options.height === undefined) return undefined;
  const { width, height } = info.format;
  const aspect = (width / height) * (info.sampleAspect ? toNumber(info.sampleAspect) : 1);
  return { width: Math.max(2, 2 * Math.round((options.height * aspect) / 2)), height: options.height };
}

/**
 * A sentence about an output that is no larger than the source, although the chain enlarges; undefined for any other.
 * Such a size is valid: the picture is as after a network, and reduced.
 */
export function reductionIn({ plugins }: Chain, info: StreamInfo): string | undefined {
  const sizes: Size[] = [];
  for (const loaded of plugins) sizes.push(outputSize(loaded, sizes.at(-1) ?? info.format));
  const told = ({ width, height }: Size) => `${width}x${height}`;
  const [last, source] = [sizes.at(-1), info.format];
  const largest = sizes.toSorted((a, b) => b.width * b.height - a.width * a.height)[0];
  if (!last || !largest || last.width > source.width || last.height > source.height || largest.width * largest.height <= last.width * last.height)
    return undefined;
  const than = told(last) === told(source) ? 'the size of the source' : `smaller than the source's ${told(source)}`;
  return `The output is ${told(last)}, ${than}: each frame is enlarged to ${told(largest)} and then reduced to that. Give a larger --height, --size or --scale to enlarge the video.`;
}

/** The place of the plugin that --scale is for: the preset's, or a later one, before one that was put in front of them. */
function scalerIn(found: readonly Found[]): number {
  const usual = found.findIndex(({ plugin, early }) => plugin.scales && !early);
  return usual < 0 ? found.findIndex(({ plugin }) => plugin.scales) : usual;
}

function atScale(scale: number | undefined, found: readonly Found[]): UnresolvedPlugin[] {
  const scaler = scalerIn(found);
  if (scale !== undefined && scaler < 0) {
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `--scale ${scale} was given, but no plugin of this chain (${found.map((f) => f.plugin.name).join(', ')}) has a scale.`,
      { scale },
    );
  }
  const { own, plugin: { scales = [] } = {} } = found[scaler] ?? {};
  if (scale !== undefined && own && !offersScale(scales, scale)) {
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `--scale ${scale} was given, but the network ${own.path} enlarges by ${scales}. Leave --scale out, or give --height or --size: the result is then resampled to it.`,
      { scale, model: own.path },
    );
  }
  return scale === undefined ? withScaler(found, {}) : withScaler(found, { scale });
}

/** The plugins with their options validated; the scaler's are joined by these. */
function withScaler(found: readonly Found[], options: Readonly<Record<string, unknown>>): UnresolvedPlugin[] {
  const scaler = scalerIn(found);
  return found.map((f, index) => ({ ...withOptions(f, index === scaler ? { ...f.options, ...options } : f.options), ...(f.own && { own: f.own }) }));
}

/**
 * Finds plugins that reach the target: a scaler of any real factor makes it itself; of a list of factors the smallest whose
 * result is at least as large is taken, else the largest. Where that is another size, one resampling to the target follows.
 */
async function reaching(
  target: Size,
  found: readonly Found[],
  options: ProcessingOptions,
  library: ModelLibrary,
  info: StreamInfo,
): Promise<UnresolvedPlugin[]> {
  const sizeOf = (chain: readonly LoadedPlugin[]) => chain.reduce<Size>((size, loaded) => outputSize(loaded, size), info.format);
  const { scales = [] } = found[scalerIn(found)]?.plugin ?? {};
  const chosen = isRange(scales) ? toSize(target, found, scales, info) : firstReaching(target, found, scales, { options, library, sizeOf });
  const size = sizeOf(chosen);
  if (size.width === target.width && size.height === target.height) return chosen;
  const resampler = withOptions(await findPlugin('bicubic', process.cwd()), { ...target });
  return [...chosen, resampler];
}

/** The chain with the least factor of the scaler's that reaches the target and whose network is installed, else with the largest. */
function firstReaching(
  target: Size,
  found: readonly Found[],
  scales: readonly number[],
  { options, library, sizeOf }: { options: ProcessingOptions; library: ModelLibrary; sizeOf: (chain: readonly LoadedPlugin[]) => Size },
): UnresolvedPlugin[] {
  const ascending = scales.toSorted((a, b) => a - b);
  const possible = ascending.map((scale) => atScale(scale, found)).filter((chain) => areInstalled(chain, library, options.precision));
  const chains = possible.length > 0 ? possible : [atScale(undefined, found)];
  const reaches = (chain: readonly LoadedPlugin[]) => sizeOf(chain).width >= target.width && sizeOf(chain).height >= target.height;
  return (chains.find(reaches) ?? chains.at(-1)) as UnresolvedPlugin[];
}

/**
 * The chain whose scaler makes the size that the other plugins turn into the target, or what comes nearest within its range: by a factor
 * where one makes both sides, since networks are timed on small frames. A network whose sides need two factors gets the greater one.
 */
function toSize(target: Size, found: readonly Found[], { least, most }: { least: number; most: number }, info: StreamInfo): UnresolvedPlugin[] {
  const place = scalerIn(found);
  const through = (plugins: readonly Found[], size: Size) => plugins.reduce((arriving, f) => outputSize(withOptions(f, f.options), arriving), size);
  const arriving = through(found.slice(0, place), info.format);
  const passed = through(found.slice(place + 1), arriving);
  const side = (name: keyof Size) => {
    const wanted = Math.round((target[name] * arriving[name]) / passed[name]);
    return Math.min(Math.max(wanted, Math.ceil(arriving[name] * least)), Math.floor(arriving[name] * most));
  };
  const [width, height] = [side('width'), side('height')];
  const factors = [height / arriving.height, width / arriving.width];
  const scale = factors.find((factor) => Math.round(arriving.width * factor) === width && Math.round(arriving.height * factor) === height);
  if (scale !== undefined) return withScaler(found, { scale });
  return withScaler(found, found[place]?.plugin.models ? { scale: Math.max(...factors) } : { width, height });
}
