import { messageOf, SrvidError } from '../../errors.js';
import type { RealtimeSettings } from '../../options/session.js';
import { type PlainFormat, sameFormat } from '../../pipeline/frames/frame.js';
import { parsePluginSpec } from '../../plugin-spec.js';
import { didYouMean } from '../../similar-name.js';
import type { Size } from '../contract.js';
import type { ModelLibrary, Precision } from '../inference/library.js';
import { askPlugin, BUILTIN_PLUGINS, findPlugin, withOptions } from '../registry.js';
import { isRange, offersScale } from '../scales.js';
import type { Chain } from './chain.js';
import { type Group, outputSize, planChain } from './groups.js';
import { type ChainPlugin, withModels } from './plugin-models.js';

/** One way to process a frame, with its cost. */
export interface Level {
  readonly name: string;
  readonly group: Group;
  /** Multiplications of its networks for one frame. */
  readonly macs: number;
}

/** The levels of a real-time session: at least one, the most expensive first, and the bypass. */
export interface LevelPlan {
  readonly levels: readonly Level[];
  readonly bypass: Level;
  /** Levels that the user named but that are not available, each with the reason. */
  readonly missing: readonly string[];
}

/** The name of the level that resamples, which no plugin may have: a chain's own level may be `bicubic`. */
const BYPASS = 'bypass';

/** The end of a level's name that leaves out the networks that keep the size, `swift-alone`. */
const ALONE = '-alone';

/** The means of planning, and the most multiplications of a level above the chain's own; any number where not given. */
type Context = { readonly library: ModelLibrary; readonly precision: Precision; readonly format: PlainFormat; readonly mostMacs?: number | undefined };

/**
 * Plans the levels of a chain. Each level is the chain with another network in place of its scaler. The bypass has
 * cubic resampling there, and no networks at all. The levels are those that the user named, else the chain's own and
 * all installed ones that are cheaper. Where other networks stand beside the scaler, as for noise, `bicubic` is a level of
 * these alone, and `swift-alone` is the level `swift` without them.
 * @throws SRVID_OPTION_INVALID where the chain keeps something from frame to frame, or no named level is installed
 */
export async function planLevels(chain: Chain, { levels: named }: RealtimeSettings, context: Context): Promise<LevelPlan> {
  const { format, mostMacs = Number.POSITIVE_INFINITY } = context;
  const own = levelOf(scalerName(chain.plugins), chain.plugins, format);
  const resampled = levelOf(BYPASS, await bypassOf(chain.plugins, format), format);
  // Where networks give complete frames, the worker completes resampled ones, too.
  const bypass = { ...resampled, group: { ...resampled.group, output: own.group.output } };
  const missing: string[] = [];
  const found: Level[] = [];
  for (const name of new Set(named ?? [own.name, ...BUILTIN_PLUGINS])) {
    const level = name === own.name ? own : await levelNamed(name, chain.plugins, context).catch(reasonOf);
    if (typeof level === 'string') missing.push(`${name}: ${level}`);
    // Loading one that will never be used would delay each start.
    else if (level.macs > own.macs && level.macs > mostMacs) missing.push(`${name}: too slow on this machine`);
    else if (level.macs === 0 && level !== own) missing.push(`${name}: the bypass does the same`);
    else if (sameFormat(level.group.output, own.group.output) && (named || level === own || (level.macs < own.macs && !runsAnyScale(level)))) found.push(level);
  }
  if (found.length === 0) {
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `None of the levels ${named?.join(', ')} can be used here: ${missing.join('; ')}. Leave --levels out, or name others.`,
      {
        levels: named ?? [],
      },
    );
  }
  return { levels: found.sort((a, b) => b.macs - a.macs), bypass, missing: named ? missing : [] };
}

/** True where a network of any real scale runs, which is a level only where it is named: its time depends on what it sees. */
function runsAnyScale({ group }: Level): boolean {
  return group.steps.some(({ loaded }) => loaded.models.length > 0 && isRange(loaded.plugin.scales));
}

/** The reason why a level is not available, in few words. */
function reasonOf(error: unknown): string {
  return error instanceof SrvidError && error.code === 'SRVID_MODEL_UNKNOWN' ? 'not installed for this scale' : messageOf(error);
}

function scalerOf(plugins: readonly ChainPlugin[]): number {
  return plugins.findIndex(({ plugin }) => plugin.scales);
}

function scalerName(plugins: readonly ChainPlugin[]): string {
  return (plugins[scalerOf(plugins)] ?? (plugins[0] as ChainPlugin)).plugin.name;
}

/** The level of a name that is not the chain's own. @throws an Error where there is none */
async function levelNamed(name: string, plugins: readonly ChainPlugin[], context: Context): Promise<Level> {
  const { format } = context;
  if (!name.endsWith(ALONE)) return levelOf(name, await replaced(name, plugins, context), format);
  const scaler = name.slice(0, -ALONE.length);
  const all = scaler === scalerName(plugins) ? plugins : await replaced(scaler, plugins, context);
  const others = all.filter((loaded) => loaded.models.length === 0 || !keepsSize(loaded, format));
  if (others.length === all.length || others.length === 0) throw new Error('the chain has no other network to leave out');
  return levelOf(name, others, format);
}

function keepsSize(loaded: ChainPlugin, format: Size): boolean {
  const { width, height } = outputSize(loaded, format);
  return width === format.width && height === format.height;
}

/**
 * The chain with one of srvid's own plugins in place of its scaler, for the same size.
 * @throws an Error where that is impossible
 */
async function replaced(spec: string, plugins: readonly ChainPlugin[], { library, precision, format }: Context): Promise<readonly ChainPlugin[]> {
  const place = scalerOf(plugins);
  const { use: name, options: given } = parsePluginSpec(spec);
  if (place < 0 || !(BUILTIN_PLUGINS as readonly string[]).includes(name))
    throw new Error(`not installed.${didYouMean(name, BUILTIN_PLUGINS)}`.replace(/\.$/, ''));
  const found = await findPlugin(name, process.cwd());
  if (!found.plugin.scales) throw new Error('it does not enlarge');
  const scaler = plugins[place] as ChainPlugin;
  const arriving = plugins.slice(0, place).reduce<Size>((size, loaded) => outputSize(loaded, size), format);
  const { width, height } = outputSize(scaler, arriving);
  const { scale = width / arriving.width, ...exact } = scaler.options as { readonly scale?: number; readonly width?: number };
  const factor = exact.width === undefined ? scale : width / arriving.width;
  if (!offersScale(found.plugin.scales, factor)) throw new Error('not made for this scale');
  const size = isRange(found.plugin.scales) ? { width, height } : { scale: factor };
  // A level of the chain's own network differs from it by the given options alone.
  const { scale: _, ...kept } = found.module === scaler.module ? scaler.given : {};
  const instead = withOptions(found, { ...kept, ...size, ...given });
  return plugins.with(place, await withModels(instead, library, precision));
}

/** The chain without networks; resampling reaches the scaler's size. */
async function bypassOf(plugins: readonly ChainPlugin[], format: PlainFormat): Promise<readonly ChainPlugin[]> {
  const bicubic = await findPlugin('bicubic', process.cwd());
  const resampling = ({ width, height }: Size): ChainPlugin => ({ ...withOptions(bicubic, { width, height }), models: [] });
  const cheap: ChainPlugin[] = [];
  let size: Size = format;
  for (const loaded of plugins) {
    const arriving = size;
    size = outputSize(loaded, arriving);
    const resizes = size.width !== arriving.width || size.height !== arriving.height;
    if (loaded.models.length === 0) cheap.push(loaded);
    else if (resizes) cheap.push(resampling(size));
  }
  return cheap.length > 0 ? cheap : [resampling(size)];
}

function levelOf(name: string, plugins: readonly ChainPlugin[], format: PlainFormat): Level {
  const groups = planChain(format, plugins);
  const [group] = groups;
  if (!group || groups.length > 1 || group.ordered || group.window.past + group.window.future > 0) {
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `In real time frames may be left out, so plugins must work on one frame at a time; of ${plugins.map(({ plugin }) => plugin.name).join(', ')} at least one reads neighbouring frames or keeps something from frame to frame. Leave it out, or leave out --realtime.`,
      { level: name },
    );
  }
  return { name, group, macs: macsOf(group) };
}

/** Multiplications for one frame, from the models' own counts for a pixel. */
export function macsOf({ steps }: Pick<Group, 'steps'>): number {
  return steps.reduce((sum, { loaded: { plugin, options, models }, reads, gives }) => {
    const perPixel = models.map(({ model }) => model.entry.macsPerPixel);
    const { macs } = plugin;
    if (macs) return sum + askPlugin(plugin, 'macs', () => macs(options, { input: reads, output: gives }, perPixel));
    return sum + perPixel.reduce((total, one) => total + one, 0) * reads.width * reads.height;
  }, 0);
}
