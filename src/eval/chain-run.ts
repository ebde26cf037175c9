import { SrvidError } from '../errors.js';
import { defaultWorkers, type EvaluationOptions } from '../options/session.js';
import { emptyFlow } from '../pipeline/engine/frame-flow.js';
import { LosslessEngine } from '../pipeline/engine/lossless/engine.js';
import type { FrameFormat, PlainFormat } from '../pipeline/frames/frame.js';
import type { Size } from '../plugins/contract.js';
import type { Engine } from '../plugins/inference/backend.js';
import type { Chain } from '../plugins/plan/chain.js';
import type { CompressionMeter } from '../plugins/plan/content.js';
import { type FrameOrigin, type Group, outputSize, planChain } from '../plugins/plan/groups.js';
import type { MeasuredChains } from './chains.js';
import type { Degradation } from './degradation.js';
import { isMeasurable } from './metrics.js';

/** The settings of an evaluation, the same for all of its pictures or frames. */
export interface Job {
  readonly options: EvaluationOptions;
  readonly chain: Chain;
  /** Chooses the chains to be measured on a clip that was compressed. */
  readonly chainsOn: (measure: CompressionMeter) => Promise<MeasuredChains>;
  readonly engine: Engine;
  /** The chain's factor. 1 only where pictures are harmed. */
  readonly scale: number;
  /** Harm to do to what the chain gets. */
  readonly degradation: Degradation | undefined;
  readonly signal: AbortSignal;
  /** Called after each picture or frame. `total` is undefined if it is not known. */
  readonly onItem: (done: number, total: number | undefined) => void;
}

/** Source and destination of the frames. */
export interface Ends {
  /** Fills the slot with the next frame and returns its pts. Undefined at the end. */
  readonly next: (slot: () => Uint8Array) => Promise<number | undefined>;
  /** Receives the results in order. The bytes are valid until the promise resolves. */
  readonly take: (pts: number, bytes: Uint8Array) => Promise<void>;
}

/** The side of a square so large that its enlarged side tells any factor to five digits. */
const PROBE = 100_000;

/**
 * The factor by which the chain enlarges width and height: any real number, rounded to five digits.
 * @throws SRVID_OPTION_INVALID unless it is above 1, or at least 1 where pictures are harmed
 */
export function scaleOf({ plugins }: Chain, areHarmed: boolean): number {
  const made = (side: number) => plugins.reduce<Size>((size, loaded) => outputSize(loaded, size), { width: side, height: side });
  const { width, height } = made(PROBE);
  const scale = width / PROBE;
  if (Math.abs(made(2 * PROBE).width - 2 * width) > 1) throw noFactor(width, height, PROBE);
  if (width === height && (scale > 1 || (scale === 1 && areHarmed))) return scale;
  const message =
    width === height && scale === 1
      ? 'This chain keeps the size of pictures, so an evaluation has nothing for it to restore. Give --noise, --blur or, for a clip, --compress, which harm what the chain gets, or a preset that enlarges.'
      : `An evaluation reduces pictures by the chain's factor and lets the chain restore them, so that must be above 1; this chain makes ${width}x${height} of ${PROBE}x${PROBE}. Give --scale with a larger number, or another preset.`;
  throw new SrvidError('SRVID_OPTION_INVALID', message, { scale });
}

function noFactor(width: number, height: number, side: number): SrvidError {
  const message = `The chain makes ${width}x${height} of ${side}x${side} and of other sizes alike: it has no one factor. Use a chain that enlarges by a factor.`;
  return new SrvidError('SRVID_OPTION_INVALID', message, { width, height });
}

/** Pixels on each side that are not measured: a border as wide as the factor, since enlarging knows nothing of what lies beyond. */
export function borderOf(scale: number): number {
  return scale === 1 ? 0 : Math.ceil(scale);
}

/** Sizes of an original's measured part, from its top left corner, and of its small form. */
export interface MeasuredSizes {
  readonly size: Size;
  readonly low: Size;
}

/**
 * The largest part of an original that has a small form from which the chain makes its size.
 * @param multiple what the small form's sides are multiples of
 * @throws SRVID_INPUT_UNSUPPORTED if it is too small to measure
 */
export function measuredSizes(what: string, { width, height }: Size, scale: number, multiple = 1): MeasuredSizes {
  const small = (side: number) => Math.floor(side / scale / multiple) * multiple;
  const low = { width: small(width), height: small(height) };
  const size = { width: Math.round(low.width * scale), height: Math.round(low.height * scale) };
  if (isMeasurable(size.width, size.height, borderOf(scale))) return { size, low };
  const least = Math.ceil(2 * borderOf(scale) + 11 + (multiple - 1) * scale);
  throw new SrvidError('SRVID_INPUT_UNSUPPORTED', `${what} is ${width}x${height}; to be measured at x${scale} each side must have ${least} pixels or more.`, {
    width,
    height,
  });
}

/** Plans the chain for frames of this format. @throws SRVID_OPTION_INVALID if its output does not have this `size` */
export function planFor({ chain }: Job, format: PlainFormat, size: Size): { groups: readonly Group[]; output: FrameFormat } {
  const groups = planChain(format, chain.plugins);
  const { output } = groups.at(-1) as Group;
  if (output.width === size.width && output.height === size.height) return { groups, output };
  throw new SrvidError(
    'SRVID_OPTION_INVALID',
    `The chain makes ${output.width}x${output.height} of ${format.width}x${format.height}, but the original is ${size.width}x${size.height}: it has no one factor. Use a chain that enlarges by a factor.`,
    { width: output.width, height: output.height },
  );
}

/** Runs frames through the chain with the lossless engine of a session, without ffmpeg. @throws the errors of networks and plugins */
export async function runChain(job: Job, groups: readonly Group[], origin: FrameOrigin, { next, take }: Ends): Promise<void> {
  const { options, engine, signal } = job;
  const { workers = defaultWorkers(), threads = 1, device } = options;
  const setup = { origin, inference: { engine, device, threads }, workers, taskTimeoutMs: options.taskTimeoutMs };
  const flow = new LosslessEngine(groups, setup);
  try {
    await flow.open();
    await flow.run({ decoder: { next }, encoder: { write: take }, signal, flow: emptyFlow() });
    await flow.flush();
  } finally {
    await flow.close();
  }
}
