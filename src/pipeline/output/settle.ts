import type { FfmpegBinary } from '../ffmpeg/binary.js';
import type { Sample } from '../ffmpeg/probe-sample.js';
import { isRgbFormat, sameMatrix } from '../frames/matrix.js';
import { encodedSize, pictureKind } from './encode-graph.js';
import type { EncodePlan } from './encode-plan.js';
import type { EncoderTraits } from './encoder-options.js';
import { encodedSample } from './self-test.js';
import { storedColor } from './stored-color.js';

/** Facts by which a plan is settled, beside the plan itself. */
export interface SettleFacts extends EncoderTraits {
  /** The source is RGB, for which srvid chose its chroma's resolution. */
  readonly isRgb: boolean;
  readonly sourceHeight: number;
  /** Ends the trials. */
  readonly signal: AbortSignal | undefined;
}

/** A plan that was tried, and warnings of what is converted. */
export interface SettledPlan {
  readonly plan: EncodePlan;
  readonly warnings: readonly string[];
}

/** A sample is made of each mended plan. What a reader says of one settles the next, so a third is as the second. */
const MOST_SAMPLES = 3;
/** Files that people give to players, most of which know H.264 and HEVC as 4:2:0 alone. */
const FOR_PLAYERS = /^(mp4|mov)$/;
const PLAYED = /^(h264|hevc)$/;

/**
 * Tries a plan on a sample, and mends it by what a reader finds: colours that encoder or container cannot hold as they
 * come are converted, and in MP4 and MOV players are given what they play.
 * @throws SRVID_ENCODER_UNAVAILABLE with what ffmpeg said
 */
export async function settlePlan(binary: FfmpegBinary, planned: EncodePlan, facts: SettleFacts): Promise<SettledPlan> {
  let sample: Sample | undefined;
  let plan: EncodePlan = { ...planned, keepsGray: keepsGray(planned, facts) };
  for (let samples = 0; samples < MOST_SAMPLES; samples++) {
    const trial = await sampleOf(binary, plan, facts);
    [plan, sample] = [trial.plan, trial.sample];
    const mended = sample && mend(plan, sample, facts);
    if (!mended || JSON.stringify(mended) === JSON.stringify(plan)) break;
    plan = mended;
  }
  const told = sample && { range: sample.range, matrix: sample.matrix };
  return { plan: { ...plan, told }, warnings: warningsOf(planned, plan) };
}

/**
 * A sample of a plan or, where the encoder refuses frames of limited range, of the plan in full range. MJPEG holds full
 * range alone; ffmpeg 5 converted frames to it, and newer versions refuse others.
 */
async function sampleOf(
  binary: FfmpegBinary,
  plan: EncodePlan,
  { sourceHeight, isHardware, signal }: SettleFacts,
): Promise<{ plan: EncodePlan; sample: Sample | undefined }> {
  const look = isHardware ? 'anew' : 'as before';
  try {
    return { plan, sample: await encodedSample(binary, plan, look, signal) };
  } catch (error) {
    const { format, color } = plan;
    const kind = pictureKind(format);
    if (plan.stored || color.range === 'pc' || isRgbFormat(kind)) throw error;
    const stored = storedColor(
      { kind, color, sourceHeight, height: format.height },
      { codec: undefined, tag: undefined, pixelFormat: kind, range: 'pc', matrix: color.matrix },
    );
    const full = { ...plan, stored };
    const sample = await encodedSample(binary, full, look, signal).catch(() => {
      throw error;
    });
    return { plan: full, sample };
  }
}

function keepsGray({ encoder }: EncodePlan, { pixelFormats }: SettleFacts): boolean {
  const chosen = chosenFormat(encoder);
  return chosen === undefined ? pixelFormats.size === 0 || pixelFormats.has('gray') : chosen.startsWith('gray');
}

function takesRgbAlone(encoder: EncodePlan['encoder'], { pixelFormats }: SettleFacts): boolean {
  const chosen = chosenFormat(encoder);
  const formats = [...pixelFormats].filter((format) => !/^(gray|ya|mono)/.test(format));
  return chosen === undefined ? formats.length > 0 && formats.every(isRgbFormat) : isRgbFormat(chosen);
}

function mend(plan: EncodePlan, found: Sample, facts: SettleFacts): EncodePlan {
  const { encoder, container, format, color } = plan;
  const isForPlayers = FOR_PLAYERS.test(container.muxer) && PLAYED.test(found.codec ?? '');
  const options = [...encoder.options];
  let sample = found;
  let keepsGray = plan.keepsGray === true;
  if (isForPlayers && found.tag === 'hev1' && !options.some(([option]) => option === 'tag')) options.push(['tag', 'hvc1']);
  if (isForPlayers && chosenFormat(encoder) === undefined && facts.pixelFormats.has('yuv420p')) {
    if (format.kind === 'gray') keepsGray = false;
    if (facts.isRgb) {
      options.push(['pix_fmt', 'yuv420p']);
      sample = { ...found, pixelFormat: 'yuv420p' };
    }
  }
  // Coded with another matrix in its tags, RGB passes for YUV.
  if (takesRgbAlone(encoder, facts)) sample = { ...sample, pixelFormat: 'rgb24' };
  const kind = format.kind === 'gray' && !keepsGray ? 'yuv420p' : pictureKind(format);
  if (kind !== 'gray' && /^gray/.test(sample.pixelFormat)) sample = { ...sample, pixelFormat: kind };
  const stored = storedColor({ kind, color, sourceHeight: facts.sourceHeight, height: format.height }, sample);
  return { ...plan, encoder: { ...encoder, options }, keepsGray, stored };
}

function chosenFormat({ options }: EncodePlan['encoder']): string | undefined {
  return options.find(([option]) => option === 'pix_fmt')?.[1];
}

/** A sentence for each conversion that changes pictures. */
function warningsOf(planned: EncodePlan, { format, stored, encoder, container }: EncodePlan): string[] {
  const warnings: string[] = [];
  if (!stored) return warnings;
  const into = `${encoder.name} in ${container.muxer}`;
  const { from, color: to, pixelFormat } = stored;
  if (isRgbFormat(pixelFormat)) warnings.push(`${into} holds RGB (${pixelFormat}): pictures are converted to it, which rounds colours.`);
  else {
    if (to.range !== undefined && to.range !== from.range)
      warnings.push(`${into} holds ${to.range === 'tv' ? 'limited' : 'full'} range alone: levels are converted to it, which rounds them.`);
    if (to.matrix !== undefined && !sameMatrix(to.matrix, from.matrix))
      warnings.push(`${into} does not say that colours are ${from.matrix}: they are converted to ${to.matrix}, which rounds them.`);
  }
  if (chosenFormat(planned.encoder) === undefined && chosenFormat(encoder) !== undefined)
    warnings.push(`Players show H.264 and HEVC in ${container.muxer} as 4:2:0, so colours get half the resolution. --pix-fmt yuv444p keeps it all.`);
  const [before, after] = [encodedSize(format), encodedSize(format, pixelFormat)];
  if (before.width !== after.width || before.height !== after.height)
    warnings.push(
      `${format.width}x${format.height} is odd, and ${pixelFormat} needs even sizes: the last row or column is left out, giving ${after.width}x${after.height}.`,
    );
  return warnings;
}
