import { SrvidError } from '../../errors.js';
import { type Color, describeFormat, type FrameFormat, type PixelFormat, type PlainFormat } from '../../pipeline/frames/frame.js';
import type { Size } from '../contract.js';
import type { VerifiedModel } from '../inference/library.js';
import { askPlugin, type LoadedPlugin } from '../registry.js';
import { type ChainPlugin, modelsOf } from './plugin-models.js';

/** One plugin at its place in the chain, with the formats before and after it. */
export interface Step {
  readonly loaded: ChainPlugin;
  /** The format of arriving frames; the host converts it to `reads` first. */
  readonly arrives: FrameFormat;
  readonly reads: FrameFormat;
  readonly gives: FrameFormat;
}

/** Steps that run as one task: either any number of stateless ones, or one ordered one. */
export interface Group {
  readonly steps: readonly Step[];
  readonly input: FrameFormat;
  /** The format of the output slot. It differs from the last step's `gives` where the host converts once more. */
  readonly output: FrameFormat;
  readonly ordered: boolean;
  readonly window: { readonly past: number; readonly future: number };
  /** Equal input gives equal output for every pts: see `halo` in the plugin contract. */
  readonly reusable: boolean;
}

/**
 * Cuts a chain into groups and chooses every format, once, before the first frame. A luma plugin that changes the
 * size turns a planar frame into `split`, which stays so up to the encoder unless a later plugin reads chroma.
 */
export function planChain(source: PlainFormat, chain: readonly ChainPlugin[]): readonly Group[] {
  const steps: Step[] = [];
  for (const loaded of chain) {
    const arrives = steps.at(-1)?.gives ?? source;
    steps.push(planStep(loaded, arrives, source.kind));
  }
  const runs: Step[][] = [];
  for (const step of steps) {
    const run = runs.at(-1);
    if (run && !startsGroup(step) && !isOrdered(run[0] as Step)) run.push(step);
    else runs.push([step]);
  }
  return runs.map((run, index) => {
    const [first, last] = [run[0] as Step, run.at(-1) as Step];
    const { past = 0, future = 0 } = first.loaded.plugin.window ?? {};
    return {
      steps: run,
      input: first.arrives,
      output: index === runs.length - 1 ? encodable(last.gives, source.kind) : last.gives,
      ordered: isOrdered(first),
      window: { past, future },
      reusable: past + future === 0 && run.every((step) => !isOrdered(step) && step.loaded.plugin.halo !== 'global'),
    };
  });
}

/** The models of all steps of some groups, each once. */
export function modelsOfGroups(groups: readonly Group[]): readonly VerifiedModel[] {
  return modelsOf(groups.flatMap(({ steps }) => steps.map(({ loaded }) => loaded)));
}

/** The plan in words, a line a step, for `--verbose`. */
export function describePlan(groups: readonly Group[]): string[] {
  return groups.flatMap((group, index) => [
    `group ${index + 1}: ${group.ordered ? 'one thread, in order' : 'any thread'}${group.reusable ? ', equal frames reused' : ''}`,
    ...group.steps.map((step) => `  ${step.loaded.plugin.name}: ${describeFormat(step.reads)} -> ${describeFormat(step.gives)}`),
  ]);
}

/** The size that a plugin gives for an input size. @throws SRVID_PLUGIN_INVALID where it gives no valid size */
export function outputSize({ plugin, options }: LoadedPlugin, input: Size): Size {
  const { scale: given = 1 } = plugin;
  const scale: unknown = typeof given === 'function' ? askPlugin(plugin, 'scale', () => given(options, input)) : given;
  if (isSize(scale)) return { width: scale.width, height: scale.height };
  if (typeof scale !== 'number' || !Number.isFinite(scale) || scale <= 0) {
    const found = typeof scale === 'number' ? `${scale}` : JSON.stringify(scale);
    throw new SrvidError(
      'SRVID_PLUGIN_INVALID',
      `The "scale" of plugin ${plugin.name} is ${found} for a picture of ${input.width}x${input.height}; expected a number above 0, or a width and a height in whole pixels.`,
      { plugin: plugin.name },
    );
  }
  return { width: Math.max(1, Math.round(input.width * scale)), height: Math.max(1, Math.round(input.height * scale)) };
}

function isSize(value: unknown): value is Size {
  const { width, height } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Size>;
  return [width, height].every((side) => Number.isInteger(side) && (side as number) >= 1);
}

function planStep(loaded: ChainPlugin, arrives: FrameFormat, sourceKind: PixelFormat): Step {
  const reads = readable(loaded.plugin.planes, arrives, sourceKind);
  const size = outputSize(loaded, reads);
  const resized = size.width !== reads.width || size.height !== reads.height;
  if (!resized) return { loaded, arrives, reads, gives: reads };
  if (loaded.plugin.planes === 'y' && reads.kind !== 'gray') {
    const small = reads.kind === 'split' ? reads.small : reads;
    return { loaded, arrives, reads, gives: { kind: 'split', ...size, small } };
  }
  return { loaded, arrives, reads, gives: { kind: reads.kind as PixelFormat, ...size } };
}

function readable(planes: 'y' | 'yuv' | 'rgb', format: FrameFormat, sourceKind: PixelFormat): FrameFormat {
  const size = { width: format.width, height: format.height };
  if (planes === 'rgb') return { kind: 'rgb24', ...size };
  if (format.kind === 'rgb24') return encodable(format, sourceKind);
  if (planes === 'yuv' && format.kind === 'split') return { kind: format.small.kind, ...size };
  return format;
}

/** The format after an RGB plugin: the stream goes back to the source's kind of frame. */
function encodable(format: FrameFormat, sourceKind: PixelFormat): FrameFormat {
  return format.kind === 'rgb24' ? { kind: sourceKind, width: format.width, height: format.height } : format;
}

function startsGroup(step: Step): boolean {
  const { past = 0, future = 0 } = step.loaded.plugin.window ?? {};
  return isOrdered(step) || past + future > 0;
}

function isOrdered(step: Step): boolean {
  return step.loaded.plugin.state === 'ordered';
}

/** Properties of a stream that every frame of it has, at every step. */
export interface FrameOrigin {
  readonly timeBase: { readonly num: number; readonly den: number };
  readonly color: Color;
}
