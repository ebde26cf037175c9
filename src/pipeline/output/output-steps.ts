import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { isRgbFormat } from '../frames/matrix.js';
import type { TimeRange } from '../input/cut.js';
import { refuseLosses } from '../input/losses.js';
import { isReadOnce, type OpenedSource } from '../input/open.js';
import { ratedSettings } from './bits-per-tick.js';
import type { EncodePlan } from './encode-plan.js';
import { checkEncoder } from './encoder-options.js';
import { type FrameSideData, planFrameSideData } from './frame-side-data.js';
import type { PlannedOutput } from './plan.js';
import { settlePlan } from './settle.js';
import type { Target } from './target.js';
import { writeViewMarks } from './view-marks.js';

/** The setting in which an output is completed. */
export interface OutputSetting {
  readonly binary: FfmpegBinary;
  readonly opened: OpenedSource;
  readonly planned: PlannedOutput;
  /** The part of the source that was asked for, and whether losses are refused. */
  readonly options: TimeRange & { readonly strict: boolean };
  /** Frames may be dropped. */
  readonly drops: boolean;
  /** Ends the trials of the encoder, which write to the output's place. */
  readonly signal: AbortSignal | undefined;
  /** Receives a sentence about each thing that is converted or lost. */
  readonly warn: (message: string) => void;
}

/** Tries the encoder, and finds what must be converted for it. @throws SRVID_ENCODER_UNAVAILABLE, with `strict` SRVID_OUTPUT_FORMAT */
export async function settleOutput({ binary, opened, planned: { plan }, options, signal, warn }: OutputSetting): Promise<EncodePlan> {
  const traits = await checkEncoder(binary, plan.encoder);
  const { video, info } = opened.source;
  const facts = { isRgb: isRgbFormat(video.pix_fmt ?? ''), sourceHeight: info.format.height, signal, ...traits };
  const settled = await settlePlan(binary, { ...plan, encoder: await ratedSettings(binary, plan) }, facts);
  if (options.strict) refuseLosses(settled.warnings, 'SRVID_OUTPUT_FORMAT');
  for (const message of settled.warnings) warn(message);
  return settled.plan;
}

/** Plans what lies beside the pixels of frames, which depends on what the encoder can write. @throws with `strict` SRVID_OUTPUT_FORMAT */
export async function planSideData({ binary, opened, planned: { plan }, options, drops, warn }: OutputSetting): Promise<FrameSideData | undefined> {
  const { encoder, timeBase } = plan;
  const request = { source: opened.source, range: options, encoder: encoder.name, timeBase, fromPipe: isReadOnce(opened), drops };
  const { sideData, warnings } = await planFrameSideData(binary, request);
  if (options.strict) refuseLosses(warnings, 'SRVID_OUTPUT_FORMAT');
  for (const message of warnings) warn(message);
  return sideData;
}

/** Writes what the encoder could not into the unfinished file: that the video is spherical, or stereo. */
export async function writeMarks({ planned: { marks }, warn }: Pick<OutputSetting, 'planned' | 'warn'>, output: Target | undefined): Promise<void> {
  if (!marks || !output || (await writeViewMarks(output.partial, marks))) return;
  warn('The mark of 360-degree or stereo video could not be written into the result: ffmpeg built the file in a way that is not known here.');
}
